import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { updateInputs } from '../../../src/bench/open-update.ts'
import { measureInRounds, systemBenchClock } from '../../../src/bench/rounds.ts'
import type { PeerRow, UpdateCase } from '../../../src/bench/rows.ts'
import { planOf } from '../../../src/cli/bench-options.ts'
import { integerOption, parseOptions, usageError } from '../../../src/cli/options.ts'
import { type PeerRound, peerRow, printPeers } from './peer-row.ts'
import { runProgram } from './program.ts'
import { givenPython, pythonWithTorch } from './python.ts'
import { Side } from './side.ts'

const help = `One update of headrace against PyTorch, eager, in turn on one core: forward over a
window of 16 steps, mean Huber loss, backward, clip, Adam. A process for each side; while one
measures the other waits.

Usage: npm run bench:pytorch -- [--kernel NAME] [--rounds N] [--least-ms N] [--core N]
         [--torch REQUIREMENT] [--python FILE] [--json]

  --core N              the core that both sides are pinned to (the last one; Linux, taskset)
  --torch REQUIREMENT   what pip installs into a virtual environment in the user's cache folder,
                        once: torch (default), or a wheel. On Linux the default may be a download
                        of gigabytes, with libraries for graphics cards that the bench does not
                        use; a wheel for processors only is much smaller.
  --python FILE         a Python that has PyTorch already; nothing is installed then
`

/** Of the target: one row at small sizes, and a batch where products are large. */
const shapes = [
  { hidden: 16, rows: 1 },
  { hidden: 32, rows: 1 },
  { hidden: 64, rows: 1 },
  { hidden: 64, rows: 64 },
] as const
const cases: readonly UpdateCase[] = (['gru', 'lstm'] as const).flatMap((cell) =>
  shapes.map((shape) => ({ cell, ...shape, window: 16 })),
)

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/**
 * `taskset` and its arguments; empty where it cannot pin and the user named no core.
 * @throws HeadraceError HEADRACE_USAGE where it cannot pin to the core that the user named
 */
function pinning(named: string | undefined): string[] {
  const core = integerOption('--core', named ?? String(availableParallelism() - 1))
  const pin = ['taskset', '-c', String(core)]
  const [program = '', ...args] = pin
  if (spawnSync(program, [...args, 'true'], { stdio: 'ignore' }).status === 0) return pin
  if (named !== undefined) throw usageError(`--core: taskset cannot pin to core ${core} here.`)
  process.stderr.write(`taskset cannot pin to core ${core}: both sides run on any core\n`)
  return []
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseOptions(args, {
    kernel: { type: 'string' },
    rounds: { type: 'string' },
    'least-ms': { type: 'string' },
    core: { type: 'string' },
    torch: { type: 'string' },
    python: { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  })
  if (values.help === true) {
    process.stdout.write(help)
    return 0
  }
  const { kernel, rounds, leastMs } = planOf({ ...values, json: undefined })
  const pin = pinning(values.core)
  const python =
    values.python === undefined
      ? pythonWithTorch(values.torch ?? 'torch', process.env)
      : givenPython(values.python)
  const ourSide = [process.execPath, file('headrace-side.ts'), '--kernel', kernel]
  const headrace = new Side('headrace', [...pin, ...ourSide])
  const pytorch = new Side('PyTorch', [...pin, python, file('pytorch.py')])
  const signal = new AbortController().signal
  let peerVersion = ''
  try {
    const found = await measureInRounds(
      cases.map((each) => async (): Promise<PeerRound> => {
        const request = { ...each, inputs: updateInputs, leastMs }
        const theirs = await pytorch.measure(request)
        const ours = await headrace.measure(request)
        peerVersion = theirs.version ?? ''
        return { ours: ours.microseconds, theirs: theirs.microseconds }
      }),
      { clock: systemBenchClock, signal, rounds, leastMs },
    )
    const rows = cases.map((each, i): PeerRow => {
      return peerRow(kernel, { peer: 'pytorch', peerVersion }, each, found[i] ?? [])
    })
    printPeers(rows, values.json === true)
    return 0
  } finally {
    headrace.close()
    pytorch.close()
  }
}

process.exitCode = await runProgram('bench:pytorch', main, process.argv.slice(2))
