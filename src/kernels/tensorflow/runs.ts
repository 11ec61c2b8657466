import type { Runs } from '../kernel.ts'
import type { Tensor, Tf } from './api.ts'

/** Runs side by side on the device: (R) rows, each tensor step after step. */
export interface TensorRuns {
  /** R, with some rows at the end that nobody asked for and nobody learns from. */
  readonly rows: number
  /** W, T: steps of the longest warm-up, and of the longest window. */
  readonly warmup: number
  readonly window: number
  /** ((W + T) R, I): warm-ups end together, windows begin together. */
  readonly inputs: Tensor
  /** Of each step of the warm-up whether a row's run has begun, (R, 1); null: all have. */
  readonly begun: readonly (Tensor | null)[]
  /** (T R, O) */
  readonly targets: Tensor
  /** (T R, O), of truth values: what is learnt. */
  readonly mask: Tensor
}

/** How runs of unlike lengths stand side by side. */
export interface RunPlan {
  readonly rows: number
  readonly warmup: number
  readonly window: number
}

/** Rows go in steps of so many above the first few: each new shape costs the library its plans. */
const ROWS_STEP = 8

/** The plan of the first `runs.runs` runs. */
export function planRuns({ runs, warmup, steps }: Runs): RunPlan {
  let before = 0
  let window = 1
  for (let r = 0; r < runs; r++) {
    before = Math.max(before, warmup[r]!)
    window = Math.max(window, steps[r]! - warmup[r]!)
  }
  return { rows: paddedRuns(runs), warmup: before, window }
}

function paddedRuns(runs: number): number {
  let rows = 1
  while (rows < runs && rows < ROWS_STEP) rows *= 2
  return rows >= runs ? rows : Math.ceil(runs / ROWS_STEP) * ROWS_STEP
}

/**
 * The step of run `run`, from its first on, that stands in row `run` of step `s` of a plan, warm-up
 * included. Where the run has not begun or is over, one of its own stands in: what comes of it is
 * finite, and never used.
 */
export function plannedStep(
  { warmup, steps }: Runs,
  plan: RunPlan,
  run: number,
  s: number,
): number {
  const step = s - plan.warmup + warmup[run]!
  return Math.max(0, Math.min(step, steps[run]! - 1))
}

/** Which rows have begun at each step of the warm-up; null where all have. */
export function begunRows(tf: Tf, { warmup, runs }: Runs, plan: RunPlan): (Tensor | null)[] {
  return Array.from({ length: plan.warmup }, (_, s) => {
    const begun = new Uint8Array(plan.rows)
    for (let r = 0; r < runs; r++) begun[r] = s >= plan.warmup - warmup[r]! ? 1 : 0
    return begun.indexOf(0) >= 0 && begun.indexOf(0) < runs
      ? tf.tensor(begun, [plan.rows, 1], 'bool')
      : null
  })
}

/** Targets and mask, (T R, O), of the window's steps from `from` on. */
export function lossesOf(
  tf: Tf,
  runs: Runs,
  plan: RunPlan,
  outputs: number,
  from = 0,
): { targets: Tensor; mask: Tensor; losses: number } {
  const shape = [plan.window * plan.rows, outputs]
  const targets = new Float32Array(plan.window * plan.rows * outputs)
  const mask = new Uint8Array(targets.length)
  let losses = 0
  for (let r = 0; r < runs.runs; r++) {
    const before = runs.warmup[r]!
    const steps = runs.steps[r]! - before
    for (let t = from; t < steps; t++) {
      const at = (r * runs.stepsMax + before + t) * outputs
      const to = (t * plan.rows + r) * outputs
      for (let o = 0; o < outputs; o++) {
        if (runs.mask[at + o] === 0) continue
        mask[to + o] = 1
        targets[to + o] = runs.targets[at + o]!
        losses++
      }
    }
  }
  return { targets: tf.tensor(targets, shape), mask: tf.tensor(mask, shape, 'bool'), losses }
}

/** The inputs of runs as they lie in this process, ((W + T) R, I). */
export function inputsOf(tf: Tf, runs: Runs, plan: RunPlan, inputs: number): Tensor {
  const steps = plan.warmup + plan.window
  const values = new Float32Array(steps * plan.rows * inputs)
  for (let s = 0; s < steps; s++) {
    for (let r = 0; r < runs.runs; r++) {
      const from = (r * runs.stepsMax + plannedStep(runs, plan, r, s)) * inputs
      const to = (s * plan.rows + r) * inputs
      for (let i = 0; i < inputs; i++) values[to + i] = runs.inputs[from + i]!
    }
  }
  return tf.tensor(values, [steps * plan.rows, inputs])
}
