import { expm1, log1p } from '../kernels/transcendental.ts'

/** A transformation of the target under which a straight line may fit better. */
export interface Domain {
  readonly name: string
  /** Whether every finite value has an image. */
  readonly unbounded: boolean
  forward(value: number): number
  inverse(value: number): number
}

export const linear: Domain = {
  name: 'linear',
  unbounded: true,
  forward: (value) => value,
  inverse: (value) => value,
}

/** log(1 + y), for targets that are never negative. */
export const logarithmic: Domain = {
  name: 'log',
  unbounded: false,
  forward: (value) => log1p(value),
  // Beyond 36 the image exceeds the largest admissible value of a field by far.
  inverse: (value) => expm1(Math.max(0, Math.min(value, 36))),
}
