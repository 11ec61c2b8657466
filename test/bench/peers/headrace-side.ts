import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { openUpdate, type Update } from '../../../src/bench/open-update.ts'
import { type BenchRun, microsecondsEach, systemBenchClock } from '../../../src/bench/rounds.ts'
import type { UpdateCase } from '../../../src/bench/rows.ts'
import { planOf } from '../../../src/cli/bench-options.ts'
import { openKernel } from '../../../src/kernels/index.ts'

/** What both sides read, a line each: a case, and how long to measure it. */
export interface SideRequest extends UpdateCase {
  readonly inputs: number
  readonly leastMs: number
}

/** What both sides answer with, a line each. */
export interface SideAnswer {
  readonly microseconds: number
  /** The peer says what it is. */
  readonly version?: string
}

// headrace's side of a comparison with a peer in a process of its own.
const { values } = parseArgs({ options: { kernel: { type: 'string' } } })
const { kernel } = planOf(values)
const open = new Map<string, Update>()
const signal = new AbortController().signal

for await (const line of createInterface({ input: process.stdin })) {
  const { leastMs, ...each } = JSON.parse(line) as SideRequest
  const name = JSON.stringify(each)
  const update = open.get(name) ?? openUpdate(each, openKernel(kernel))
  const run: BenchRun = { clock: systemBenchClock, signal, rounds: 1, leastMs }
  // What is compiled late is compiled now, as the peer warms up at a case's first line.
  if (!open.has(name)) microsecondsEach(update.run, { ...run, leastMs: 200 })
  open.set(name, update)
  const answer: SideAnswer = { microseconds: microsecondsEach(update.run, run) }
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
