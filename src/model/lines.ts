import type { Kernel, LeastSquares } from '../kernels/kernel.ts'
import { CALENDAR_SIZE, writeCalendar } from './calendar.ts'
import type { Dimensions } from './dimensions.ts'
import type { Domain } from './domain.ts'
import type { History } from './history.ts'
import type { InputVector } from './inputs.ts'
import { lineLags } from './lags.ts'
import { ABSENT } from './layout.ts'
import { openRls } from './rls.ts'
import { clip } from './scaler.ts'

/** Initial variance of a line's weights, in standardised units. */
const PRIOR = 10
/** A line's forecast is held within this many standard deviations of the mean. */
const REACH = 10

/**
 * One straight line on seasonal lags for one horizon and target in one domain: an AR(τ) of fixed
 * window, learnt by recursive least squares over all sequences in each one's own standardised
 * units. Features: 1, lags, calendar of the target's time, further inputs, known at the target.
 */
export class Line {
  readonly rls: LeastSquares
  private readonly d: Dimensions
  private readonly domainIndex: number
  private readonly domain: Domain
  private readonly horizon: number
  private readonly target: number
  private readonly calendar: boolean
  private readonly lags: readonly number[]
  private readonly inputs: InputVector

  /** `horizon` is the index k of the horizon, `target` the index d, `domain` [index, domain]. */
  constructor(
    kernel: Kernel,
    d: Dimensions,
    domain: readonly [number, Domain],
    horizon: number,
    target: number,
    calendar: boolean,
    inputs: InputVector,
  ) {
    this.d = d
    this.domainIndex = domain[0]
    this.domain = domain[1]
    this.horizon = horizon
    this.target = target
    this.calendar = calendar
    this.inputs = inputs
    this.lags = lineLags(d, d.horizons[horizon]!)
    const features = 1 + this.lags.length + (calendar ? CALENDAR_SIZE : 0) + d.inputs + d.known
    this.rls = openRls(kernel, features, 1, PRIOR)
    this.rls.present[0] = 1
  }

  /**
   * Forecast made at own step `step`, in units of the target; ABSENT where the domain does not
   * hold. `fields` holds that step's input vector at `at`.
   */
  predict(
    core: Float64Array,
    history: History,
    step: number,
    fields: Float32Array,
    at: number,
  ): number {
    const { domainIndex: m, target: d } = this
    if (!history.holds(core, m, d)) return ABSENT
    this.fill(core, history, step, fields, at)
    const z = this.rls.predict(0)
    const bounded = Math.max(-REACH, Math.min(z, REACH))
    return this.domain.inverse(
      history.mean(core, m, d, step) + bounded * history.scale(core, m, d, step),
    )
  }

  /** Learns `value`, which has arrived for the forecast made at own step `step`. */
  learn(
    core: Float64Array,
    history: History,
    step: number,
    fields: Float32Array,
    at: number,
    value: number,
  ): void {
    const { domainIndex: m, target: d } = this
    if (!history.holds(core, m, d) || (!this.domain.unbounded && value < 0)) return
    this.fill(core, history, step, fields, at)
    const mean = history.mean(core, m, d, step)
    const z = (this.domain.forward(value) - mean) / history.scale(core, m, d, step)
    this.rls.targets[0] = clip(z)
    this.rls.update()
  }

  private fill(
    core: Float64Array,
    history: History,
    step: number,
    fields: Float32Array,
    at: number,
  ): void {
    const { lags, domainIndex: m, target: d } = this
    const { x } = this.rls
    const mean = history.mean(core, m, d, step)
    const scale = history.scale(core, m, d, step)
    let i = 0
    x[i++] = 1
    for (let j = 0; j < lags.length; j++) {
      const value = history.value(core, m, d, step - lags[j]!)
      x[i++] = value === ABSENT ? 0 : clip((value - mean) / scale)
    }
    if (this.calendar) {
      writeCalendar(history.timeAfter(core, step, this.d.horizons[this.horizon]!), x, i)
      i += CALENDAR_SIZE
    }
    for (let j = 0; j < this.d.inputs; j++) x[i++] = fields[at + this.inputs.inputAt(j)]!
    for (let j = 0; j < this.d.known; j++) {
      x[i++] = fields[at + this.inputs.aheadInputAt(this.horizon, j)]!
    }
  }
}
