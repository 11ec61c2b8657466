import { expect } from 'vitest'
import { check } from './check.ts'
import { Coverage, mustMeet } from './coverage.ts'
import type { Focus } from './faults.ts'
import { type Mutation, Schedule } from './schedule.ts'
import { type Workload, workload } from './workload.ts'

/** Inputs that the seeds share: their undisturbed passes are made once. */
const workloads = 16

/** Runs schedules by their seeds, and gathers what they have met. */
export class Seeds {
  readonly coverage = new Coverage()
  readonly #workloads = new Map<number, Workload>()

  workload(seed: number): Workload {
    const number = seed % workloads
    const known = this.#workloads.get(number) ?? workload(number)
    this.#workloads.set(number, known)
    return known
  }

  /** Rejects with the schedule where something is not as in an undisturbed run. */
  async run(seed: number, mutation?: Mutation, focus?: Focus): Promise<Schedule> {
    const input = this.workload(seed)
    const schedule = new Schedule(seed, input, mutation, focus)
    try {
      await schedule.run()
      await check(schedule, input)
    } catch (error) {
      throw new Error(failureOf(seed, schedule, error), { cause: error })
    }
    this.coverage.merge(schedule.coverage)
    return schedule
  }
}

const seedsInCi = 1_000

/**
 * Half of the seeds, so that two workers share them. HEADRACE_SIM_SEEDS and HEADRACE_SIM_FROM
 * choose others, for a soak; HEADRACE_SIM_SEED runs one alone.
 */
export async function runHalf(half: 0 | 1): Promise<void> {
  const { HEADRACE_SIM_SEED, HEADRACE_SIM_SEEDS, HEADRACE_SIM_FROM = '0' } = process.env
  const seeds = new Seeds()
  if (HEADRACE_SIM_SEED !== undefined) {
    await seeds.run(Number(HEADRACE_SIM_SEED))
    return
  }
  const count = Math.ceil(Number(HEADRACE_SIM_SEEDS ?? seedsInCi) / 2)
  const from = Number(HEADRACE_SIM_FROM) + half * count
  for (let seed = from; seed < from + count; seed++) await seeds.run(seed)
  const { counts } = seeds.coverage
  if (count >= seedsInCi / 2) expect(mustMeet.filter((what) => !counts.has(what))).toEqual([])
}

function failureOf(seed: number, schedule: Schedule, error: unknown): string {
  const { log, processes } = schedule
  const failures = processes.flatMap(({ lines }, index) =>
    lines.flatMap(({ event, fields }) => {
      if (event !== 'task.failed' && event !== 'service.stopping') return []
      const { error: reason, partition } = fields as { error?: Error; partition?: number }
      return reason === undefined ? [] : [`process ${index} ${partition}: ${reason.message}`]
    }),
  )
  return [
    `Seed ${seed}: ${error instanceof Error ? error.message : error}`,
    ...log,
    ...failures,
    ...schedule.describe(),
    `Again: HEADRACE_SIM_SEED=${seed} vitest run --project unit test/sim/seeds-first.test.ts`,
  ].join('\n')
}
