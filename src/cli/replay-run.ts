import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../clock.ts'
import type { Config } from '../config/schema.ts'
import type { DecodeFailure } from '../record/types.ts'
import type { StreamOutcome } from '../task/engine/engine.ts'
import { type Board, openBoard } from './board.ts'
import { PlotHistory } from './plot.ts'
import type { ReplayReport } from './replay-report.ts'

/** Rows between two looks at the clock, the signal and the disk. */
const SLICE = 128

/** One row of the input, decoded or not. */
export interface ReplayRecord {
  readonly key: Uint8Array | null
  /** null on a topic alone. */
  readonly value: Uint8Array | null
  readonly timestampMs: number | null
  /** Number of the row that it is scored as; without it, of the record. */
  readonly row?: number
}

/** What the replay drives: a processor behind the decoder of a file. */
export interface ReplayProcessor {
  processMany(
    records: readonly ReplayRecord[],
    from: number,
    until: number,
    visit: (index: number, outcome: StreamOutcome) => void,
  ): void
  readonly model: {
    readonly memberNames: readonly string[]
    readonly liveSequences: number
    /** Periods in steps that were found; absent where a model finds none. */
    readonly seasonsNow?: readonly number[]
    stateHash(): string
  }
}

export interface ReplayOptions {
  readonly config: Config
  readonly batches: AsyncIterable<readonly ReplayRecord[]>
  readonly processor: ReplayProcessor
  readonly clock: Clock
  /** Aborted: the replay ends at the next slice, with what it has. */
  readonly signal: AbortSignal
  readonly scoreFrom?: number | undefined
  readonly scoreFromStep?: number | undefined
  readonly predictions?: Predictions | undefined
  /** Rows done and the bytes of their values. */
  onProgress?(records: number, bytes: number): void
}

/** Where the published records go. */
interface Predictions {
  add(row: number, outcome: StreamOutcome): void
  flush(): Promise<void>
}

export interface ReplayResult {
  readonly report: ReplayReport
  /** What the report's scores are made of, for pooling. */
  readonly board: Board
  /** The first sequence's first target at the smallest horizon, for the plot. */
  readonly history: PlotHistory
  /** The first dead letter's row and reason. */
  readonly firstFailure: { readonly row: number; readonly failure: DecodeFailure } | null
}

/** Runs the rows through one model, from the first to the last or until the signal. */
export async function runReplay(options: ReplayOptions): Promise<ReplayResult> {
  const { config, processor, clock, predictions } = options
  const { model } = processor
  const board = openBoard(config, model.memberNames, options)
  const state = new Rows(board)
  const startMs = clock.monotonicMs()
  let bytes = 0
  for await (const batch of options.batches) {
    const visit = (i: number, outcome: StreamOutcome) => {
      bytes += (batch[i]?.value?.length ?? 0) + 1
      if (outcome.failure === null) predictions?.add(state.records, outcome)
      state.add(outcome, batch[i]?.row)
    }
    for (let from = 0; from < batch.length && !options.signal.aborted; from += SLICE) {
      processor.processMany(batch, from, Math.min(batch.length, from + SLICE), visit)
      options.onProgress?.(state.records, bytes)
      await predictions?.flush()
      await turn()
    }
    if (options.signal.aborted) break
  }
  const seconds = (clock.monotonicMs() - startMs) / 1000
  const report: ReplayReport = {
    records: state.records,
    deadLetters: state.deadLetters,
    sequences: model.liveSequences,
    seconds,
    ...(seconds > 0 ? { recordsPerSecond: state.records / seconds } : {}),
    stateHash: model.stateHash(),
    ...foundSeasons(config, model),
    scoredFrom: options.scoreFrom ?? 0,
    ...(options.scoreFromStep === undefined ? {} : { scoredFromStep: options.scoreFromStep }),
    ...board.report(seconds),
  }
  return { report, board, history: state.history, firstFailure: state.firstFailure }
}

function foundSeasons(
  { task }: Config,
  { seasonsNow = [] }: ReplayProcessor['model'],
): Pick<ReplayReport, 'seasons'> {
  const isFound = task.kind === 'forecast' && task.seasons === 'auto'
  return isFound ? { seasons: [...seasonsNow] } : {}
}

/** Counts, scores and the plot's history over the rows; also fed by the service of the demo. */
export class Rows {
  readonly board: Board
  readonly history = new PlotHistory()
  records = 0
  deadLetters = 0
  firstFailure: { row: number; failure: DecodeFailure } | null = null
  #plotted: string | null = null

  constructor(board: Board) {
    this.board = board
  }

  /** `row`: that it is scored as, where it is not the number of the record. */
  add(outcome: StreamOutcome, row = this.records): void {
    this.records++
    const { failure, forecast, scored } = outcome
    if (failure !== null) {
      this.deadLetters++
      this.firstFailure ??= { row, failure }
      return
    }
    this.board.add(row, outcome)
    this.#plotted ??= forecast.sequence
    if (forecast.sequence !== this.#plotted) return
    const predicted = scored.present[0] === 1 ? (scored.mixture[0] as number) : Number.NaN
    this.history.add(scored.observed[0] as number, predicted)
  }
}
