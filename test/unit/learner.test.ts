import { describe, expect, test } from 'vitest'
import type { ErrorCode, HeadraceError } from '../../src/errors.ts'
import { type Event, Learner, type LearnerOptions } from '../../src/index.ts'
import { Random } from '../../src/random.ts'

const options: LearnerOptions = {
  task: { targets: ['passengers'], inputs: ['temperature'], known: ['holiday'], horizons: [1, 5] },
  model: { hidden: 4, learningRates: [1e-3] },
}

function codeOf(action: () => unknown): { code: ErrorCode; message: string } {
  try {
    action()
  } catch (error) {
    const { code, message } = error as HeadraceError
    return { code, message }
  }
  throw new Error('nothing was thrown')
}

function eventOf(i: number): Event {
  return {
    sequence: i % 2 === 0 ? 'jfk' : 'lga',
    time: 1_400_000_000_000 + 1_800_000 * i,
    values: { passengers: 100 + 10 * Math.sin(i / 4), temperature: i % 20, 'holiday+1': 0 },
  }
}

describe('Learner', () => {
  test('learns from events and predicts what comes next', () => {
    const learner = new Learner({ task: { targets: ['y'], seasons: [24] } })
    const random = new Random(1)
    let error = 0
    let expected = 0
    for (let hour = 0; hour < 1000; hour++) {
      // Without noise, all errors lie on one side of the mean, and so does the interval.
      const y = 50 + 20 * Math.sin((2 * Math.PI * hour) / 24) + 0.1 * random.normal()
      if (hour >= 800) error += Math.abs(y - expected) / 200
      const time = hour * 3_600_000
      const [next] = learner.step({ time, values: { y } })
      expected = next!.mean
      expect(next).toMatchObject({ target: 'y', horizon: 1 })
    }
    expect(error).toBeLessThan(0.5)
    expect(learner.records).toBe(1000)
    expect(learner.updates).toBeGreaterThan(100)
    const [next] = learner.predictOne()
    expect(next!.mean).toBe(expected)
    for (const { lower, upper } of next!.intervals) {
      expect(lower).toBeLessThanOrEqual(next!.mean)
      expect(upper).toBeGreaterThanOrEqual(next!.mean)
    }
    const mixture = learner.scores().find(({ member }) => member === 'mixture')
    expect(mixture!.count).toBe(999)
  })

  test('predictOne is [] for a sequence that is not known, and learns nothing', () => {
    const learner = new Learner(options)
    expect(learner.predictOne()).toEqual([])
    learner.learnOne(eventOf(0))
    const before = learner.stateHash()
    expect(learner.predictOne('elsewhere')).toEqual([])
    expect(learner.predictOne('jfk').map(({ horizon }) => horizon)).toEqual([1, 5])
    expect(learner.predictOne('jfk')[0]!.intervals).toEqual([])
    expect(learner.stateHash()).toBe(before)
  })

  test('step is learnOne and then predictOne, with the same bits', () => {
    const [one, other] = [new Learner(options), new Learner(options)]
    for (let i = 0; i < 120; i++) {
      const event = eventOf(i)
      other.learnOne(event)
      expect(one.step(event)).toEqual(other.predictOne(event.sequence))
    }
    expect(one.stateHash()).toBe(other.stateHash())
    const intervals = one.predictOne('jfk')[0]!.intervals
    expect(intervals.map(({ level }) => level)).toEqual([0.8, 0.95])
  })

  test('a missing value may be left out, undefined or null', () => {
    const hashes = [{}, { temperature: undefined }, { temperature: null }].map((missing) => {
      const learner = new Learner(options)
      for (let i = 0; i < 20; i++) learner.learnOne({ values: { passengers: i, ...missing } })
      return learner.stateHash()
    })
    expect(new Set(hashes).size).toBe(1)
  })

  test('an event time may be text or milliseconds, with the same bits', () => {
    const times = [0, '1970-01-01', '1970-01-01T00:00:00Z', '1970-01-01 01:00:00+01:00']
    const hashes = times.map((time) => {
      const learner = new Learner(options)
      learner.learnOne({ time, values: { passengers: 1 } })
      return learner.stateHash()
    })
    expect(new Set(hashes).size).toBe(1)
  })

  test('−0 and a fraction of a millisecond are taken as the decoders take them', () => {
    const [one, other] = [new Learner(options), new Learner(options)]
    one.learnOne({ time: -0.5, values: { passengers: -0 } })
    other.learnOne({ time: -1, values: { passengers: 0 } })
    expect(one.stateHash()).toBe(other.stateHash())
  })

  test('options that are wrong are all named', () => {
    const { code, message } = codeOf(
      () => new Learner({ task: { targets: [], horizons: [0] }, model: { hiden: 3 } } as never),
    )
    expect(code).toBe('HEADRACE_CONFIG_INVALID')
    for (const name of ['targets', 'horizons', 'hiden', 'hidden']) expect(message).toContain(name)
    expect(codeOf(() => new Learner({} as never)).code).toBe('HEADRACE_CONFIG_INVALID')
  })

  const bad: readonly (readonly [string, Event, ErrorCode, string])[] = [
    [
      'a text',
      { values: { passengers: '5' as never } },
      'HEADRACE_RECORD_WRONG_TYPE',
      'passengers',
    ],
    ['NaN', { values: { temperature: NaN } }, 'HEADRACE_RECORD_NOT_FINITE', 'temperature'],
    ['infinity', { values: { 'holiday+5': Infinity } }, 'HEADRACE_RECORD_NOT_FINITE', 'holiday+5'],
    ['1e300', { values: { holiday: -1e300 } }, 'HEADRACE_RECORD_OUT_OF_RANGE', 'holiday'],
    ['no time', { time: 'soon', values: {} }, 'HEADRACE_RECORD_TIME_INVALID', 'soon'],
    ['a time out of range', { time: 1e300, values: {} }, 'HEADRACE_RECORD_TIME_INVALID', '1e+300'],
    ['a time that is NaN', { time: NaN, values: {} }, 'HEADRACE_RECORD_TIME_INVALID', 'NaN'],
  ]
  for (const [name, event, code, where] of bad) {
    test(`${name} in an event is refused, and nothing has changed`, () => {
      const learner = new Learner(options)
      for (let i = 0; i < 20; i++) learner.learnOne(eventOf(i))
      const before = learner.stateHash()
      const thrown = codeOf(() => learner.step(event))
      expect(thrown.code).toBe(code)
      expect(thrown.message).toContain(where)
      expect(learner.stateHash()).toBe(before)
      expect(learner.records).toBe(20)
      learner.learnOne(eventOf(20))
      expect(learner.records).toBe(21)
    })
  }
})
