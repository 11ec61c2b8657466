import type { ConfigInput, ForecastConfig } from '../../../../src/config/schema.ts'
import { openKernel } from '../../../../src/kernels/index.ts'
import type { Seal, Snapshots, StateRow } from '../../../../src/model/snapshot/snapshots.ts'
import { Random } from '../../../../src/random.ts'
import { configOf, Driver, type Event } from '../support/driver.ts'

/** A small model over two targets whose bounds are soon reached. */
export function boundedConfig(
  model: ConfigInput['model'],
  sequences: { max: number; keep: number } = { max: 6, keep: 12 },
): ForecastConfig {
  return configOf({
    task: { targets: ['y', 'z'], horizons: [1, 3], seasons: [4], intervals: [0.8] },
    model: { hidden: 3, window: 4, updateEvery: 3, block: 'auto', ...model },
    sequences,
  })
}

export function driverOf(config: ForecastConfig): Driver {
  return new Driver(config, openKernel(config.model.kernel))
}

/** One record of a stream; null is a dead letter. */
export type Entry = Event | null

/** A stream over `keys` keys of unequal weight, with gaps, missing values and dead letters. */
export function streamOf(seed: number, count: number, keys: number): Entry[] {
  const random = new Random(seed)
  return Array.from({ length: count }, (_, i) => {
    if (random.uint32() % 17 === 0) return null
    const key = Math.min(random.uint32() % keys, random.uint32() % keys)
    const value = () => (random.uint32() % 9 === 0 ? null : 10 * key + random.normal())
    return { sequence: `key ${key}`, timeMs: 1000 * i, values: [value(), value()] }
  })
}

export function feed(driver: Driver, entry: Entry): void {
  if (entry === null) driver.skip()
  else driver.step(entry)
}

const never = () => false

/** Any model with snapshots. */
interface Captured {
  readonly snapshots: Snapshots
}

/** All rows that are left of the snapshot in progress. */
export function takeAll(model: Captured): StateRow[] {
  const rows: StateRow[] = []
  while (!model.snapshots.isComplete) {
    rows.push(...model.snapshots.take(Number.MAX_SAFE_INTEGER, never))
  }
  return rows
}

/** What a compacted changelog holds of the snapshots: the newest row of each key. */
export class SlotStore {
  private readonly rows = [new Map<string, StateRow>(), new Map<string, StateRow>()] as const
  readonly seals: [Seal | null, Seal | null] = [null, null]

  write(slot: 0 | 1, rows: readonly StateRow[]): void {
    for (const row of rows) {
      const id = `${row.kind}/${row.name}`
      if (row.bytes === null) this.rows[slot].delete(id)
      else this.rows[slot].set(id, row)
    }
  }

  get newest(): Seal | null {
    const [a, b] = this.seals
    return (a?.number ?? 0) > (b?.number ?? 0) ? a : b
  }

  rowsOf(slot: 0 | 1): StateRow[] {
    return [...this.rows[slot].values()]
  }

  names(slot: 0 | 1): string[] {
    return this.rowsOf(slot)
      .filter(({ kind }) => kind === 'sequence')
      .map(({ name }) => name)
  }

  /** Makes `model` what the newest sealed snapshot says; without one tells it what lies about. */
  restore(model: Captured, names = (slot: 0 | 1): string[] => this.names(slot)): void {
    const seal = this.newest
    if (seal === null) {
      for (const slot of [0, 1] as const) model.snapshots.remember(slot, names(slot))
      return
    }
    const loader = model.snapshots.loader()
    for (const { kind, name, bytes } of this.rowsOf(seal.slot)) {
      if (kind === 'shared') loader.shared(bytes as Uint8Array)
      else loader[kind](name, bytes as Uint8Array)
    }
    const other = seal.slot === 0 ? 1 : 0
    const otherSlotCut = this.seals[other]?.records ?? null
    loader.finish(seal, { otherSlotNames: names(other), otherSlotCut })
  }
}

/** A whole snapshot at once, sealed. */
export function snapshotTo(store: SlotStore, model: Captured): Seal {
  const { snapshots } = model
  snapshots.begin()
  store.write(snapshots.slot, takeAll(model))
  const seal = snapshots.seal()
  store.seals[seal.slot] = seal
  snapshots.sealed()
  return seal
}
