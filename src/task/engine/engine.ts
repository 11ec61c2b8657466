import { assert } from '../../assert.ts'
import type { Dimensions } from '../../model/dimensions.ts'
import type { SlotWeights } from '../../model/health.ts'
import type { NetworkHealth } from '../../model/learning-health.ts'
import type { Scored } from '../../model/scored.ts'
import type { Seal, StateRow } from '../../model/snapshot/snapshots.ts'
import type { LabelCounts } from '../../model/supervised/label-counts.ts'
import type { LabelScore } from '../../model/supervised/scores.ts'
import type { SymbolScore } from '../../model/symbols/scores.ts'
import type { FoundSequences, TargetPast } from '../../model/view.ts'
import type { Witness } from '../../model/witness.ts'
import type { ByteWriter } from '../../record/byte-writer.ts'
import type { DecodeFailure, Forecast } from '../../record/types.ts'
import type { ErrorRow } from '../observe.ts'
import type { InputRecord, OutputRecord } from '../ports.ts'
import { bytesOf } from '../record-bytes.ts'
import { OutputBuffer, type PackedOutputs } from './packed-outputs.ts'

/**
 * What became of one record, as all tasks tell it; owned by the processor and filled anew for each.
 * A kind of task that forecasts nothing shows what it does in the terms of a forecast.
 */
export interface StreamOutcome {
  /** Not null: a dead letter; the model has counted the record. */
  readonly failure: DecodeFailure | null
  readonly forecast: Forecast
  readonly scored: Scored
}

/** One row of the scoreboard that the model keeps. */
export interface ModelScore extends ErrorRow {
  readonly fadingMixtureMae: number
  readonly meanAbsolute: number
  readonly fadingMeanAbsolute: number
}

/** Reads a snapshot into a model at record 0; see model/snapshot. */
export interface StreamLoader {
  shared(bytes: Uint8Array): void
  page(name: string, bytes: Uint8Array): void
  sequence(name: string, bytes: Uint8Array): void
  gone(name: string): void
  finish(
    seal: Seal,
    other: { readonly otherSlotNames: Iterable<string>; readonly otherSlotCut: number | null },
  ): void
}

/** Takes snapshots of a model while it goes on; see model/snapshot. */
export interface StreamSnapshots {
  readonly isInProgress: boolean
  readonly isComplete: boolean
  /** Where the one in progress goes. */
  readonly slot: 0 | 1
  /** Bytes of the state that the one in progress has been through, of all, about. */
  readonly progress: { readonly done: number; readonly total: number }
  begin(): void
  take(maxBytes: number, isLate: () => boolean): StateRow[]
  seal(): Seal
  sealed(): void
  abandon(): void
  loader(): StreamLoader
  remember(slot: 0 | 1, names: Iterable<string>): void
}

/** How a model learns, to be read; see model/health. */
export interface StreamHealth {
  readonly windows: number
  readonly sequenceBytes: number
  readonly kernelBytes: number
  readonly evicted: { readonly windows: number; readonly sequences: number }
  measureNext(): void
  networks(): readonly NetworkHealth[]
}

/** The same of a forecast's model. */
export interface ForecastHealth extends StreamHealth {
  readonly dimensions: Pick<
    Dimensions,
    'fields' | 'horizons' | 'slots' | 'targets' | 'levels' | 'seasons'
  >
  slotWeights(): readonly SlotWeights[]
}

/** What a model holds of its sequences, to be read; see model/view. */
export interface StreamView {
  mostRecent(): string | null
  search(text: string, limit: number): FoundSequences
  /** Absent where no past is kept that could be shown. */
  past?(name: string, target: number, horizon: number, limit: number): TargetPast | null
}

/** What a task needs of a model of any kind. */
interface AnyStreamModel {
  readonly records: number
  readonly updates: number
  readonly memberNames: readonly string[]
  readonly liveSequences: number
  readonly bytesShared: number
  readonly health: StreamHealth
  readonly view: StreamView
  readonly snapshots: StreamSnapshots
  chainHash(): string
  weightsHash(): string
  /** See `CommitRecord`; absent, or nothing, where the model computes in this process. */
  witness?(): Witness | undefined
  /** Gives back what it holds outside of the process's own memory. */
  close?(): void
}

export interface ForecastStreamModel extends AnyStreamModel {
  readonly kind: 'forecast'
  readonly health: ForecastHealth
  readonly scores: { summary(): readonly ModelScore[] }
}

export interface SymbolsStreamModel extends AnyStreamModel {
  readonly kind: 'symbols'
  readonly scores: { summary(): readonly SymbolScore[] }
}

export interface SupervisedStreamModel extends AnyStreamModel {
  readonly kind: 'supervised'
  readonly scores: { summary(): readonly LabelScore[] }
  readonly pendingPredictions: number
  readonly labelCounts: LabelCounts
}

