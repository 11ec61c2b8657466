import { eachStep, type Groups } from './groups.ts'

/** How event time goes on from one row of a sequence to the next. */
export interface Steps {
  /** Median of the steps forward, in milliseconds; null where there is none. */
  readonly medianMs: number | null
  /** Steps that were looked at. */
  readonly count: number
  /** Share of steps more than a tenth off the median. */
  readonly irregular: number
  /** Share of steps that lead back in time. */
  readonly backward: number
  /** Share of steps that lead nowhere: the row has the time of the one before. */
  readonly standing: number
}

const tolerance = 0.1

/** @param times (rows) in milliseconds, NaN where there is none */
export function measureSteps(times: Float64Array, groups: Groups): Steps {
  const steps: number[] = []
  eachStep(groups, (row, before) => {
    const step = (times[row] as number) - (times[before] as number)
    if (!Number.isNaN(step)) steps.push(step)
  })
  const forward = steps.filter((step) => step > 0).sort((a, b) => a - b)
  const medianMs = forward[forward.length >> 1] ?? null
  const share = (is: (step: number) => boolean) =>
    steps.length === 0 ? 0 : steps.filter(is).length / steps.length
  const irregular = (step: number) => Math.abs(step - (medianMs ?? 0)) > tolerance * (medianMs ?? 0)
  return {
    medianMs,
    count: steps.length,
    irregular: share(irregular),
    backward: share((step) => step < 0),
    standing: share((step) => step === 0),
  }
}
