import {
  type ConfigInput,
  configSchema,
  type SupervisedConfig,
} from '../../../../../src/config/schema.ts'
import { openKernel } from '../../../../../src/kernels/index.ts'
import type { SequenceTable } from '../../../../../src/model/sequence.ts'
import type { StateRow } from '../../../../../src/model/snapshot/snapshots.ts'
import type { SharedArray } from '../../../../../src/model/state.ts'
import { SupervisedModel } from '../../../../../src/model/supervised/model.ts'
import type { SupervisedSample } from '../../../../../src/record/types.ts'

/** A record as tests write it: what is left out is missing. */
export interface Entry {
  readonly sequence?: string
  readonly timeMs?: number
  readonly id?: string
  /** null: no input at all, a record that only brings labels. */
  readonly inputs?: readonly number[] | null
  readonly categories?: readonly (string | null)[]
  readonly values?: readonly number[]
  readonly classes?: readonly (string | null)[]
}

type Task = Partial<Extract<ConfigInput['task'], { kind: 'supervised' }>>

/** A configuration of small networks. */
export function supervised(
  task: Task,
  rest: Omit<Partial<ConfigInput>, 'task'> = {},
): SupervisedConfig {
  return configSchema.parse({
    ...rest,
    task: { kind: 'supervised', inputs: ['x'], targets: ['y'], calendar: false, ...task },
    model: { hidden: 6, window: 4, updateEvery: 2, learningRates: [3e-3], ...rest.model },
  }) as SupervisedConfig
}

export class Driver {
  readonly config: SupervisedConfig
  readonly model: SupervisedModel

  constructor(config: SupervisedConfig) {
    this.config = config
    this.model = new SupervisedModel(config, openKernel(config.model.kernel))
  }

  step(entry: Entry): void {
    const { model } = this
    const sample = sampleOf(entry, this.config)
    model.absorb(null, new TextEncoder().encode(JSON.stringify(entry)), sample.timeMs)
    model.step(sample)
  }

  feed(entries: Iterable<Entry>): this {
    for (const entry of entries) this.step(entry)
    return this
  }

  get hashes(): { chain: string; state: string; weights: string } {
    const { model } = this
    return {
      chain: model.chainHash(),
      state: model.stateHash(),
      weights: model.weightsHash(),
    }
  }
}

export function driverOf(config: SupervisedConfig): Driver {
  return new Driver(config)
}

function sampleOf(entry: Entry, { task }: SupervisedConfig): SupervisedSample {
  const { inputs, categories } = entry
  const none = (count: number) => new Array<number>(count).fill(Number.NaN)
  const names = task.categorical.map((_, c) => categories?.[c] ?? null)
  return {
    sequence: entry.sequence ?? '',
    timeMs: entry.timeMs ?? null,
    id: entry.id ?? null,
    hasInputs: (inputs !== null && inputs !== undefined) || names.some((name) => name !== null),
    inputs: Float64Array.from(inputs ?? none(task.inputs.length)),
    categories: names,
    values: Float64Array.from(entry.values ?? none(task.targets.length)),
    classes: task.targets.map((_, d) => entry.classes?.[d] ?? null),
  }
}

/** Both slots as a compacted changelog holds them. */
export class Store {
  private readonly rows = [new Map<string, StateRow>(), new Map<string, StateRow>()]

  /** Takes a whole snapshot of a model now, and returns a new model that was restored from it. */
  through(driver: Driver): Driver {
    const { snapshots } = driver.model
    snapshots.begin()
    const rows: StateRow[] = []
    while (!snapshots.isComplete) rows.push(...snapshots.take(1, () => false))
    return this.seal(driver, rows)
  }

  /** Ends a snapshot whose rows have been taken; see `through`. */
  seal(driver: Driver, rows: readonly StateRow[]): Driver {
    const { snapshots } = driver.model
    const own = this.rows[snapshots.slot] as Map<string, StateRow>
    for (const row of rows) own.set(`${row.kind}/${row.name}`, row)
    const seal = snapshots.seal()
    snapshots.sealed()
    const restored = driverOf(driver.config)
    const loader = restored.model.snapshots.loader()
    for (const { kind, name, bytes } of own.values()) {
      if (bytes === null) loader.gone(name)
      else if (kind === 'shared') loader.shared(bytes)
      else loader[kind](name, bytes)
    }
    loader.finish(seal, { otherSlotNames: [], otherSlotCut: null })
    return restored
  }
}

/** Names of the arrays of the state that hold a NaN. */
export function arraysWithNaN(model: SupervisedModel): string[] {
  const inside = model as unknown as { shared(): SharedArray[]; table: SequenceTable }
  const found = inside
    .shared()
    .filter(({ array }) => !(array instanceof Uint32Array) && array.some(Number.isNaN))
    .map(({ name }) => name)
  for (const { name, core, home, statesAt } of inside.table.byName.values()) {
    const states = home.float32.subarray(statesAt, statesAt + inside.table.stateSize)
    if (core.some(Number.isNaN) || states.some(Number.isNaN)) found.push(`sequence ${name}`)
  }
  return found
}

/** Mean of numbers; NaN of none. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