export type StreamModel = ForecastStreamModel | SymbolsStreamModel | SupervisedStreamModel

/** The glue decode → step; the simulator puts one that fails in its place. */
export interface StreamProcessor {
  readonly model: StreamModel
  /** Records that take about as long as one; absent: one. */
  readonly atOnce?: number
  /** Takes in records [from, until) and tells of each in order; the outcome is filled anew. */
  processMany(
    records: readonly InputRecord[],
    from: number,
    until: number,
    visit: (index: number, outcome: StreamOutcome) => void,
  ): void
}

/** Outcomes → records of the output topics, for one partition. */
export interface OutputEncoder {
  /** Writes the value of the prediction, whose key is the record's. */
  prediction(out: ByteWriter, record: InputRecord, outcome: StreamOutcome): void
  deadLetter(record: InputRecord, failure: DecodeFailure): OutputRecord
}

/** Outputs that may wait for a transaction: beyond either the task stops until one is through. */
export interface OutputBounds {
  readonly maxRecords: number
  readonly maxBytes: number
}

export const defaultOutputBounds: OutputBounds = { maxRecords: 20_000, maxBytes: 8_388_608 }

/** Sees each record that is published, before its outputs are. */
export type OutcomeVisitor = (record: InputRecord, outcome: StreamOutcome) => void

/** The outputs between two cuts. */
export interface Outputs {
  readonly firstOffset: bigint
  /** Timestamp of the first record of them; NaN without one. */
  readonly firstTimestampMs: number
  readonly predictions: PackedOutputs
  readonly deadLetters: readonly OutputRecord[]
  readonly last: 'prediction' | 'deadLetter' | null
}

/** Drives the model and collects what it puts out until the next cut. */
export class Engine {
  readonly #processor: StreamProcessor
  readonly #encoder: OutputEncoder
  readonly #bounds: OutputBounds
  readonly #predictions = new OutputBuffer()
  #deadLetters: OutputRecord[] = []
  #deadLetterBytes = 0
  #last: 'prediction' | 'deadLetter' | null = null
  #firstOffset: bigint
  #firstTimestampMs = Number.NaN

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
    return this.#predictions.count + this.#deadLetters.length
  }

  get isFull(): boolean {
    const bytes = this.#predictions.byteLength + this.#deadLetterBytes
    return this.pending >= this.#bounds.maxRecords || bytes >= this.#bounds.maxBytes
  }

  /** How many more records fit until it is full. */
  get room(): number {
    return this.isFull ? 0 : this.#bounds.maxRecords - this.pending
  }

  /** Takes in records that were published before: no output. */
  replay(records: readonly InputRecord[], from: number, until: number): void {
    const last = records[until - 1]
    if (last !== undefined) this.#firstOffset = last.offset + 1n
    this.#process(records, from, until, () => {})
  }

  /** Takes in records and keeps the one output of each for the next cut. */
  apply(records: readonly InputRecord[], from: number, until: number, visit: OutcomeVisitor): void {
    if (this.pending === 0) this.#firstTimestampMs = records[from]?.timestampMs ?? Number.NaN
    this.#process(records, from, until, (index, outcome) => {
      const record = records[index] as InputRecord
      const { failure } = outcome
      visit(record, outcome)
      if (failure === null) {
        this.#encoder.prediction(this.#predictions.begin(record.key), record, outcome)
        this.#predictions.end()
        this.#last = 'prediction'
      } else {
        this.#addDeadLetter(this.#encoder.deadLetter(record, failure))
      }
    })
  }

  /** Hands over what has come out since the last cut. `nextOffset`: behind the last record. */
  takeOutputs(nextOffset: bigint): Outputs {
    const outputs: Outputs = {
      firstOffset: this.#firstOffset,
      firstTimestampMs: this.#firstTimestampMs,
      predictions: this.#predictions.take(),
      deadLetters: this.#deadLetters,
      last: this.#last,
    }
    this.#deadLetters = []
    this.#deadLetterBytes = 0
    this.#last = null
    this.#firstOffset = nextOffset
    this.#firstTimestampMs = Number.NaN
    return outputs
  }

  #addDeadLetter(output: OutputRecord): void {
    this.#deadLetters.push(output)
    this.#deadLetterBytes += bytesOf(output)
    this.#last = 'deadLetter'
  }

  #process(
    records: readonly InputRecord[],
    from: number,
    until: number,
    visit: (index: number, outcome: StreamOutcome) => void,
  ): void {
    const before = this.model.records
    this.#processor.processMany(records, from, until, visit)
    const taken = this.model.records - before
    assert(taken === until - from, 'every record is counted once, dead letters included')
  }
}
