import { describe, expect, test } from 'vitest'
import { openKernel } from '../../../src/kernels/index.ts'
import { ABSENT } from '../../../src/model/layout.ts'
import { Model } from '../../../src/model/model.ts'
import { Random } from '../../../src/random.ts'
import { type Sample, sampleSize } from '../../../src/record/types.ts'
import { SlotStore, snapshotTo } from './snapshot/support.ts'
import { configOf, Driver, type Event, insideOf } from './support/driver.ts'
import { openPool, type Pool, type PoolSequence } from './support/pool.ts'

/** Tables in use, as [first field, second or −1, room of the first, of the second]. */
function shapesOf({ categories }: Pool): number[][] {
  const { fields, shapes } = categories
  return Array.from({ length: fields[1]! }, (_, i) => [...shapes.subarray(4 * i, 4 * i + 4)])
}

/** Decides on the fields that `at` makes for step t, and returns the tables. */
function decided(known: string[], at: (t: number) => (number | null)[]): number[][] {
  const pool = openPool({ known, horizons: [1] })
  const sequence = pool.sequence()
  for (let t = 0; t < 512; t++) sequence.push([0, ...at(t), ...at(t + 1)])
  return shapesOf(pool)
}

describe('which known fields are categories', () => {
  test('is decided at record 512 of all sequences together, neither before nor after', () => {
    const pool = openPool({ known: ['day', 'hour'] })
    const [a, b] = [pool.sequence(), pool.sequence()]
    const push = (i: number, hour: number) => (i % 3 === 0 ? a : b).push([1, i % 2, hour, 0, 0])
    for (let i = 0; i < 511; i++) push(i, i % 24)
    expect(shapesOf(pool)).toEqual([])
    push(511, 3)
    const shapes = [
      [1, -1, 32, 0],
      [0, -1, 2, 0],
      [1, 0, 32, 2],
    ]
    expect(shapesOf(pool)).toEqual(shapes)
    for (let i = 512; i < 600; i++) push(i, 60.5)
    expect(shapesOf(pool)).toEqual(shapes)
  })

  test('those whose values are a few whole numbers, missing ones aside', () => {
    const of = (value: (t: number) => number | null) => decided(['k'], (t) => [value(t)]).length
    expect(of((t) => t % 2)).toBe(1)
    expect(of((t) => (t % 5 === 0 ? null : t % 7))).toBe(1)
    expect(of((t) => t % 64)).toBe(1)
    expect(of((t) => t % 65)).toBe(0)
    expect(of((t) => (t === 400 ? 0.5 : t % 3))).toBe(0)
    expect(of((t) => (t === 0 ? -1 : t % 3))).toBe(0)
    expect(of(() => 0)).toBe(0)
    expect(of(() => null)).toBe(0)
  })

  test('the widest come first, alone and in pairs, as far as there is room', () => {
    const sizes = [2, 64, 5, 2, 31, 3, 7]
    const known = sizes.map((_, i) => `k${i}`)
    const tables = decided(known, (t) => sizes.map((size) => t % size))
    expect(tables).toEqual([
      [1, -1, 64, 0],
      [4, -1, 32, 0],
      [2, -1, 8, 0],
      [6, -1, 8, 0],
      [5, -1, 4, 0],
      [0, -1, 2, 0],
      // 64 × 32 is more than a table has.
      [1, 2, 64, 8],
      [1, 6, 64, 8],
      [1, 5, 64, 4],
      [1, 0, 64, 2],
      [4, 2, 32, 8],
      [4, 6, 32, 8],
    ])
  })
})

const task = { targets: ['y', 'z'], known: ['day', 'hour'], horizons: [1, 9], seasons: [4] }

