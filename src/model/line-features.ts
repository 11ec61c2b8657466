import { CALENDAR_SIZE } from './calendar.ts'
import { type Dimensions, seasonCount } from './dimensions.ts'
import type { Domain } from './domain.ts'
import type { History } from './history.ts'
import type { InputVector } from './inputs.ts'
import { lineLags, seasonalLag } from './lags.ts'
import { ABSENT } from './layout.ts'
import { type Profiles, USUAL_COUNT } from './profiles.ts'
import { CLIP } from './scaler.ts'

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

/** A step yet to be filled, with room for so many `inputs`. */
export function emptyStep(d: Dimensions, inputs: number): LineStep {
  return {
    core: new Float64Array(0),
    step: 0,
    place: 0,
    x: new Float32Array(inputs),
    calendar: new Float64Array(d.horizons.length * CALENDAR_SIZE),
  }
}

export interface FeatureParts {
  readonly d: Dimensions
  readonly history: History
  readonly profiles: Profiles
  readonly inputs: InputVector
  readonly domains: readonly Domain[]
  readonly calendar: boolean
}

/**
 * What lines of one slot may see, in one domain at a time, in standardised units: 1, lags, what is
 * usual (per table: for the target, and at the newest steps), calendar of the target's time,
 * further inputs, known fields at the target. Lines pick theirs by place.
 */
export class LineFeatures {
  /** The features, filled by `fill`. */
  readonly values: Float64Array
  lags: readonly number[]
  private readonly parts: FeatureParts
  private readonly horizon: number
  private readonly target: number
  /** The same; behind found seasons' lags there may be room for others. */
  private readonly lagList: Int32Array
  private readonly usualAt: number
  private readonly restAt: number
  /** Lags at which is told what was usual a season ago. */
  private readonly pastLags: Int32Array
  private pastCount = 0
  private readonly pastAt: number

  constructor(parts: FeatureParts, horizon: number, target: number) {
    const { d, profiles, calendar } = parts
    this.parts = parts
    this.horizon = horizon
    this.target = target
    this.lags = lineLags(d, d.horizons[horizon]!)
    this.lagList = Int32Array.from(this.lags)
    this.usualAt = 1 + this.lags.length
    this.pastAt = this.usualAt + profiles.tables * (1 + USUAL_COUNT)
    this.pastLags = Int32Array.from(pastLags(d, d.horizons[horizon]!))
    this.restAt = this.pastAt + this.pastLags.length
    const rest = (calendar ? CALENDAR_SIZE : 0) + d.inputs + d.known
    this.values = new Float64Array(this.restAt + rest)
    this.arrange()
  }

  /** Looks where the present seasons are. */
  arrange(): void {
    const { d } = this.parts
    const horizon = d.horizons[this.horizon]!
    this.lags = lineLags(d, horizon)
    this.lagList.set(this.lags)
    const past = pastLags(d, horizon)
    this.pastLags.set(past)
    this.pastCount = past.length
  }

  /** Places of lags, each one of `lags`. */
  ofLags(lags: readonly number[]): number[] {
    return lags.map((lag) => 1 + this.lags.indexOf(lag))
  }

  /** Place of what is usual for the target by table `t`; behind it, at the newest steps. */
  ofTable(t: number): number {
    return this.usualAt + t * (1 + USUAL_COUNT)
  }

  /**
   * Places of what is usual by all tables: for the target and at the `steps` newest steps by the
   * seasons, at the newest alone by categories.
   */
  ofUsual(steps: number): number[] {
    const { d, profiles } = this.parts
    return Array.from({ length: profiles.tables }, (_, t) => {
      if (d.seasons[t] === 0) return []
      const count = 1 + (t < d.seasons.length ? steps : Math.min(steps, 1))
      return Array.from({ length: count }, (_, i) => this.ofTable(t) + i)
    }).flat()
  }

  /** Places of what the longest season held for usual around the target's phase a season ago. */
  ofPast(): number[] {
    return Array.from({ length: this.pastCount }, (_, i) => this.pastAt + i)
  }

  /** Places of calendar, further inputs and known fields. */
  ofRest(): number[] {
    return Array.from({ length: this.values.length - this.restAt }, (_, i) => this.restAt + i)
  }

  /** Fills `values` for domain `m`, with the moments that its target is standardised by. */
  fill(from: LineStep, m: number, mean: number, scale: number): void {
    const { history, domains } = this.parts
    const { values, lagList } = this
    const count = this.lags.length
    const { core, place } = from
    const domain = domains[m]!
    const images = history.imagesOf(m, this.target)
    values[0] = 1
    for (let j = 0; j < count; j++) {
      const kept = core[images + history.back(place, lagList[j]!)]!
      const image = domain.kept ? kept : domain.forward(kept)
      // `clip`, written out: a call that is not inlined makes an object of each result.
      const z = Math.max(-CLIP, Math.min((image - mean) / scale, CLIP))
      values[1 + j] = kept === ABSENT ? 0 : z
    }
    this.fillUsual(from, domain, mean, scale)
    this.fillRest(from)
  }

  private fillUsual({ core, step }: LineStep, domain: Domain, mean: number, scale: number): void {
    const { d, profiles } = this.parts
    const { tables } = profiles
    const ahead = profiles.aheadPlace(step, this.horizon) + this.target * tables
    for (let t = 0; t < tables; t++) {
      this.values[this.ofTable(t)] = imageOf(core[ahead + t]!, domain, mean, scale)
    }
    for (let i = 0; i < USUAL_COUNT; i++) {
      const place = step < i ? -1 : profiles.usualPlace(step - i, this.target)
      for (let t = 0; t < tables; t++) {
        if (i > 0 && t >= d.seasons.length) break
        const usual = place < 0 ? ABSENT : core[place + t]!
        this.values[this.ofTable(t) + 1 + i] = imageOf(usual, domain, mean, scale)
      }
    }
    const longest = seasonCount(d) - 1
    for (let i = 0; i < this.pastCount; i++) {
      const past = step - this.pastLags[i]!
      const usual = past < 0 ? ABSENT : core[profiles.usualPlace(past, this.target) + longest]!
      this.values[this.pastAt + i] = imageOf(usual, domain, mean, scale)
    }
  }

  private fillRest({ x, calendar }: LineStep): void {
    const { d, inputs } = this.parts
    const { values, horizon } = this
    let i = this.restAt
    if (this.parts.calendar) {
      const at = horizon * CALENDAR_SIZE
      for (let j = 0; j < CALENDAR_SIZE; j++) values[i++] = calendar[at + j]!
    }
    for (let j = 0; j < d.inputs; j++) values[i++] = x[inputs.inputAt(j)]!
    for (let j = 0; j < d.known; j++) values[i++] = x[inputs.aheadInputAt(horizon, j)]!
  }
}

/** Around the target's phase a first season ago, where there is a longer one beside it. */
function pastLags(d: Dimensions, k: number): number[] {
  const back = seasonCount(d) > 1 ? seasonalLag(d.seasons[0]!, k) : -1
  return back < 1 ? [] : [back - 1, back, back + 1]
}

function imageOf(usual: number, domain: Domain, mean: number, scale: number): number {
  if (usual === ABSENT) return 0
  const image = domain.forward(domain.unbounded ? usual : Math.max(0, usual))
  return Math.max(-CLIP, Math.min((image - mean) / scale, CLIP))
}
