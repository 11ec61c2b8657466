import type { TaskName } from '../datasets.ts'

/** A figure is at most `most`, and not below `least`, where that would mean a leak. */
export interface Bound {
  readonly most: number
  readonly least?: number
}

/** What is to be reached, and what would be better still. */
export interface Target {
  readonly reach: Bound
  readonly beyond?: Bound
}

const of = (reach: number, beyond?: number): Target => ({
  reach: { most: reach },
  ...(beyond === undefined ? {} : { beyond: { most: beyond } }),
})

/** Scores of the mixture, by task and figure. */
const scoreTargets: Readonly<Record<TaskName, Readonly<Record<string, Target>>>> = {
  taxi: { '1 ahead': of(0.0328, 0.031), '5 ahead': of(0.088, 0.08) },
  drift: { '1 ahead': of(1.1), '5 ahead': of(1.1) },
  ett: { '7 channels': of(0.213, 0.2) },
  bikes: { '1 ahead': of(24, 21.5) },
  m4: { '414 sequences': of(0.4, 0.34) },
  exchange: {
    'worst of 8 rates': {
      reach: { most: 1.02, least: 0.99 },
      beyond: { most: 1.01, least: 0.99 },
    },
  },
}

/** The mixture’s score over that of the best single member in hindsight. */
export const bestMemberTarget = of(0.99, 0.95)
/** Bytes of a sequence where there are many and the longest season is 168. */
export const bytesTarget = of(32_000, 16_000)
/** How many times as long as one network the default portfolio takes. */
export const costTarget = of(8, 4)
/** Distance of an interval’s coverage from its level, in the long run and in sliding windows. */
export const coverageTarget = of(0.01)
export const windowTarget = of(0.05)

/** Of the mixture's score. */
export function scoreTarget(task: TaskName, figure: string): Target | undefined {
  return scoreTargets[task][figure]
}

/** Of the score with networks over that without. */
export function networksTarget(task: TaskName, figure: string): Target {
  if (task === 'taxi' && figure === '5 ahead') return of(0.99, 0.97)
  if (task === 'bikes') return of(0.93, 0.9)
  return of(1.005)
}

export type Verdict = 'beyond' | 'reached' | 'missed'

/** How a figure stands to its target; `lowest` is its smallest part where it has parts. */
export function verdict(target: Target, value: number, lowest = value): Verdict {
  const holds = (bound: Bound | undefined) =>
    bound !== undefined && value <= bound.most && lowest >= (bound.least ?? lowest)
  if (holds(target.beyond)) return 'beyond'
  return holds(target.reach) ? 'reached' : 'missed'
}
