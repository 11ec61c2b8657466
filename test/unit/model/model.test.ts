import { describe, expect, test } from 'vitest'
import type { ConfigInput } from '../../../src/config/schema.ts'
import { Hash64 } from '../../../src/model/hash.ts'
import { ABSENT } from '../../../src/model/layout.ts'
import { HEADER } from '../../../src/model/sequence.ts'
import { Random } from '../../../src/random.ts'
import {
  arraysWithNaN,
  configOf,
  Driver,
  type Event,
  hashOf,
  insideOf,
  sequenceOf,
  statesOf,
} from './support/driver.ts'
import { spyKernel } from './support/spy-kernel.ts'

const small = { hidden: 4, learningRates: [1e-3, 3e-3] }
const task = { targets: ['y'], inputs: ['i'], horizons: [1, 5] }

function driverOf(options: Partial<ConfigInput> = {}): Driver {
  return new Driver(configOf({ task, ...options, model: { ...small, ...options.model } }))
}

/** Events of several keys with everything in them: gaps, late times, inputs. */
function eventsOf(seed: number, count: number, keys = ['a', 'b', 'c']): Event[] {
  const random = new Random(seed)
  return Array.from({ length: count }, (_, i) => ({
    sequence: keys[random.uint32() % keys.length]!,
    timeMs: 1_400_000_000_000 + 1_800_000 * i - (random.uniform() < 0.1 ? 5_000_000 : 0),
    values: [
      random.uniform() < 0.1 ? null : Math.sin(i / 5) + 0.3 * random.normal(),
      random.uniform() < 0.2 ? null : random.normal(),
    ],
  }))
}

function hashesOf(driver: Driver, events: readonly Event[]): string[] {
  for (const event of events) driver.step(event)
  return [driver.model.chainHash(), driver.model.stateHash()]
}

describe('the model is a pure function of its records', () => {
  const events = eventsOf(1, 300)
  const truth = hashesOf(driverOf(), events)

  test('two runs give the same bits', () => {
    expect(hashesOf(driverOf(), events)).toEqual(truth)
    expect(truth[0]).toMatch(/^[0-9a-f]{16}$/)
    expect(truth[1]).toMatch(/^[0-9a-f]{16}$/)
  })

  test('looking at it in between changes nothing', () => {
    const driver = driverOf()
    const { model } = driver
    for (const event of events) {
      driver.step(event)
      model.chainHash()
      model.stateHash()
      model.weightsHash()
      model.scores.summary()
      model.gradientNormByLag()
      model.recall('a', new Float64Array(2), new Float64Array(8))
    }
    expect([model.chainHash(), model.stateHash()]).toEqual(truth)
  })

  const last = events[200]!
  const changes: Readonly<Record<string, (list: Event[]) => void>> = {
    'one value by one bit': (list) => {
      const value = list.findLastIndex(({ values }, i) => i <= 200 && values[0] !== null)
      const event = list[value]!
      list[value] = { ...event, values: [event.values[0]! + 2 ** -40, event.values[1]!] }
    },
    'one missing value': (list) => {
      list[200] = { ...last, values: [null, last.values[1]!] }
    },
    'one input': (list) => {
      list[200] = { ...last, values: [last.values[0]!, 0.125] }
    },
    'one key': (list) => {
      list[200] = { ...last, sequence: last.sequence === 'a' ? 'b' : 'a' }
    },
    'one event time by a millisecond': (list) => {
      list[200] = { ...last, timeMs: last.timeMs! + 1 }
    },
    'one event time left out': (list) => {
      list[200] = { ...last, timeMs: null }
    },
    'the order of two records': (list) => {
      list.splice(200, 2, list[201]!, list[200]!)
    },
    'one record more': (list) => {
      list.splice(200, 0, last)
    },
  }
  for (const [name, change] of Object.entries(changes)) {
    test(`${name} changes chain hash and state hash`, () => {
      const list = [...events]
      change(list)
      const [chain, state] = hashesOf(driverOf(), list)
      expect(chain).not.toBe(truth[0])
      expect(state).not.toBe(truth[1])
    })
  }

  test('the seed changes them too', () => {
    const [chain, state] = hashesOf(driverOf({ model: { seed: 2 } }), events)
    expect(chain).not.toBe(truth[0])
    expect(state).not.toBe(truth[1])
  })

  test('the chain takes in the outputs and the updates, not the records alone', () => {
    const chains = [{}, { diagnostics: false }, { learn: false }, { hidden: 5 }].map(
      (model) => hashesOf(driverOf({ model }), events)[0],
    )
    expect(new Set(chains).size).toBe(chains.length)
  })

  test('the chain takes in each record, all predictions, H_t and each update, to the bit', () => {
    const { kernel, networks } = spyKernel()
    const options = { task, model: { ...small, portfolio: 'network' as const } }
    const driver = new Driver(configOf(options), kernel)
    const { model } = driver
    const { members } = insideOf(model).steps
    const memberWords = new Uint32Array(members.buffer)
    const { means } = model.forecast
    const expected = new Hash64()
    let updates = 0
    let ended = 0
    for (const network of networks) network.onUpdate = () => updates++
    const takeUpdate = () => {
      if (updates === ended) return
      ended = updates
      expected.float64(model.lastUpdate.loss)
      expected.float64(model.lastUpdate.gradientNorm)
    }
    events.forEach(({ sequence = '', timeMs = null, values }, i) => {
      driver.step(events[i]!)
      const words = new Uint32Array(statesOf(model, sequenceOf(model, sequence)).buffer)
      expected.text(sequence)
      expected.float64(timeMs ?? ABSENT)
      for (const value of values) expected.float64(value ?? ABSENT)
      expected.words(memberWords, 0, memberWords.length)
      for (const mean of means) expected.float64(Number.isNaN(mean) ? ABSENT : mean)
      expected.words(words, 0, words.length)
      takeUpdate()
      if (i % 10 === 9) {
        driver.skip()
        expected.word(0)
        expected.word(0)
        expected.float64(ABSENT)
        takeUpdate()
      }
      expect(model.chainHash()).toBe(expected.hex())
    })
    expect(members.length).toBe(2 * model.memberNames.length)
    expect(updates).toBeGreaterThan(10)
  })

  test('no record of the future changes a prediction before it', () => {
    const futures = [events, [...events.slice(0, 150), ...eventsOf(99, 150)]]
    const [one, other] = futures.map((list) => {
      const driver = driverOf()
      return list.slice(0, 151).map((event) => {
        driver.step(event)
        return [...driver.means, ...driver.model.forecast.bounds]
      })
    })
    expect(one!.slice(0, 150)).toEqual(other!.slice(0, 150))
    expect(one![150]).not.toEqual(other![150])
  })

  test('shuffling the future of a series changes no prediction before it', () => {
    const random = new Random(5)
    const series = Array.from({ length: 400 }, (_, i) => Math.sin(i / 3) + 0.1 * random.normal())
    const shuffled = [...series.slice(0, 200), ...series.slice(200).sort((a, b) => a - b)]
    const [one, other] = [series, shuffled].map((values) => {
      const driver = driverOf()
      return values.map((value) => {
        driver.step({ values: [value, null] })
        return driver.means
      })
    })
    expect(one!.slice(0, 200)).toEqual(other!.slice(0, 200))
    expect(one!.slice(201)).not.toEqual(other!.slice(201))
  })
})

