import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../clock.ts'
import type { Config } from '../config/schema.ts'
import type { Scored } from '../model/scored.ts'
import type { DecodeFailure, Forecast } from '../record/types.ts'
import { PlotHistory } from './plot.ts'
import type { ReplayReport } from './replay-report.ts'
import { Scoreboard } from './scoreboard.ts'

/** Rows between two looks at the clock, the signal and the disk. */
const SLICE = 128

/** One row of the input, decoded or not. */
export interface ReplayRecord {
  readonly key: Uint8Array | null
  /** null on a topic alone. */
  readonly value: Uint8Array | null
  readonly timestampMs: number | null
}

/** What became of one row. */
interface ReplayOutcome {
  readonly failure: DecodeFailure | null
  readonly forecast: Forecast
  readonly scored: Scored
}

/** What the replay drives: a processor behind the decoder of a file. */
export interface ReplayProcessor {
  processMany(
    records: readonly ReplayRecord[],
    from: number,
    until: number,
    visit: (index: number, outcome: ReplayOutcome) => void,
  ): void
  readonly model: {
    readonly memberNames: readonly string[]
    readonly liveSequences: number
    readonly seasonsNow: readonly number[]
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
  add(row: number, forecast: Forecast): void
  flush(): Promise<void>
}

export interface ReplayResult {
  readonly report: ReplayReport
  /** What the report's scores are made of, for pooling. */
  readonly board: Scoreboard
  /** The first sequence's first target at the smallest horizon, for the plot. */
  readonly history: PlotHistory
  /** The first dead letter's row and reason. */
  readonly firstFailure: { readonly row: number; readonly failure: DecodeFailure } | null
}

/** The layout of the scoreboard that a configuration asks for. */
export function scoreboardFor(
  config: Config,
  members: readonly string[],
  from: { scoreFrom?: number | undefined; scoreFromStep?: number | undefined },
): Scoreboard {
  const { targets, horizons, intervals, seasons } = config.task
  return new Scoreboard({
    targets,
    horizons,
    levels: intervals,
    members,
    seasonal: seasons === 'auto' || seasons.length > 0,
    fromRow: from.scoreFrom ?? 0,
    fromStep: from.scoreFromStep ?? 0,
  })
}

/** Runs the rows through one model, from the first to the last or until the signal. */
export async function runReplay(options: ReplayOptions): Promise<ReplayResult> {
  const { config, processor, clock, predictions } = options
  const { model } = processor
  const board = scoreboardFor(config, model.memberNames, options)
  const state = new Rows(board)
  const startMs = clock.monotonicMs()
  let bytes = 0
  for await (const batch of options.batches) {
    const visit = (i: number, outcome: ReplayOutcome) => {
      bytes += (batch[i]?.value?.length ?? 0) + 1
      if (outcome.failure === null) predictions?.add(state.records, outcome.forecast)
      state.add(outcome)
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
    ...(config.task.seasons === 'auto' ? { seasons: [...model.seasonsNow] } : {}),
    scoredFrom: options.scoreFrom ?? 0,
    ...(options.scoreFromStep === undefined ? {} : { scoredFromStep: options.scoreFromStep }),
    scores: board.toJson(),
  }
  return { report, board, history: state.history, firstFailure: state.firstFailure }
}

/** Counts, scores and the plot's history over the rows; also fed by the service of the demo. */
export class Rows {
  readonly board: Scoreboard
  readonly history = new PlotHistory()
  records = 0
  deadLetters = 0
  firstFailure: { row: number; failure: DecodeFailure } | null = null
  #plotted: string | null = null

  constructor(board: Scoreboard) {
    this.board = board
  }

  add(outcome: ReplayOutcome): void {
    const row = this.records++
    const { failure, forecast, scored } = outcome
    if (failure !== null) {
      this.deadLetters++
      this.firstFailure ??= { row, failure }
      return
    }
    this.board.add(row, forecast.sequence, scored)
    this.#plotted ??= forecast.sequence
    if (forecast.sequence !== this.#plotted) return
    const predicted = scored.present[0] === 1 ? (scored.mixture[0] as number) : Number.NaN
    this.history.add(scored.observed[0] as number, predicted)
  }
}
