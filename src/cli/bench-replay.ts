import type { Clock } from '../clock.ts'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { Random } from '../random.ts'
import { formatTime } from '../record/time.ts'
import { Processor } from '../task/processor.ts'
import { median } from './bench-update.ts'
import { Rows, scoreboardFor } from './replay-run.ts'

export interface ReplayCase {
  readonly portfolio: 'network' | 'full'
  readonly sequences: number
}

/** Decoding, predicting, learning and scoring of synthetic records, one core. */
export interface ReplayRow extends ReplayCase {
  readonly bench: 'replay'
  readonly kernel: 'reference'
  readonly recordsPerSecond: number
  readonly bytesPerSequence: number
}

const SEASON = 24
/** 2024-01-01T00:00:00Z */
const START_MS = 1_704_067_200_000

/** Medians over rounds; each round replays every case once through a fresh model. */
export function benchReplay(
  cases: readonly ReplayCase[],
  records: number,
  rounds: number,
  clock: Clock,
): ReplayRow[] {
  const speeds = cases.map((): number[] => [])
  for (let round = 0; round < rounds; round++) {
    cases.forEach((each, i) => {
      speeds[i]?.push(recordsPerSecond(each, records, clock))
    })
  }
  return cases.map((each, i) => ({
    bench: 'replay',
    kernel: 'reference',
    portfolio: each.portfolio,
    sequences: each.sequences,
    recordsPerSecond: median(speeds[i] ?? []),
    bytesPerSequence: new Processor(configOf(each)).model.bytesPerSequence,
  }))
}

function configOf({ portfolio }: ReplayCase): Config {
  const set = (path: string, value: unknown) => ({
    path: path.split('.'),
    value,
    option: 'headrace bench',
  })
  return loadConfig({
    env: {},
    overrides: [
      set('task.targets', ['value']),
      set('task.horizons', [1, 5]),
      set('task.seasons', portfolio === 'full' ? [SEASON] : []),
      set('model.portfolio', portfolio),
      set('input.time', 'time'),
    ],
  }).config
}

function recordsPerSecond(each: ReplayCase, count: number, clock: Clock): number {
  const config = configOf(each)
  const records = syntheticRecords(count, each.sequences)
  const processor = new Processor(config)
  const rows = new Rows(scoreboardFor(config, processor.model.memberNames, {}))
  const startMs = clock.monotonicMs()
  for (const { key, value } of records) rows.add(processor.process(key, value, null))
  return (count * 1000) / (clock.monotonicMs() - startMs)
}

/** A wave with noise for each sequence, in turn; a step is an hour. Equal counts, equal records. */
export function syntheticRecords(
  count: number,
  sequences: number,
): { readonly key: Uint8Array; readonly value: Uint8Array }[] {
  const random = new Random(count * 31 + sequences)
  return Array.from({ length: count }, (_, i) => {
    const step = Math.floor(i / sequences)
    const sequence = i % sequences
    const wave = Math.sin((2 * Math.PI * (step + sequence)) / SEASON)
    const value = 100 + sequence + 40 * wave + 5 * random.normal()
    const time = formatTime(START_MS + step * 3_600_000)
    return {
      key: Buffer.from(`s${sequence}`),
      value: Buffer.from(JSON.stringify({ time, value: Number(value.toFixed(3)) })),
    }
  })
}
