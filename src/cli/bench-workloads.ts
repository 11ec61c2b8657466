import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Replay } from '../bench/replay.ts'
import type { KernelName } from '../bench/rows.ts'
import { syntheticInputs, syntheticLines } from '../bench/synthetic.ts'
import type { Workload } from '../bench/workload.ts'
import type { Clock } from '../clock.ts'
import { forecastOf } from '../config/kinds.ts'
import { loadConfig } from '../config/load.ts'
import type { ForecastConfig } from '../config/schema.ts'
import { Processor } from '../task/processor.ts'
import { demoFile } from './demo-data.ts'
import type { FileInput } from './file-bytes.ts'
import { openFileSource } from './file-source.ts'
import { runReplay } from './replay-run.ts'

export type Portfolio = Workload['portfolio']

const taxiHorizons = [1, 5]
/** A day and a week of half hours. */
const taxiSeasons = [48, 336]

/**
 * The bundled taxi series for one sequence; for more, waves with 16 further fields, interleaved,
 * one horizon, no seasons.
 * @param records of the workload at most; the taxi series has 10,320
 * @param inputs fields beside the target of each wave
 */
export function openWorkload(
  kernel: KernelName,
  portfolio: Portfolio,
  sequences: number,
  records: number,
  inputs = syntheticInputs,
): Workload {
  return sequences === 1
    ? taxiWorkload(kernel, portfolio, records)
    : syntheticWorkload(kernel, portfolio, sequences, records, inputs)
}

/** What `headrace replay` does with the workload, without its progress. */
export function replayWorkload(clock: Clock): Replay {
  return async (workload, signal) => {
    const { config } = workload
    const source = await workload.open()
    const processor = new Processor(config, source.decoder)
    const { report } = await runReplay({
      config,
      batches: source,
      processor,
      clock,
      signal,
    })
    return report
  }
}

function taxiWorkload(kernel: KernelName, portfolio: Portfolio, records: number): Workload {
  const shape = { inputs: 0, horizons: taxiHorizons, seasons: taxiSeasons }
  const config = configOf(kernel, portfolio, {
    'task.targets': ['value'],
    'task.horizons': taxiHorizons,
    'task.seasons': taxiSeasons,
  })
  const input = { path: fileURLToPath(demoFile('nyc_taxi.csv')) }
  const open = () => openRecords(config, input, records)
  return { portfolio, sequences: 1, data: 'nyc_taxi', ...shape, config, open }
}

function syntheticWorkload(
  kernel: KernelName,
  portfolio: Portfolio,
  sequences: number,
  records: number,
  inputs: number,
): Workload {
  const shape = { inputs, horizons: [1], seasons: [] }
  const config = configOf(kernel, portfolio, {
    'task.targets': ['value'],
    'task.inputs': Array.from({ length: inputs }, (_, i) => `x${i + 1}`),
    'task.horizons': shape.horizons,
    'task.seasons': shape.seasons,
    'input.key': 'key',
  })
  let chunks: Buffer[] | undefined
  const open = () => {
    chunks ??= syntheticLines(records, sequences, inputs)
    return openRecords(config, { stream: Readable.from(chunks) }, records)
  }
  return { portfolio, sequences, data: 'synthetic', ...shape, config, open }
}

function configOf(
  kernel: KernelName,
  portfolio: Portfolio,
  values: Readonly<Record<string, unknown>>,
): ForecastConfig {
  const all = { ...values, 'model.portfolio': portfolio, 'model.kernel': kernel }
  const overrides = Object.entries(all).map(([path, value]) => ({
    path: path.split('.'),
    value,
    option: 'headrace bench',
  }))
  return forecastOf(loadConfig({ env: {}, overrides }).config, 'headrace bench')
}

function openRecords(config: ForecastConfig, input: FileInput, limit: number) {
  const { task, input: fields } = config
  return openFileSource({ input, time: fields.time, key: fields.key, fields: task, limit })
}
