import { CALENDAR_SIZE, writeCalendar } from './calendar.ts'
import type { Dimensions } from './dimensions.ts'
import type { History } from './history.ts'
import { networkLagRoom, networkLags } from './lags.ts'
import { ABSENT, type Layout } from './layout.ts'
import { PackedInputs } from './packed-inputs.ts'
import type { Profiles } from './profiles.ts'
import type { Residuals } from './residuals.ts'
import { CLIP, clip, Scaler, standard } from './scaler.ts'

/**
 * The input vector x_t that every network sees, and from which the lines take the further fields:
 * targets (D × [z, missing]), inputs (I × [z, missing]), known now (N × z), known at +k
 * (K × N × [z, missing]), calendar (6 or none), lags (D × lags), what was usual (D × T) and is for
 * each horizon's target (K × D × T), what the newest values left of the lines' forecasts (D), how
 * late the step came.
 */
export class InputVector {
  readonly size: number
  /** How windows keep it. */
  readonly packed: PackedInputs
  private readonly d: Dimensions
  /** The first `lagCount`; behind found seasons' lags there may be room for others. */
  private readonly lags: Int32Array
  private lagCount: number
  private readonly scaler: Scaler
  private readonly inputsAt: number
  private readonly knownAt: number
  private readonly aheadAt: number
  private readonly calendarAt: number
  private readonly lagsAt: number
  private readonly usualAt: number
  private readonly profiles: Profiles | null
  private readonly residuals: Residuals | null
  private readonly calendar: boolean

  /** `past`: what beside lines tells of the past; null in a lone network. */
  constructor(
    layout: Layout,
    d: Dimensions,
    calendar: boolean,
    past: { profiles: Profiles; residuals: Residuals } | null,
  ) {
    this.d = d
    this.calendar = calendar
    this.lags = new Int32Array(networkLagRoom(d))
    this.lagCount = 0
    if (d.foundSeasons === null) this.arrange()
    this.scaler = new Scaler(layout, d.inputs + d.known)
    this.inputsAt = 2 * d.targets
    this.knownAt = this.inputsAt + 2 * d.inputs
    this.aheadAt = this.knownAt + d.known
    this.calendarAt = this.aheadAt + 2 * d.horizons.length * d.known
    this.lagsAt = this.calendarAt + (calendar ? CALENDAR_SIZE : 0)
    this.profiles = past?.profiles ?? null
    this.residuals = past?.residuals ?? null
    this.usualAt = this.lagsAt + d.targets * this.lags.length
    const tables = this.profiles?.tables ?? 0
    const left = this.residuals === null ? 0 : d.targets
    this.size = this.usualAt + (1 + d.horizons.length) * d.targets * tables + left + 1
    this.packed = new PackedInputs({
      flagged: d.targets + d.inputs,
      plain: d.known,
      flaggedAhead: d.horizons.length * d.known,
      plainRest: this.size - this.calendarAt,
    })
  }

  /** Looks where the present seasons are; the places of others are 0 from then on. */
  arrange(): void {
    const lags = networkLags(this.d)
    this.lags.set(lags)
    this.lagCount = lags.length
  }

  /** Places of the vector that present seasons do not leave empty, ascending. */
  places(): number[] {
    const { d, lags, lagCount, lagsAt, usualAt, profiles } = this
    const tables = profiles?.tables ?? 0
    const usualEnd = usualAt + (1 + d.horizons.length) * d.targets * tables
    const all = Array.from({ length: this.size }, (_, i) => i)
    return all.filter((i) => {
      if (i >= lagsAt && i < usualAt) return (i - lagsAt) % lags.length < lagCount
      return i < usualAt || i >= usualEnd || d.seasons[(i - usualAt) % tables] !== 0
    })
  }

  /** Place of the standardised i-th further input in the vector. */
  inputAt(i: number): number {
    return this.inputsAt + 2 * i
  }