/** Two sequences at unlike levels, with fields of which some come late or never. */
function* randomSteps(pool: Pool): Generator<PoolSequence> {
  const sequences = [pool.sequence(), pool.sequence()]
  pool.categories.share(2)
  const random = new Random(12)
  for (let i = 0; i < 900; i++) {
    const at = random.uint32() % 2
    const value = () => (random.uniform() < 0.1 ? null : 100 * at + random.normal())
    const day = () => (random.uniform() < 0.1 ? null : random.uint32() % 2)
    // Hour 7 comes once the rooms are dealt, 6 and 40 as well; 2.5 is no name.
    const hour = () => [0, 1, 2, 3, 4, i < 600 ? 5 : [6, 7, 40, 2.5][random.uint32() % 4]!]
    const known = () => [day(), hour()[random.uint32() % 6]!]
    sequences[at]!.push([value(), value(), ...known(), ...known(), ...known()])
    yield sequences[at]!
  }
}

describe('tables of what is usual', () => {
  test('are weighted means over all sequences in each one’s own units, by brute force', () => {
    const pool = openPool(task)
    const { d, profiles, history } = pool
    /** Standardised values by target, table and cell, in the order of the log. */
    const seen = new Map<string, number[]>()
    const tables = [[1], [0], [1, 0]]
    const room = [2, 8]
    const cellOf = (target: number, table: number, known: readonly number[]) => {
      const values = tables[table]!.map((field) => known[field]!)
      const fits = tables[table]!.every(
        (field) => Number.isInteger(known[field]) && known[field]! < room[field]!,
      )
      return fits ? `${target} ${table} ${values.join(' ')}` : null
    }
    const usualOf = (cell: string | null) => {
      const list = cell === null ? [] : (seen.get(cell) ?? [])
      let left = 1
      let sum = 0
      for (let n = list.length; n > 0; n--) {
        const rate = Math.max(1 / n, 0.1 / 2)
        sum += left * rate * list[n - 1]!
        left *= 1 - rate
      }
      return list.length === 0 ? null : sum
    }
    let records = 0
    let compared = 0
    for (const sequence of randomSteps(pool)) {
      const isDecided = ++records >= 512
      const { core, newest, rows } = sequence
      const row = rows[newest]!
      const compare = (at: number, i: number, known: readonly number[]) => {
        tables.forEach((_, table) => {
          const z = isDecided ? usualOf(cellOf(i, table, known)) : null
          if (z === null) {
            expect(core[at + table]).toBe(ABSENT)
            return
          }
          compared++
          const usual = history.mean(core, 0, i, newest) + z * history.scale(core, 0, i, newest)
          expect(core[at + table]).toBeCloseTo(usual, 8)
        })
      }
      for (let i = 0; i < d.targets; i++) {
        const known = [...row.subarray(2, 4)]
        compare(profiles.usualPlace(newest, i) + d.seasons.length, i, known)
        const value = sequence.value(newest, i)
        if (isDecided && value !== null) {
          tables.forEach((_, table) => {
            const cell = cellOf(i, table, known)
            if (cell === null) return
            seen.set(cell, [...(seen.get(cell) ?? []), sequence.standard(value, newest, i)])
          })
        }
        d.horizons.forEach((_, k) => {
          const ahead = profiles.aheadPlace(newest, k) + i * profiles.tables + d.seasons.length
          compare(ahead, i, [...row.subarray(4 + 2 * k, 6 + 2 * k)])
        })
      }
    }
    expect(compared).toBeGreaterThan(3000)
    // A value that came late has a cell of its own where there is room, 40 has none.
    expect([...seen.keys()].some((cell) => cell.startsWith('0 0 7'))).toBe(true)
    expect([...seen.keys()].some((cell) => cell.includes('40'))).toBe(false)
  })

  test('tell the phase of the widest category at the target, of values seen by then', () => {
    const pool = openPool(task)
    let records = 0
    for (const { core, newest, rows } of randomSteps(pool)) {
      const isDecided = ++records >= 512
      pool.d.horizons.forEach((_, k) => {
        const hour = rows[newest]![5 + 2 * k]!
        const isKnown = isDecided && [0, 1, 2, 3, 4, 5].includes(hour)
        expect(pool.profiles.categoryPhase(core, newest, k)).toBe(isKnown ? hour / 6 : ABSENT)
      })
    }
  })
})

