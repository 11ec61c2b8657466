import { readDemoRecords } from '../../../src/cli/demo-data.ts'
import type { ConfigInput, ForecastConfig } from '../../../src/config/schema.ts'
import { openKernel } from '../../../src/kernels/index.ts'
import { Random } from '../../../src/random.ts'
import type { Network } from '../../../src/rnn/index.ts'
import { configOf, Driver, type Event, insideOf } from '../model/support/driver.ts'

interface Member {
  readonly network: Network
}

interface Row {
  readonly timestamp: string
  readonly passengers: number
}

const ROWS: readonly Event[] = readDemoRecords().map(({ value }) => {
  const { timestamp, passengers }: Row = JSON.parse(value.toString())
  return { timeMs: Date.parse(timestamp), values: [passengers] }
})
export const RECORDS = ROWS.length

const SCALE = deviationOf(ROWS.map(({ values }) => values[0] ?? 0))

function deviationOf(values: readonly number[]): number {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length
  return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length)
}

export type ModelOptions = NonNullable<ConfigInput['model']>

/** Half an hour and two and a half hours ahead, with the seasons of a day and a week. */
export function taxi(model: ModelOptions): ForecastConfig {
  return configOf({ task: { targets: ['y'], horizons: [1, 5], seasons: [48, 336] }, model })
}

/** Largest differences between two kernels, in standard deviations of the target. */
interface Drift {
  /** Of any member's prediction, and of the published one. */
  readonly members: number
  readonly means: number
}

/** How far apart a whole run led, and how many updates both kernels made in it. */
interface Outcome extends Drift {
  readonly updates: number
}

/** Gives the networks of every driver the same noise on all weights: a start's read-out is zero. */
function stir(drivers: readonly Driver[]): void {
  for (const { model } of drivers) {
    const random = new Random(70)
    const { networks } = (model as unknown as { portfolio: { networks: Member[] } }).portfolio
    for (const { network } of networks) {
      const { parameters } = network.stateArrays()
      parameters.forEach((p, i) => {
        parameters[i] = p + 0.1 * random.normal()
      })
      network.stateWritten()
    }
  }
}

interface DriftOptions {
  /** Whether the networks have learnt something before the first record. */
  readonly stirred?: boolean
  /** Told, for each record, how many there have been and how far the kernels are apart at it. */
  readonly watch?: (count: number, now: Drift) => void
}

/** The first records of nyc_taxi through both kernels side by side. */
export function bothKernels(
  config: ForecastConfig,
  records: number,
  { stirred = false, watch }: DriftOptions = {},
): Outcome {
  const [a, b] = [
    new Driver(config, openKernel('reference')),
    new Driver(config, openKernel('wasm')),
  ]
  if (stirred) stir([a, b])
  const drift = { members: 0, means: 0 }
  ROWS.slice(0, records).forEach((row, i) => {
    a.step(row)
    b.step(row)
    const now = {
      members: apart(insideOf(a.model).steps.members, insideOf(b.model).steps.members),
      means: apart(a.means, b.means),
    }
    watch?.(i + 1, now)
    drift.members = Math.max(drift.members, now.members)
    drift.means = Math.max(drift.means, now.means)
  })
  const updates = [a, b].map(({ model }) => model.updates)
  if (updates[0] !== updates[1]) throw new Error(`${updates.join(' and ')} updates`)
  return { ...drift, updates: a.model.updates }
}

/** NaN counts as a difference without bound unless both have it. */
function apart(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let most = 0
  for (let i = 0; i < a.length; i++) {
    if (Object.is(a[i], b[i])) continue
    const difference = Math.abs(a[i]! - b[i]!) / SCALE
    most = Math.max(most, Number.isNaN(difference) ? Infinity : difference)
  }
  return most
}

/** Both hashes of the kernel `wasm` after the first records. */
export function hashesOf(
  config: ForecastConfig,
  records: number,
): { chain: string; state: string } {
  const run = new Driver(config, openKernel('wasm'))
  for (const row of ROWS.slice(0, records)) run.step(row)
  return { chain: run.model.chainHash(), state: run.model.stateHash() }
}
