import type { ForecastConfig } from '../config/schema.ts'
import { HOST_ROWS_MAX, type Kernel } from '../kernels/kernel.ts'
import type { Forecast } from '../record/types.ts'
import { LEARNT } from './density.ts'
import type { Dimensions } from './dimensions.ts'
import type { Scored } from './scored.ts'
import type { Sequence } from './sequence.ts'

/**
 * Steps that go side by side at most: as many as a kernel takes well, of which more than a block
 * has would never meet.
 */
export function rowsMaxOf({ model }: ForecastConfig, kernel: Kernel): number {
  const block = model.block === 'auto' ? 0 : model.block
  return Math.min(kernel.rowsMax, Math.max(HOST_ROWS_MAX, block))
}

/**
 * One record on its way through the model, from the first change of its sequence until its forecast
 * is out; the objects are used again. Steps of several sequences may be on their way side by side.
 */
export class LiveStep {
  /** Valid from the step's beginning to its end. */
  sequence: Sequence | null = null
  /** Own step of the sequence, from 0. */
  step = 0
  /** The record's count. */
  record = 0
  /** Input vector, (I). */
  readonly x: Float32Array
  readonly forecast: Forecast
  readonly scored: Scored
  /** The bits of the forecast's means. */
  readonly meanWords: Uint32Array

  /** `x`: its place among those of all steps that go side by side; M members. */
  constructor(d: Dimensions, members: number, x: Float32Array) {
    this.x = x
    this.forecast = emptyForecast(d)
    this.scored = emptyScored(d, members)
    this.meanWords = new Uint32Array(this.forecast.means.buffer)
  }
}

function emptyForecast(d: Dimensions): Forecast {
  return {
    sequence: '',
    timeMs: null,
    forMs: new Float64Array(d.horizons.length),
    means: new Float64Array(d.slots),
    bounds: new Float64Array(d.slots * d.levels.length * 2),
    observed: new Float64Array(d.targets),
    predicted: new Float64Array(d.targets),
    surprise: new Float64Array(d.targets),
    drifts: new Uint8Array(d.targets),
    records: 0,
    updates: 0,
  }
}

function emptyScored(d: Dimensions, members: number): Scored {
  return {
    step: 0,
    present: new Uint8Array(d.slots),
    observed: new Float64Array(d.targets),
    mixture: new Float64Array(d.slots),
    members: new Float64Array(d.slots * members),
    bounds: new Float64Array(d.slots * d.levels.length * 2),
    scale: new Float64Array(d.slots),
    density: new Float64Array(d.slots * LEARNT),
    persistence: new Float64Array(d.slots),
    seasonal: new Float64Array(d.slots),
  }
}
