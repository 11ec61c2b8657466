import type { SupervisedSample } from '../../record/types.ts'
import { writeCalendar } from '../calendar.ts'
import { Layout } from '../layout.ts'
import { clip, Scaler } from '../scaler.ts'
import type { SharedArray } from '../state.ts'
import type { Case } from './case.ts'
import { Names } from './names.ts'
import type { Shape } from './shape.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
/** The first day of the epoch was a Thursday; weeks begin with Sunday. */
const EPOCH_WEEKDAY = 4

/**
 * What a record itself brings: its numbers standardised over all sequences, with flags for what is
 * missing, its calendar, and the numbers of its names.
 */
export class CaseInputs {
  private readonly shape: Shape
  private readonly scaler: Scaler
  private readonly pool: Float64Array
  private readonly names: Names

  constructor(shape: Shape) {
    const pool = new Layout()
    this.shape = shape
    this.scaler = new Scaler(pool, shape.inputs)
    this.pool = new Float64Array(pool.size)
    this.names = new Names(shape.categorical)
  }

  arrays(): SharedArray[] {
    return [{ name: 'inputs', array: this.pool }, ...this.names.arrays()]
  }

  /** Fills what a sample brings into a case that has begun. */
  take(sample: SupervisedSample, now: Case): void {
    const { scaler, pool, shape } = this
    const { float64, layout } = now
    let to = layout.denseAt
    for (let i = 0; i < shape.inputs; i++) {
      const value = sample.inputs[i]!
      const isMissing = Number.isNaN(value)
      if (!isMissing) scaler.update(pool, i, value)
      const z = isMissing ? 0 : clip((value - scaler.mean(pool, i)) / scaler.scale(pool, i))
      float64[to++] = z
      float64[to++] = isMissing ? 1 : 0
    }
    let field = layout.fieldsAt
    if (shape.calendar) {
      const { timeMs } = sample
      writeCalendar(timeMs ?? NaN, float64, to)
      const day = timeMs === null ? 0 : Math.floor(timeMs / DAY_MS)
      const weekday = (((day + EPOCH_WEEKDAY) % 7) + 7) % 7
      float64[field++] = timeMs === null ? -1 : Math.floor((timeMs - day * DAY_MS) / HOUR_MS)
      float64[field++] = timeMs === null ? -1 : weekday
    }
    for (let c = 0; c < shape.categorical; c++) {
      const name = sample.categories[c] ?? null
      float64[field++] = name === null ? -1 : this.names.numberOf(c, name)
    }
  }
}
