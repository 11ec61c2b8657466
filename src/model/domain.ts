import { expm1, log1p } from '../kernels/transcendental.ts'

/** A transformation of the target under which a straight line may fit better. */
export interface Domain {
  readonly name: string
  /** Whether every finite value has an image. */
  readonly unbounded: boolean
  /** Whether histories keep images; otherwise they are made of the values, which costs little. */
  readonly kept: boolean
  /** Of a value it holds for; `ABSENT` has the image `ABSENT`. */
  forward(value: number): number
  inverse(value: number): number
}

export const linear: Domain = {
  name: 'linear',
  unbounded: true,
  kept: true,
  forward: (value) => value,
  inverse: (value) => value,
}

/** √y, for targets that are never negative: it levels the noise of counts. */
export const squareRoot: Domain = {
  name: 'sqrt',
  unbounded: false,
  kept: false,
  forward: (value) => Math.sqrt(value),
  inverse: (value) => {
    const root = Math.max(0, value)
    return root * root
  },
}

/** log(1 + y), for targets that are never negative. */
export const logarithmic: Domain = {
  name: 'log',
  unbounded: false,
  kept: true,
  forward: (value) => log1p(value),
  // Beyond 36 the image exceeds the largest admissible value of a field by far.
  inverse: (value) => expm1(Math.max(0, Math.min(value, 36))),
}