/** A stream in which what is decided at record 512 matters. */
function streamOf(count: number, keys: number): Event[] {
  const random = new Random(13)
  const steps = Array.from({ length: keys }, () => 0)
  return Array.from({ length: count }, (_, i) => {
    const key = i % keys
    const t = steps[key]!++
    const known = [t, t + 1, t + 3].flatMap((at) => [at % 2, at % 24])
    const value = 10 + 5 * Math.sin((t % 24) / 4) + random.normal()
    const values = [random.uniform() < 0.1 ? null : value, ...known]
    return { sequence: `k${key}`, timeMs: 1000 * i, values }
  })
}

const config = (kernel: 'reference' | 'wasm') =>
  configOf({
    task: { targets: ['y'], known: ['day', 'hour'], horizons: [1, 3], seasons: [6] },
    model: { kernel, hidden: 3, window: 4, updateEvery: 2, learningRates: [1e-3] },
  })

function sampleOf(model: Model, { sequence = '', timeMs = null, values }: Event): Sample {
  const row = new Float64Array(sampleSize(model.dimensions.fields)).fill(NaN)
  values.forEach((value, i) => {
    row[i] = value ?? NaN
  })
  return { sequence, timeMs, values: row }
}

describe.each(['reference', 'wasm'] as const)('a model with categories, %s kernel', (kernel) => {
  test('goes on as if nothing had been, restored before and after they are decided', () => {
    const stream = streamOf(1000, 3)
    const undisturbed = new Driver(config(kernel), openKernel(kernel))
    for (const event of stream) undisturbed.step(event)
    const hashes = ({ model }: Driver) => [model.chainHash(), model.stateHash()]
    for (const cut of [300, 511, 512, 800]) {
      const driver = new Driver(config(kernel), openKernel(kernel))
      for (const event of stream.slice(0, cut)) driver.step(event)
      const store = new SlotStore()
      snapshotTo(store, driver.model)
      const restored = new Driver(config(kernel), openKernel(kernel))
      store.restore(restored.model)
      for (const event of stream.slice(cut)) restored.step(event)
      expect(hashes(restored)).toEqual(hashes(undisturbed))
    }
    const { array } = insideOf(undisturbed.model)
      .shared.call(undisturbed.model)
      .find(({ name }) => name === 'categories/fields')!
    expect([...array]).toEqual([512, 3, 1, 23])
  })

  test('says the same of steps that began together as of each by itself', () => {
    const stream = streamOf(1200, 12)
    const alone = new Driver(config(kernel), openKernel(kernel))
    const expected = stream.map((event) => {
      alone.step(event)
      return [alone.means, alone.model.chainHash()]
    })
    const model = new Model(config(kernel), openKernel(kernel))
    const samples = stream.map((event) => sampleOf(model, event))
    const sizes = new Set<number>()
    let spansDecision = false
    for (let i = 0; i < samples.length; ) {
      const rows = model.beginSteps(samples, i, samples.length)
      sizes.add(rows)
      if (i < 511 && i + rows > 512) spansDecision = true
      for (const end = i + rows; i < end; i++) {
        model.absorbSample(samples[i]!)
        model.finishStep()
        expect([[...model.forecast.means], model.chainHash()]).toEqual(expected[i])
      }
    }
    expect(Math.max(...sizes)).toBeGreaterThan(4)
    expect(spansDecision).toBe(true)
    expect(model.stateHash()).toBe(alone.model.stateHash())
  })

  test('has a line gated by them from the decision on', () => {
    const driver = new Driver(config(kernel), openKernel(kernel))
    const { model } = driver
    const at = model.memberNames.indexOf('rls:gated:known')
    let first = 0
    const stream = streamOf(600, 1)
    stream.forEach((event, i) => {
      driver.step(event)
      const { present, members } = model.scored
      if (first === 0 && present[0] === 1 && Number.isFinite(members[at])) first = i
    })
    // The forecast made at the record of the decision is the first.
    expect(first).toBeGreaterThanOrEqual(512)
    expect(first).toBeLessThan(516)
  })
})
