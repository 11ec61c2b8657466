import { forecastOf } from './config/kinds.ts'
import { loadConfig } from './config/load.ts'
import type { ConfigInput } from './config/schema.ts'
import { HeadraceError } from './errors.ts'
import { openKernel } from './kernels/index.ts'
import { type Dimensions, dimensionsOf } from './model/dimensions.ts'
import { Model } from './model/model.ts'
import { sampleNames } from './record/decoder.ts'
import { maxTimeMs, parseEventTime } from './record/time.ts'
import { type Sample, sampleSize } from './record/types.ts'

/**
 * The parts of a configuration that a model alone needs; everything but the targets has a default.
 */
export type LearnerOptions = Pick<ConfigInput, 'task' | 'model' | 'sequences'>

/** One event of a sequence. */
export interface Event {
  /** Name of the sequence, '' by default. */
  readonly sequence?: string
  /** Event time: ISO 8601 (UTC without a zone) or milliseconds since the epoch. */
  readonly time?: string | number
  /** Targets, inputs and known fields by name (`holiday+5` for a known field 5 steps ahead). */
  readonly values: Readonly<Record<string, number | null | undefined>>
}

/** The forecast of one target at one horizon, in units of the target. */
export interface Prediction {
  readonly target: string
  readonly horizon: number
  /** NaN before the target's first value. */
  readonly mean: number
  /** Empty before a first error has told how far off the forecasts are. */
  readonly intervals: readonly { level: number; lower: number; upper: number }[]
}

/**
 * The model without any transport: learns from one event at a time, for ever, and predicts what
 * comes next in each sequence. The same events in the same order give the same bits everywhere.
 */
export class Learner {
  private readonly model: Model
  private readonly d: Dimensions
  private readonly names: readonly string[]
  private readonly sample: Sample
  private readonly means: Float64Array
  private readonly bounds: Float64Array

  /** Throws `HeadraceError` HEADRACE_CONFIG_INVALID, naming every option that is wrong. */
  constructor(options: LearnerOptions) {
    const loaded = loadConfig({ file: 'options', text: JSON.stringify(options), env: {} })
    const config = forecastOf(loaded.config, 'A Learner')
    this.model = new Model(config, openKernel(config.model.kernel))
    this.d = dimensionsOf(config)
    this.names = sampleNames(this.d.fields)
    this.sample = {
      sequence: '',
      timeMs: null,
      values: new Float64Array(sampleSize(this.d.fields)),
    }
    this.means = new Float64Array(this.d.slots)
    this.bounds = new Float64Array(this.d.slots * this.d.levels.length * 2)
  }

  /** What the newest event of a sequence lets expect; [] for one that is not known. */
  predictOne(sequence = ''): Prediction[] {
    return this.model.recall(sequence, this.means, this.bounds) ? this.predictions() : []
  }

  /** Scores the former predictions, learns, and advances the sequence's state by one event. */
  learnOne(event: Event): void {
    const { sample, model } = this
    this.fill(event)
    model.absorbSample(sample)
    model.step(sample)
  }

  /** `learnOne`, then `predictOne` of the same sequence. */
  step(event: Event): Prediction[] {
    this.learnOne(event)
    return this.predictOne(event.sequence)
  }

  /** Events taken in so far. */
  get records(): number {
    return this.model.records
  }

  /** Updates of the network weights so far. */
  get updates(): number {
    return this.model.updates
  }

  /** 64 bits over the whole state, 16 hex digits. */
  stateHash(): string {
    return this.model.stateHash()
  }

  /** Each member's prequential error so far, the mixture's among them. */
  scores(): ReturnType<Model['scores']['summary']> {
    return this.model.scores.summary()
  }

  /** Gives back what the kernel tensorflow holds on its device; no event may come then. */
  close(): void {
    this.model.close()
  }

  private fill(event: Event): void {
    const { names, sample } = this
    const time = typeof event.time === 'string' ? parseEventTime(event.time) : event.time
    if (time !== undefined && !(Math.abs(time) <= maxTimeMs)) {
      throw new HeadraceError('HEADRACE_RECORD_TIME_INVALID', `No time: ${String(event.time)}.`)
    }
    for (const name of names) checkValue(name, event.values[name])
    sample.sequence = event.sequence ?? ''
    sample.timeMs = time === undefined ? null : Math.floor(time) + 0
    for (let i = 0; i < names.length; i++) {
      // Adding zero turns −0 into 0, as the decoders do.
      sample.values[i] = (event.values[names[i] as string] ?? Number.NaN) + 0
    }
  }

  private predictions(): Prediction[] {
    const { targets, horizons } = this.d.fields
    const { levels } = this.d
    return horizons.flatMap((horizon, k) =>
      targets.map((target, d) => {
        const slot = k * targets.length + d
        const at = slot * levels.length * 2
        const intervals = levels.map((level, l) => ({
          level,
          lower: this.bounds[at + 2 * l] as number,
          upper: this.bounds[at + 2 * l + 1] as number,
        }))
        return {
          target,
          horizon,
          mean: this.means[slot] as number,
          intervals: intervals.filter(({ lower }) => !Number.isNaN(lower)),
        }
      }),
    )
  }
}

function checkValue(name: string, value: number | null | undefined): void {
  if (value === undefined || value === null) return
  if (typeof value !== 'number') {
    throw new HeadraceError('HEADRACE_RECORD_WRONG_TYPE', `${name} is no number.`)
  }
  if (!Number.isFinite(value)) {
    throw new HeadraceError('HEADRACE_RECORD_NOT_FINITE', `${name} is not finite.`)
  }
  if (Math.abs(value) > 1e15) {
    throw new HeadraceError('HEADRACE_RECORD_OUT_OF_RANGE', `${name} is beyond ± 1e15.`)
  }
}
