import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AssertionError } from '../../../../src/assert.ts'
import type { Model } from '../../../../src/model/model.ts'
import type { Seal, StateRow } from '../../../../src/model/snapshot/snapshots.ts'
import { type Driver, insideOf } from '../support/driver.ts'
import { boundedConfig, driverOf, type Entry, feed, SlotStore, streamOf } from './support.ts'

/**
 * What happens to a task: it takes in records, snapshots, and dies. `arrives`: whether a
 * transaction in doubt is in the log after all.
 */
type Action =
  | { readonly what: 'records'; readonly count: number }
  | { readonly what: 'begin' }
  | { readonly what: 'whole' }
  | { readonly what: 'take'; readonly maxBytes: number }
  | { readonly what: 'doubt'; readonly maxBytes: number; readonly arrives: boolean }
  | { readonly what: 'seal'; readonly arrives: boolean; readonly dies: boolean }
  | { readonly what: 'crash' }

/** A rule broken on purpose. */
interface Mutant {
  /** Changes the rules of a model that has just been made. */
  readonly patch?: (model: Model) => void
  readonly tombstonesInBothSlots?: boolean
  readonly forgetsOtherSlot?: boolean
  readonly cutsDuringReplay?: boolean
}

const config = boundedConfig(
  {
    portfolio: 'network',
    kernel: 'reference',
    hidden: 2,
    learningRates: [1e-3],
    updateEvery: 2,
    block: 2,
  },
  { max: 2, keep: 3 },
)
const bytes = fc.constantFrom(1, 4_000, 1_000_000)
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ what: fc.constant('records'), count: fc.nat(6) }) },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('begin') }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('whole') }) },
  { weight: 6, arbitrary: fc.record({ what: fc.constant('take'), maxBytes: bytes }) },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant('doubt'),
      maxBytes: bytes,
      arrives: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      what: fc.constant('seal'),
      arrives: fc.nat(3).map((i) => i > 0),
      dies: fc.nat(4).map((i) => i === 0),
    }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('crash') }) },
) as fc.Arbitrary<Action>

const never = () => false

class History {
  readonly store = new SlotStore()
  private readonly stream: readonly Entry[]
  private readonly mutant: Mutant
  /** Per record count: the hashes of an undisturbed model. */
  private readonly states: string[] = []
  private readonly chains: string[] = []
  private driver: Driver
  /** Records up to the newest commit in the log. */
  private committed = 0
  checked = 0

  constructor(stream: readonly Entry[], mutant: Mutant) {
    this.stream = stream
    this.mutant = mutant
    const undisturbed = driverOf(config)
    for (const entry of [...stream, null]) {
      this.states.push(undisturbed.model.stateHash())
      this.chains.push(undisturbed.model.chainHash())
      feed(undisturbed, entry)
    }
    this.driver = this.open()
  }

  act(action: Action): void {
    const { snapshots } = this.driver.model
    if (action.what === 'records') this.feed(action.count)
    else if (action.what === 'crash') this.crash()
    else if (action.what === 'begin') {
      if (!snapshots.isInProgress) snapshots.begin()
    } else if (action.what === 'whole') {
      if (!snapshots.isInProgress) snapshots.begin()
      while (!snapshots.isComplete) this.commit(snapshots.take(1_000_000, never))
      this.seal(snapshots.seal(), { arrives: true, dies: false })
    } else if (!snapshots.isInProgress) return
    else if (action.what === 'take') this.commit(snapshots.take(action.maxBytes, never))
    else if (action.what === 'doubt') {
      const rows = snapshots.take(action.maxBytes, never)
      if (action.arrives) this.commit(rows)
      snapshots.abandon()
    } else if (snapshots.isComplete) this.seal(snapshots.seal(), action)
  }

  /** A model made from the newest sealed slot: what it was at the cut, and goes on alike. */
  check(): void {
    const restored = this.open()
    this.store.restore(restored.model)
    const { records } = restored.model
    expect(restored.model.stateHash()).toBe(this.states[records])
    expect(restored.model.chainHash()).toBe(this.chains[records])
    this.checked++
  }

