import { forecastOf } from '../../../../src/config/kinds.ts'
import { loadConfig } from '../../../../src/config/load.ts'
import type { ConfigInput, ForecastConfig } from '../../../../src/config/schema.ts'
import type { Kernel } from '../../../../src/kernels/kernel.ts'
import { Model } from '../../../../src/model/model.ts'
import type { NetworkMember } from '../../../../src/model/networks.ts'
import { NO_WINDOW, type Sequence, type SequenceTable } from '../../../../src/model/sequence.ts'
import { hashSequence, type SharedArray } from '../../../../src/model/state.ts'
import type { Windows } from '../../../../src/model/window.ts'
import { type Sample, sampleSize } from '../../../../src/record/types.ts'
import { referenceKernel } from '../../../../src/rnn/index.ts'

/** A configuration with the model's parts as given, defaults filled in, `y` the only target. */
export function configOf(options: Partial<ConfigInput> = {}): ForecastConfig {
  const text = JSON.stringify({ ...options, task: { targets: ['y'], ...options.task } })
  return forecastOf(loadConfig({ file: 'test', text, env: {} }).config, 'this test')
}

/** One event: targets, inputs, known now, known ahead as in `Sample.values`; null = missing. */
export interface Event {
  readonly sequence?: string
  readonly timeMs?: number | null
  readonly values: readonly (number | null)[]
}

/** A model that is fed samples, without decoder or transport. */
export class Driver {
  readonly config: ForecastConfig
  readonly model: Model
  private readonly sample: Sample

  constructor(config: ForecastConfig, kernel: Kernel = referenceKernel) {
    this.config = config
    this.model = new Model(config, kernel)
    const { fields } = this.model.dimensions
    this.sample = { sequence: '', timeMs: null, values: new Float64Array(sampleSize(fields)) }
  }

  step({ sequence = '', timeMs = null, values }: Event): void {
    const { sample } = this
    sample.sequence = sequence
    sample.timeMs = timeMs
    sample.values.fill(NaN)
    values.forEach((value, i) => {
      sample.values[i] = value ?? NaN
    })
    this.model.absorbSample(sample)
    this.model.step(sample)
  }

  /** A dead letter. */
  skip(): void {
    this.model.absorb(null, null, null)
    this.model.skip()
  }

  get means(): number[] {
    return [...this.model.forecast.means]
  }
}

/** What a model keeps to itself, for tests that look into its state. */
export interface Inside {
  readonly table: SequenceTable
  readonly steps: {
    /** The newest predictions of all members, (K, D, M). */
    readonly members: Float64Array
  }
  readonly learning: {
    readonly counters: Float64Array
    readonly networks: readonly NetworkMember[]
  }
  readonly windows: Windows
  shared(): SharedArray[]
}

export function insideOf(model: Model): Inside {
  return model as unknown as Inside
}

export function sequenceOf(model: Model, name: string): Sequence {
  const sequence = insideOf(model).table.byName.get(name)
  if (sequence === undefined) throw new Error(`no sequence ${name}`)
  return sequence
}

/** Hidden states of all networks of one sequence. */
export function statesOf(model: Model, { home, statesAt }: Sequence): Float32Array {
  return home.float32.slice(statesAt, statesAt + insideOf(model).table.stateSize)
}

/** Hash of the state of one live sequence. */
export function hashOf(model: Model, name: string): string {
  const { table, windows } = insideOf(model)
  return hashSequence(sequenceOf(model, name), table.stateSize, windows).hex()
}

/** Every array of numbers in a model's state, with a name. */
function stateArrays(model: Model): { name: string; array: ArrayLike<number> }[] {
  const { table, windows, shared } = insideOf(model)
  const sequences = [...table.byName.values()].flatMap((sequence) => [
    { name: `${sequence.name}/core`, array: sequence.core },
    { name: `${sequence.name}/states`, array: statesOf(model, sequence) },
    ...(sequence.window === NO_WINDOW
      ? []
      : [{ name: `${sequence.name}/window`, array: windows.floatsOf(sequence) }]),
  ])
  return [...sequences, ...shared.call(model)]
}

/** Names of the arrays of the state that hold a NaN; none ever should. */
export function arraysWithNaN(model: Model): string[] {
  return stateArrays(model)
    .filter(({ array }) => {
      for (let i = 0; i < array.length; i++) if (Number.isNaN(array[i])) return true
      return false
    })
    .map(({ name }) => name)
}