  /** Place of the standardised value that known field i has at the target of the k-th horizon. */
  aheadInputAt(horizon: number, i: number): number {
    return this.aheadAt + 2 * (horizon * this.d.known + i)
  }

  /** Writes x_t of own step `t`, whose targets `history` has taken in already. */
  write(
    core: Float64Array,
    t: number,
    values: Float64Array,
    history: History,
    out: Float32Array,
  ): void {
    this.writeTargets(core, t, values, history, out)
    this.writeFields(core, values, out)
    if (this.calendar) writeCalendar(history.timeAfter(core, t, 0), out, this.calendarAt)
    if (this.profiles !== null) this.writeUsual(core, t, history, this.profiles, out)
    out[this.size - 1] = history.lateness(core, t)
    if (this.residuals === null) return
    const at = this.size - 1 - this.d.targets
    for (let d = 0; d < this.d.targets; d++) out[at + d] = this.residuals.newestOf(core, d)
  }

  private writeTargets(
    core: Float64Array,
    t: number,
    values: Float64Array,
    history: History,
    out: Float32Array,
  ): void {
    const { lags, lagCount } = this
    const now = history.placeOf(t)
    for (let d = 0; d < this.d.targets; d++) {
      const mean = history.mean(core, 0, d, t)
      const scale = history.scale(core, 0, d, t)
      const value = values[d]!
      const present = !Number.isNaN(value)
      out[2 * d] = present ? clip((value - mean) / scale) : 0
      out[2 * d + 1] = present ? 0 : 1
      const images = history.imagesOf(0, d)
      const lagsAt = this.lagsAt + d * lags.length
      for (let j = lagCount; j < lags.length; j++) out[lagsAt + j] = 0
      for (let j = 0; j < lagCount; j++) {
        const lagged = core[images + history.back(now, lags[j]!)]!
        // `clip`, written out: a call that is not inlined makes an object of each result.
        const z = Math.max(-CLIP, Math.min((lagged - mean) / scale, CLIP))
        out[lagsAt + j] = lagged === ABSENT ? 0 : z
      }
    }
  }

  private writeUsual(
    core: Float64Array,
    t: number,
    history: History,
    profiles: Profiles,
    out: Float32Array,
  ): void {
    const { targets, horizons } = this.d
    const { tables } = profiles
    let at = this.usualAt
    for (let d = 0; d < targets; d++) {
      const mean = history.mean(core, 0, d, t)
      const scale = history.scale(core, 0, d, t)
      const usual = profiles.usualPlace(t, d)
      for (let i = 0; i < tables; i++) out[at++] = standard(core[usual + i]!, mean, scale)
      for (let k = 0; k < horizons.length; k++) {
        const ahead = profiles.aheadPlace(t, k) + d * tables
        for (let i = 0; i < tables; i++) out[at++] = standard(core[ahead + i]!, mean, scale)
      }
    }
  }

  private writeFields(core: Float64Array, values: Float64Array, out: Float32Array): void {
    const { inputs, known, targets, horizons } = this.d
    for (let i = 0; i < inputs + known; i++) {
      const value = values[targets + i]!
      const present = !Number.isNaN(value)
      if (present) this.scaler.update(core, i, value)
      const z = present ? this.standardise(core, i, value) : 0
      if (i < inputs) {
        out[this.inputAt(i)] = z
        out[this.inputAt(i) + 1] = present ? 0 : 1
      } else {
        out[this.knownAt + i - inputs] = z
      }
    }
    const ahead = targets + inputs + known
    for (let k = 0; k < horizons.length; k++) {
      for (let i = 0; i < known; i++) {
        const value = values[ahead + k * known + i]!
        const present = !Number.isNaN(value)
        const place = this.aheadInputAt(k, i)
        out[place] = present ? this.standardise(core, inputs + i, value) : 0
        out[place + 1] = present ? 0 : 1
      }
    }
  }

  private standardise(core: Float64Array, i: number, value: number): number {
    return clip((value - this.scaler.mean(core, i)) / this.scaler.scale(core, i))
  }
}