  private seal(seal: Seal, { arrives, dies }: { arrives: boolean; dies: boolean }): void {
    expect(seal.stateHash).toBe(this.states[seal.records])
    if (arrives) {
      this.store.seals[seal.slot] = seal
      this.committed = this.driver.model.records
    }
    if (dies) this.crash()
    else if (arrives) this.driver.model.snapshots.sealed()
    else this.driver.model.snapshots.abandon()
    this.check()
  }

  private commit(rows: readonly StateRow[]): void {
    const { slot } = this.driver.model.snapshots
    this.store.write(slot, rows)
    this.committed = this.driver.model.records
    if (this.mutant.tombstonesInBothSlots !== true) return
    this.store.write(
      slot === 0 ? 1 : 0,
      rows.filter(({ bytes }) => bytes === null),
    )
  }

  private crash(): void {
    this.check()
    this.driver = this.open()
    const { model } = this.driver
    const forgets = this.mutant.forgetsOtherSlot === true
    this.store.restore(model, forgets ? () => [] : undefined)
    if (this.mutant.cutsDuringReplay === true) model.snapshots.begin()
    else this.feed(this.committed - model.records)
  }

  private feed(count: number): void {
    const { model } = this.driver
    const { records } = model
    for (const entry of this.stream.slice(records, records + count)) feed(this.driver, entry)
    expect(model.chainHash()).toBe(this.chains[model.records])
  }

  private open(): Driver {
    const driver = driverOf(config)
    this.mutant.patch?.(driver.model)
    return driver
  }
}

function property(mutant: Mutant, count: { checks: number }) {
  return fc.property(
    fc.integer({ min: 1, max: 1e6 }),
    fc.array(action, { minLength: 20, maxLength: 120, size: 'max' }),
    (seed, actions) => {
      const history = new History(streamOf(seed, 150, 7), mutant)
      for (const each of actions) history.act(each)
      history.check()
      count.checks += history.checked
    },
  )
}

/** What a mutant changes of a model's snapshots. */
interface Rules {
  slots: readonly [Names, Names]
  cuts: [number, number]
  isDue: (sequence: { core: Float64Array }) => boolean
}
interface Names {
  exhume(): void
  gone(sequence: object): void
  bury(): ReadonlySet<string>
}

function rulesOf({ snapshots }: Model): Rules {
  return snapshots as unknown as Rules
}

describe('two slots', () => {
  test('the newest sealed one always is the state at its cut', () => {
    const count = { checks: 0 }
    fc.assert(property({}, count), { numRuns: 250, seed: 11 })
    expect(count.checks).toBeGreaterThan(1000)
  })

  const mutants: Record<string, Mutant> = {
    'changed since the last seal instead of the slot’s own': {
      patch: (model) => {
        const rules = rulesOf(model)
        rules.isDue = ({ core }) => (core[2] as number) > Math.max(...rules.cuts)
      },
    },
    'tombstones in both slots': { tombstonesInBothSlots: true },
    'no tombstones': {
      patch: (model) => {
        for (const slot of rulesOf(model).slots) slot.bury = () => new Set()
      },
    },
    'names of an abandoned snapshot forgotten': {
      patch: (model) => {
        for (const slot of rulesOf(model).slots) slot.exhume = () => undefined
      },
    },
    'names of the other slot forgotten by a restore': { forgetsOtherSlot: true },
    'a cut begun during replay': { cutsDuringReplay: true },
    'no row before the first change': {
      patch: (model) => {
        const { table } = insideOf(model)
        table.touch = () => undefined
      },
    },
  }

  test.each(Object.entries(mutants))('and would not be with: %s', (_, mutant) => {
    const details = fc.check(property(mutant, { checks: 0 }), {
      numRuns: 250,
      seed: 11,
      endOnFailure: true,
    })
    expect(details.failed).toBe(true)
    // It is the state that is wrong: no invariant of the snapshots has caught it before.
    expect(details.errorInstance).not.toBeInstanceOf(AssertionError)
  })
})