describe('what is published', () => {
  const events = eventsOf(2, 250)

  test('does not depend on whether the forgetting twin is scored', () => {
    const [on, off] = [true, false].map((diagnostics) => {
      const driver = driverOf({ model: { diagnostics } })
      return events.map((event) => {
        driver.step(event)
        const { forMs, means, bounds, predicted, surprise } = driver.model.forecast
        return [...forMs, ...means, ...bounds, ...predicted, ...surprise]
      })
    })
    expect(on).toEqual(off)
    expect(driverOf().model.memberNames.at(-1)).toBe('network:no-carry')
    expect(driverOf({ model: { diagnostics: false } }).model.memberNames).not.toContain(
      'network:no-carry',
    )
  })

  test('is null before the first value of a target, which starts at once from then on', () => {
    const driver = driverOf({ task: { targets: ['a', 'b'], horizons: [1] } })
    const { forecast, scored } = driver.model
    driver.step({ values: [null, null] })
    expect([...forecast.means]).toEqual([NaN, NaN])
    driver.step({ values: [1000, null] })
    expect(forecast.means[0]).toBeCloseTo(1000, 9)
    expect(forecast.means[1]).toBe(NaN)
    // The first value of b had no forecast: nothing is scored, and nothing learnt from it.
    driver.step({ values: [1001, 500] })
    expect([...scored.present]).toEqual([1, 0])
    expect(forecast.predicted[0]).toBeCloseTo(1000, 9)
    expect(forecast.predicted[1]).toBe(NaN)
    expect(forecast.means[1]).toBeCloseTo(500, 9)
  })

  test('is from one network alone in portfolio network, the one with the middle rate', () => {
    const driver = driverOf({ model: { portfolio: 'network', learningRates: [3e-4, 1e-3, 3e-3] } })
    expect(driver.model.memberNames).toEqual(['network:1e-3', 'network:no-carry'])
    for (const event of events) {
      driver.step(event)
      expect(driver.means.every((mean, k) => Number.isFinite(mean) || k > 0)).toBe(true)
    }
    expect(driver.model.updates).toBeGreaterThan(5)
    const { scored, memberNames } = driver.model
    for (let slot = 0; slot < 2; slot++) {
      expect(scored.mixture[slot]).toBe(scored.members[slot * memberNames.length])
    }
    expect(arraysWithNaN(driver.model)).toEqual([])
  })

  test('surprise is the smallest horizon’s, a rank, uniform in the long run', () => {
    const driver = driverOf({ task: { targets: ['y'], horizons: [2] } })
    const { forecast } = driver.model
    const random = new Random(7)
    const means: number[] = []
    const tenths = new Float64Array(10)
    const steps = 4000
    for (let t = 0; t < steps; t++) {
      const value = random.normal()
      driver.step({ values: [value] })
      expect(forecast.predicted[0]).toBe(means[t - 2] ?? NaN)
      means.push(forecast.means[0]!)
      const surprise = forecast.surprise[0]!
      if (t < 3) expect(surprise).toBe(NaN)
      else if (!Number.isNaN(surprise)) tenths[Math.min(9, Math.floor(surprise * 10))]! += 1
    }
    for (const count of tenths) expect(Math.abs(count / steps - 0.1)).toBeLessThan(0.025)
    driver.step({ values: [15] })
    expect(forecast.surprise[0]).toBeGreaterThan(0.999)
  })
})

