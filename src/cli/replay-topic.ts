import { assert } from '../assert.ts'
import { systemClock } from '../clock.ts'
import type { LoadedConfig } from '../config/load.ts'
import type { ServiceConfig } from '../config/schema.ts'
import type { TopicReader } from '../kafka/topic-reader.ts'
import type { DecodeFailure } from '../record/types.ts'
import { openProcessor } from '../task/open-processor.ts'
import { openBoard } from './board.ts'
import type { Io } from './command.ts'
import { PlotHistory } from './plot.ts'
import { PredictionsFile } from './predictions-file.ts'
import { Progress } from './progress.ts'
import type { ReplayPlan } from './replay-file.ts'
import type { PartitionReport, ReplayReport } from './replay-report.ts'
import { type ReplayResult, runReplay } from './replay-run.ts'
import type { PartitionRange } from './replay-topic-range.ts'
import { TopicSource } from './replay-topic-source.ts'

/** A replay of one configuration over all its partitions. */
export interface TopicResult {
  readonly report: ReplayReport
  /** Of the first partition with records. */
  readonly history: PlotHistory
  /** The first dead letter of the first partition that has one. */
  readonly firstFailure: {
    readonly place: string
    readonly failure: DecodeFailure
  } | null
}

interface PartitionResult {
  readonly range: PartitionRange
  readonly result: ReplayResult
  /** Offset of the first dead letter; null without one. */
  readonly failedAt: bigint | null
}

/** What the partitions of one replay share. */
interface Surroundings {
  readonly config: ServiceConfig
  readonly reader: Pick<TopicReader, 'read'>
  readonly plan: ReplayPlan
  readonly signal: AbortSignal
  readonly predictions: PredictionsFile | null
  /** Whether a prediction names its partition. */
  readonly isNamed: boolean
}

/**
 * Replays one configuration over the pieces of its topic, a fresh model for each, one after the
 * other, with a progress bar on a terminal. The rows of `plan` are those of each partition.
 */
export async function replayTopic(
  { config, warnings }: LoadedConfig<ServiceConfig>,
  reader: Pick<TopicReader, 'read'>,
  ranges: readonly PartitionRange[],
  plan: ReplayPlan,
  io: Io,
): Promise<TopicResult> {
  for (const warning of warnings) io.stderr.write(`headrace: ${warning}\n`)
  const { signal } = io
  const predictions =
    plan.predictions === undefined ? null : await PredictionsFile.open(plan.predictions, config)
  const shared = { config, reader, plan, signal, predictions, isNamed: ranges.length > 1 }
  const progress = new Progress(io.stderr, systemClock)
  const offsets = ranges.reduce((sum, { from, until }) => sum + Number(until - from), 0)
  const done: PartitionResult[] = []
  let records = 0
  let before = 0
  try {
    for (const range of ranges) {
      if (signal.aborted && done.length > 0) break
      const share = Number(range.until - range.from) / Math.max(1, offsets)
      const partition = await replayPartition(shared, range, (rows, fraction) =>
        progress.update(records + rows, before + fraction * share),
      )
      done.push(partition)
      records += partition.result.report.records
      before += share
    }
  } finally {
    progress.clear()
    await predictions?.close()
  }
  return pooled(config, done, plan)
}

async function replayPartition(
  { config, reader, plan, signal, predictions, isNamed }: Surroundings,
  range: PartitionRange,
  onProgress: (rows: number, fraction: number) => void,
): Promise<PartitionResult> {
  const source = new TopicSource(reader, range, { limit: plan.limit, signal })
  const processor = openProcessor(config)
  const partition = isNamed ? range.partition : undefined
  let row = 0
  let failedAt: bigint | null = null
  const result = await runReplay({
    config,
    batches: source,
    processor: {
      model: processor.model,
      processMany: (records, from, until, visit) =>
        processor.processMany(records, from, until, (i, outcome) => {
          if (outcome.failure !== null) failedAt ??= source.offsetOf(row)
          row++
          visit(i, outcome)
        }),
    },
    clock: systemClock,
    signal,
    scoreFrom: plan.scoreFrom,
    scoreFromStep: plan.scoreFromStep,
    predictions:
      predictions === null
        ? undefined
        : {
            add: (at, outcome) => predictions.add(source.offsetOf(at), outcome, partition),
            flush: () => predictions.flush(),
          },
    onProgress: (rows) => onProgress(rows, source.fractionDone(rows)),
  })
  return { range, result, failedAt }
}

/** One report for all partitions. What is said of a model is there where there is one model. */
function pooled(
  config: ServiceConfig,
  done: readonly PartitionResult[],
  plan: ReplayPlan,
): TopicResult {
  const [first] = done
  const board = openBoard(config, first?.result.board.members ?? memberNames(config), plan)
  for (const { result } of done) board.pool(result.board)
  const sum = (of: (report: ReplayReport) => number) =>
    done.reduce((total, { result }) => total + of(result.report), 0)
  const records = sum((report) => report.records)
  const seconds = sum((report) => report.seconds)
  const partitions = done.map(partitionReport)
  const stateHash = partitions.length === 1 ? partitions[0]?.stateHash : undefined
  const report: ReplayReport = {
    records,
    deadLetters: sum((report) => report.deadLetters),
    sequences: sum((report) => report.sequences),
    seconds,
    ...(seconds > 0 ? { recordsPerSecond: records / seconds } : {}),
    ...(stateHash === undefined ? {} : { stateHash }),
    ...(partitions.length === 1 ? seasonsOf(first) : {}),
    partitions,
    scoredFrom: plan.scoreFrom ?? 0,
    ...(plan.scoreFromStep === undefined ? {} : { scoredFromStep: plan.scoreFromStep }),
    ...board.report(seconds),
  }
  const plotted = done.find(({ result }) => result.report.records > 0) ?? first
  const history = plotted?.result.history ?? new PlotHistory()
  return { report, history, firstFailure: firstFailureOf(done) }
}

function partitionReport({ range, result }: PartitionResult): PartitionReport {
  const { records, stateHash } = result.report
  assert(stateHash !== undefined, 'a replay ends with a hash of its state')
  const { partition, from, until } = range
  return {
    partition,
    from: Number(from),
    until: Number(until),
    records,
    stateHash,
    ...seasonsOf({ result }),
  }
}

function seasonsOf(partition: Pick<PartitionResult, 'result'> | undefined): { seasons?: number[] } {
  const seasons = partition?.result.report.seasons
  return seasons === undefined ? {} : { seasons }
}

function firstFailureOf(done: readonly PartitionResult[]): TopicResult['firstFailure'] {
  for (const { range, result, failedAt } of done) {
    if (result.firstFailure === null || failedAt === null) continue
    const place = `partition ${range.partition}, offset ${failedAt}`
    return { place, failure: result.firstFailure.failure }
  }
  return null
}

/** For a board without a partition: interrupted before the first. */
function memberNames(config: ServiceConfig): readonly string[] {
  return openProcessor(config).model.memberNames
}
