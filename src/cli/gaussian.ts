import { erf } from '../kernels/erf.ts'
import { exp, log } from '../kernels/transcendental.ts'

const INVERSE_SQRT_PI = 0.5641895835477563
const INVERSE_SQRT_2 = Math.SQRT1_2
const HALF_LOG_2_PI = 0.9189385332046727

/** Negative log density of the error under a normal distribution of standard deviation `scale`. */
export function gaussianNll(error: number, scale: number): number {
  const z = error / scale
  return HALF_LOG_2_PI + log(scale) + (z * z) / 2
}

/**
 * Continuous ranked probability score of a normal forecast, in units of the target
 * (Gneiting & Raftery 2007, eq. 21).
 */
export function gaussianCrps(error: number, scale: number): number {
  const z = error / scale
  const density = INVERSE_SQRT_PI * INVERSE_SQRT_2 * exp((-z * z) / 2)
  return scale * (z * erf(z * INVERSE_SQRT_2) + 2 * density - INVERSE_SQRT_PI)
}
