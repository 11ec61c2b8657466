import { systemClock } from '../../../src/clock.ts'
import { runProgram } from '../peers/program.ts'
import { runQuality } from './command.ts'

const interrupt = new AbortController()
process.once('SIGINT', () => interrupt.abort())
process.once('SIGTERM', () => interrupt.abort())

process.exitCode = await runProgram(
  'bench:quality',
  (args) =>
    runQuality(args, {
      stdout: process.stdout,
      stderr: process.stderr,
      signal: interrupt.signal,
      clock: systemClock,
      node: process.version,
    }),
  process.argv.slice(2),
)
