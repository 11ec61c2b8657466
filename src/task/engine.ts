import { assert } from '../assert.ts'
import type { Scored } from '../model/scored.ts'
import type { DecodeFailure, Forecast } from '../record/types.ts'
import type { ErrorRow } from './observe.ts'
import type { InputRecord, OutputRecord } from './ports.ts'

/** What became of one record; owned by the processor and filled anew for each. */
export interface StreamOutcome {
  /** Not null: a dead letter; the model has counted the record. */
  readonly failure: DecodeFailure | null
  readonly forecast: Forecast
  readonly scored: Scored
}

/** One row of the scoreboard that the model keeps. */
export type ModelScore = Omit<ErrorRow, 'fadingWmape'> & { readonly fadingWmape?: number }

/** What a task needs of a model. */
export interface StreamModel {
  readonly records: number
  readonly updates: number
  readonly memberNames: readonly string[]
  readonly liveSequences: number
  /** What the newest update of the middle network did. */
  readonly lastUpdate: { readonly gradientNorm: number; readonly applied: boolean }
  readonly scores: { summary(): readonly ModelScore[] }
  chainHash(): string
  weightsHash(): string
}

/** The glue decode → step; the simulator puts one that fails in its place. */
export interface StreamProcessor {
  readonly model: StreamModel
  process(
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestampMs: number | null,
  ): StreamOutcome
}

/** Outcomes → records of the output topics, for one partition. */
export interface OutputEncoder {
  prediction(record: InputRecord, forecast: Forecast): OutputRecord
  deadLetter(record: InputRecord, failure: DecodeFailure): OutputRecord
}

/** Outputs that may wait for a transaction: beyond either the task stops until one is through. */
export interface OutputBounds {
  readonly maxRecords: number
  readonly maxBytes: number
}

export const defaultOutputBounds: OutputBounds = { maxRecords: 5_000, maxBytes: 4_194_304 }

/**
 * A cut through the stream between two records: all outputs before it that no earlier cut had, and
 * what the model is there. Plain data, so that it can be a message between threads.
 */
export interface Cut {
  readonly firstOffset: bigint
  readonly nextOffset: bigint
  readonly records: number
  readonly updates: number
  readonly chainHash: string
  readonly weightsHash: string
  readonly predictions: readonly OutputRecord[]
  readonly deadLetters: readonly OutputRecord[]
  /** Which of the two the last output record belongs to; null where there is none. */
  readonly last: 'prediction' | 'deadLetter' | null
}

/** Drives the model record by record and collects what it puts out until the next cut. */
export class Engine {
  readonly #processor: StreamProcessor
  readonly #encoder: OutputEncoder
  readonly #bounds: OutputBounds
  #predictions: OutputRecord[] = []
  #deadLetters: OutputRecord[] = []
  #last: 'prediction' | 'deadLetter' | null = null
  #bytes = 0
  #firstOffset: bigint

  constructor(
    processor: StreamProcessor,
    encoder: OutputEncoder,
    startOffset: bigint,
    bounds: OutputBounds = defaultOutputBounds,
  ) {
    this.#processor = processor
    this.#encoder = encoder
    this.#firstOffset = startOffset
    this.#bounds = bounds
  }

  get model(): StreamModel {
    return this.#processor.model
  }

  /** Output records that wait for a cut. */
  get pending(): number {
    return this.#predictions.length + this.#deadLetters.length
  }

  get isFull(): boolean {
    return this.pending >= this.#bounds.maxRecords || this.#bytes >= this.#bounds.maxBytes
  }

  /** Takes in a record that was published before: no output. */
  replay(record: InputRecord): StreamOutcome {
    this.#firstOffset = record.offset + 1n
    return this.#step(record)
  }

  /** Takes in a record and keeps its one output for the next cut. */
  apply(record: InputRecord): StreamOutcome {
    const outcome = this.#step(record)
    const { failure, forecast } = outcome
    const output =
      failure === null
        ? this.#encoder.prediction(record, forecast)
        : this.#encoder.deadLetter(record, failure)
    const outputs = failure === null ? this.#predictions : this.#deadLetters
    outputs.push(output)
    this.#last = failure === null ? 'prediction' : 'deadLetter'
    this.#bytes += (output.key?.byteLength ?? 0) + (output.value?.byteLength ?? 0)
    return outcome
  }

  /**
   * Hands over what has come out since the last cut. `nextOffset`: position behind the last record.
   */
  cut(nextOffset: bigint): Cut {
    const { model } = this
    const cut: Cut = {
      firstOffset: this.#firstOffset,
      nextOffset,
      records: model.records,
      updates: model.updates,
      chainHash: model.chainHash(),
      weightsHash: model.weightsHash(),
      predictions: this.#predictions,
      deadLetters: this.#deadLetters,
      last: this.#last,
    }
    this.#predictions = []
    this.#deadLetters = []
    this.#last = null
    this.#bytes = 0
    this.#firstOffset = nextOffset
    return cut
  }

  #step(record: InputRecord): StreamOutcome {
    const { model } = this.#processor
    const before = model.records
    const outcome = this.#processor.process(record.key, record.value, record.timestampMs)
    assert(model.records === before + 1, 'every record is counted once, dead letters included')
    return outcome
  }
}
