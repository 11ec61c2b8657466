import type { Kernel, LeastSquares } from '../kernels/kernel.ts'
import type { Dimensions } from './dimensions.ts'
import { ownLags } from './lags.ts'
import type { Layout } from './layout.ts'
import type { LineFeatures } from './line-features.ts'
import { openSquares } from './rls.ts'

const FORGETTING = 0.999
/** Small: what all sequences learn together is trusted until this one's own steps say more. */
const PRIOR = 0.03

/**
 * A small line that a sequence has for itself, on the residual of the line that all share: what is
 * particular to it. Its state lies in the sequence's core; the kernel works on a copy.
 */
export class OwnLine {
  private readonly features: LineFeatures
  private readonly d: Dimensions
  private readonly horizon: number
  private picks: Int32Array
  private readonly rls: LeastSquares
  private readonly at: number

  constructor(
    layout: Layout,
    kernel: Kernel,
    features: LineFeatures,
    d: Dimensions,
    horizon: number,
  ) {
    this.features = features
    this.d = d
    this.horizon = horizon
    this.picks = this.choose()
    const size = this.picks.length + 1
    this.rls = openSquares(kernel, {
      features: size,
      outputs: 1,
      forgetting: FORGETTING,
      prior: PRIOR,
    })
    this.rls.present[0] = 1
    this.at = layout.claim(this.rls.weights.length + this.rls.covariance.length)
  }

  /** Looks where the present seasons are; its state must begin anew where these are others. */
  arrange(): void {
    this.picks = this.choose()
    this.rls.used = this.picks.length + 1
  }

  private choose(): Int32Array {
    const { features, d } = this
    const lags = features.ofLags(ownLags(d, d.horizons[this.horizon]!))
    return Int32Array.from([0, ...lags, ...features.ofUsual(1)])
  }

  begin(core: Float64Array): void {
    const { weights, covariance } = this.rls
    const size = weights.length
    core.fill(0, this.at, this.at + size + covariance.length)
    for (let i = 0; i < size; i++) core[this.at + size + (i * (i + 3)) / 2] = PRIOR
  }

  /** What it adds to `z`, the shared line's forecast at the features last filled. */
  predict(core: Float64Array, z: number): number {
    const { picks, at } = this
    const { values } = this.features
    let sum = core[at + picks.length]! * z
    for (let i = 0; i < picks.length; i++) sum += core[at + i]! * values[picks[i]!]!
    return sum
  }

  /** Learns what came, `observed`, where the shared line forecast `z`. */
  learn(core: Float64Array, z: number, observed: number): void {
    const { picks, at, rls } = this
    const { values } = this.features
    const { x, weights, covariance } = rls
    const { used } = rls
    const size = (used * (used + 1)) / 2
    const from = at + weights.length
    for (let i = 0; i < used; i++) weights[i] = core[at + i]!
    for (let i = 0; i < size; i++) covariance[i] = core[from + i]!
    for (let i = 0; i < picks.length; i++) x[i] = values[picks[i]!]!
    x[picks.length] = z
    rls.targets[0] = observed - z
    rls.update()
    for (let i = 0; i < used; i++) core[at + i] = weights[i]!
    for (let i = 0; i < size; i++) core[from + i] = covariance[i]!
  }
}
