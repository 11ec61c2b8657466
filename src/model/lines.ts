import type { Kernel, LeastSquares } from '../kernels/kernel.ts'
import { CALENDAR_SIZE } from './calendar.ts'
import type { Dimensions } from './dimensions.ts'
import type { Domain } from './domain.ts'
import type { History } from './history.ts'
import type { InputVector } from './inputs.ts'
import { lineLags } from './lags.ts'
import { ABSENT } from './layout.ts'
import { openRls } from './rls.ts'
import { CLIP, clip } from './scaler.ts'

/** Initial variance of a line's weights, in standardised units. */
const PRIOR = 10
/** A line's forecast is held within this many standard deviations of the mean. */
const REACH = 10

/** What lines read of one own step of a sequence; one object, filled anew for each step. */
export interface LineStep {
  core: Float64Array
  step: number
  /** `History.placeOf(step)` */
  place: number
  /** The step's input vector (I). */
  x: Float32Array
  /** Calendar of each horizon's target, (K, CALENDAR_SIZE). */
  readonly calendar: Float64Array
}

/**
 * One straight line on seasonal lags for one horizon and target in one domain: an AR(τ) of fixed
 * window, learnt by recursive least squares over all sequences in each one's own standardised
 * units. Features: 1, lags, calendar of the target's time, further inputs, known at the target.
 */
export class Line {
  readonly rls: LeastSquares
  private readonly d: Dimensions
  private readonly history: History
  private readonly domainIndex: number
  private readonly domain: Domain
  private readonly horizon: number
  private readonly target: number
  private readonly calendar: boolean
  private readonly lags: Int32Array
  private readonly inputs: InputVector

  /** `horizon` is the index k of the horizon, `target` the index d, `domain` [index, domain]. */
  constructor(
    kernel: Kernel,
    d: Dimensions,
    history: History,
    domain: readonly [number, Domain],
    horizon: number,
    target: number,
    calendar: boolean,
    inputs: InputVector,
  ) {
    this.d = d
    this.history = history
    this.domainIndex = domain[0]
    this.domain = domain[1]
    this.horizon = horizon
    this.target = target
    this.calendar = calendar
    this.inputs = inputs
    this.lags = Int32Array.from(lineLags(d, d.horizons[horizon]!))
    const features = 1 + this.lags.length + (calendar ? CALENDAR_SIZE : 0) + d.inputs + d.known
    this.rls = openRls(kernel, features, 1, PRIOR)
    this.rls.present[0] = 1
  }

  /** Forecast made at that step, in units of the target; ABSENT where the domain does not hold. */
  predict(from: LineStep): number {
    const { history, domainIndex: m, target: d } = this
    const { core, step } = from
    if (!history.holds(core, m, d)) return ABSENT
    const mean = history.mean(core, m, d, step)
    const scale = history.scale(core, m, d, step)
    this.fill(from, mean, scale)
    const z = this.rls.predict(0)
    const bounded = Math.max(-REACH, Math.min(z, REACH))
    return this.domain.inverse(mean + bounded * scale)
  }

  /** Learns `value`, which has arrived for the forecast made at that step. */
  learn(from: LineStep, value: number): void {
    const { history, domainIndex: m, target: d } = this
    const { core, step } = from
    if (!history.holds(core, m, d) || (!this.domain.unbounded && value < 0)) return
    const mean = history.mean(core, m, d, step)
    const scale = history.scale(core, m, d, step)
    this.fill(from, mean, scale)
    this.rls.targets[0] = clip((this.domain.forward(value) - mean) / scale)
    this.rls.update()
  }

  private fill({ core, place, x: fields, calendar }: LineStep, mean: number, scale: number): void {
    const { history, lags, horizon, inputs, d } = this
    const { x } = this.rls
    const images = history.imagesOf(this.domainIndex, this.target)
    let i = 0
    x[i++] = 1
    for (let j = 0; j < lags.length; j++) {
      const value = core[images + history.back(place, lags[j]!)]!
      // `clip`, written out: a call that is not inlined makes an object of each result.
      const z = Math.max(-CLIP, Math.min((value - mean) / scale, CLIP))
      x[i++] = value === ABSENT ? 0 : z
    }
    if (this.calendar) {
      const at = horizon * CALENDAR_SIZE
      for (let j = 0; j < CALENDAR_SIZE; j++) x[i++] = calendar[at + j]!
    }
    for (let j = 0; j < d.inputs; j++) x[i++] = fields[inputs.inputAt(j)]!
    for (let j = 0; j < d.known; j++) x[i++] = fields[inputs.aheadInputAt(horizon, j)]!
  }
}
