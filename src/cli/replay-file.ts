import { systemClock } from '../clock.ts'
import type { AnyModel } from '../model/open.ts'
import type { Delay } from '../record/label-delay.ts'
import { type AnyDecoder, openProcessor } from '../task/open-processor.ts'
import type { Io } from './command.ts'
import type { FileInput } from './file-bytes.ts'
import { type FileRecord, openFileSource } from './file-source.ts'
import { PredictionsFile } from './predictions-file.ts'
import { Progress } from './progress.ts'
import type { ReplayConfig } from './replay-config.ts'
import { type ReplayResult, runReplay } from './replay-run.ts'

/** What a command asks of a replay beyond the configuration. */
export interface ReplayPlan {
  readonly scoreFrom?: number | undefined
  readonly scoreFromStep?: number | undefined
  readonly limit?: number | undefined
  /** Labels of a supervised task come so much later than their rows. */
  readonly labelDelay?: Delay | undefined
  /** File for what would be published. */
  readonly predictions?: string | undefined
}

/** Replays one configuration over a file or stream, with a progress bar on a terminal. */
export async function replayFile(
  config: ReplayConfig,
  input: FileInput,
  plan: ReplayPlan,
  io: Io,
): Promise<{ readonly result: ReplayResult; readonly model: AnyModel }> {
  for (const warning of config.warnings) io.stderr.write(`headrace: ${warning}\n`)
  const {
    task,
    input: { columns, time, key },
  } = config.config
  const source = await openFileSource({
    input,
    format: config.format,
    columns,
    time,
    key,
    fields: task,
    limit: plan.limit,
    labelDelay: plan.labelDelay,
  })
  const close = () => source.close()
  io.signal.addEventListener('abort', close)
  let predictions: PredictionsFile | undefined
  const progress = new Progress(io.stderr, systemClock)
  try {
    if (plan.predictions !== undefined) {
      predictions = await PredictionsFile.open(plan.predictions, config.config)
    }
    if (source.knownFilled && task.kind === 'forecast') {
      io.stderr.write(
        `headrace: ${task.known.join(', ')}: the values ahead are filled from the following rows\n`,
      )
    }
    const processor = openProcessor(config.config, source.decoder as AnyDecoder)
    const result = await runReplay({
      config: config.config,
      batches: source.format === 'bytes' ? singleBytes(source) : source,
      processor,
      clock: systemClock,
      signal: io.signal,
      scoreFrom: plan.scoreFrom,
      scoreFromStep: plan.scoreFromStep,
      predictions,
      onProgress: (records, bytes) =>
        progress.update(records, fractionDone(records, bytes, source, plan.limit)),
    })
    return { result, model: processor.model }
  } finally {
    progress.clear()
    io.signal.removeEventListener('abort', close)
    source.close()
    await predictions?.close()
  }
}

/** Every byte as a record of its own. */
async function* singleBytes(
  batches: AsyncIterable<readonly FileRecord[]>,
): AsyncGenerator<readonly FileRecord[]> {
  for await (const batch of batches) {
    yield batch.flatMap(({ value, row, ...rest }) =>
      Array.from(value, (_, i) => ({ ...rest, value: value.subarray(i, i + 1), row: row + i })),
    )
  }
}

/**
 * By bytes where the size is known, by rows where a limit comes first. A plain file is read ahead
 * of the model, a packed one has values longer than itself: the smaller of the two fits both.
 */
function fractionDone(
  records: number,
  bytes: number,
  source: { readonly bytesRead: number; readonly totalBytes: number | null },
  limit: number | undefined,
): number | null {
  const byRows = limit === undefined ? 0 : records / limit
  if (source.totalBytes === null) return limit === undefined ? null : byRows
  return Math.max(byRows, Math.min(bytes, source.bytesRead) / Math.max(1, source.totalBytes))
}
