import { exp, log } from '../../../kernels/transcendental.ts'

/** Levels of a probability in the tables. */
export const LEVELS = 4096
/** Logits are kept within ± this: e^−12 is less than one part in 65,536. */
export const LOGIT_MAX = 12
const STEPS_PER_UNIT = 128
const LN2 = log(2)

/** STRETCH[i] = ln(p / (1 − p)) at the middle of level i, p = (i + ½) / LEVELS. */
export const STRETCH = stretchTable()
const SQUASH = squashTable()
/** COST[i] = −log2 of the probability at the middle of level i, in bits. */
export const COST = costTable()

function stretchTable(): Float64Array {
  const table = new Float64Array(LEVELS)
  for (let i = 0; i < LEVELS; i++) {
    const p = (i + 0.5) / LEVELS
    table[i] = log(p / (1 - p))
  }
  return table
}

function squashTable(): Float64Array {
  const table = new Float64Array(2 * LOGIT_MAX * STEPS_PER_UNIT + 2)
  for (let i = 0; i < table.length; i++) {
    table[i] = 1 / (1 + exp(LOGIT_MAX - i / STEPS_PER_UNIT))
  }
  return table
}

function costTable(): Float64Array {
  const table = new Float64Array(LEVELS)
  for (let i = 0; i < LEVELS; i++) table[i] = -log((i + 0.5) / LEVELS) / LN2
  return table
}

/** 1 / (1 + e^−x) by linear interpolation; x beyond ± LOGIT_MAX is taken as that. */
export function squash(x: number): number {
  if (x >= LOGIT_MAX) return SQUASH[2 * LOGIT_MAX * STEPS_PER_UNIT]!
  if (x <= -LOGIT_MAX) return SQUASH[0]!
  const at = (x + LOGIT_MAX) * STEPS_PER_UNIT
  const i = at | 0
  const low = SQUASH[i]!
  return low + (at - i) * (SQUASH[i + 1]! - low)
}

/** −log2(p) in bits, to the last bits of a double. */
export function bitsOf(p: number): number {
  return -log(p) / LN2
}