describe('what is learnt', () => {
  const events = eventsOf(3, 300)

  test('learn: false leaves the weights as they were', () => {
    const driver = driverOf({ model: { learn: false } })
    const before = driver.model.weightsHash()
    for (const event of events) driver.step(event)
    expect(driver.model.weightsHash()).toBe(before)
    expect(driver.model.updates).toBe(0)
    const learning = driverOf()
    for (const event of events) learning.step(event)
    expect(learning.model.weightsHash()).not.toBe(before)
    expect(learning.model.updates).toBeGreaterThan(10)
  })

  test('weights change at block boundaries alone', () => {
    const driver = driverOf({ model: { block: 16, updateEvery: 8 } })
    const { counters } = insideOf(driver.model).learning
    let before = driver.model.weightsHash()
    for (const event of events) {
      const blocks = counters[2]
      driver.step(event)
      const now = driver.model.weightsHash()
      if (counters[2] === blocks) expect(now).toBe(before)
      before = now
    }
  })

  test('forgetting of shared least squares is spread over the live sequences', () => {
    const driver = driverOf({
      task: { targets: ['y', 'z'], seasons: [4] },
      sequences: { max: 2, keep: 3 },
    })
    const { squares } = (driver.model as unknown as { portfolio: Portfolio }).portfolio
    const alone = squares.map(({ rls }) => 1 - rls.forgetting)
    expect(new Set(alone.map((rate) => rate.toFixed(6)))).toEqual(
      new Set(['0.000500', '0.002000', '0.000200']),
    )
    const forgettings = new Set<number>()
    for (const event of eventsOf(4, 200, ['a', 'b', 'c', 'd', 'e'])) {
      driver.step(event)
      squares.forEach(({ rls }, i) => {
        expect(rls.forgetting).toBeCloseTo(1 - alone[i]! / driver.model.liveSequences, 12)
      })
      forgettings.add(squares[0]!.rls.forgetting)
    }
    expect(forgettings.size).toBeGreaterThan(2)
  })
})

interface Portfolio {
  readonly squares: readonly { readonly rls: { readonly forgetting: number } }[]
}

describe('dead letters and records without values', () => {
  test('a dead letter counts, chains, and leaves every sequence as it was', () => {
    const driver = driverOf({ model: { learn: false } })
    const { model } = driver
    for (const event of eventsOf(5, 100)) driver.step(event)
    const hashes = () => ['a', 'b', 'c'].map((name) => hashOf(model, name))
    driver.step({ sequence: 'a', values: [1, 1] })
    const before = hashes()
    const chain = model.chainHash()
    driver.skip()
    expect(model.records).toBe(102)
    expect(hashes()).toEqual(before)
    expect(model.chainHash()).not.toBe(chain)
    driver.step({ sequence: 'a', values: [1, 1] })
    expect(model.records).toBe(103)
    expect(hashes()).not.toEqual(before)
  })

  test('a missing target advances the state and learns nothing from that step', () => {
    const driver = driverOf()
    const { model } = driver
    for (const event of eventsOf(6, 50, ['a'])) driver.step(event)
    const sequence = sequenceOf(model, 'a')
    const states = statesOf(model, sequence)
    const { sums } = model.scores
    const before = sums.slice()
    driver.step({ sequence: 'a', values: [null, null] })
    expect(sequence.core[HEADER.steps]).toBe(51)
    expect(statesOf(model, sequence)).not.toEqual(states)
    expect(sums).toEqual(before)
  })
})
