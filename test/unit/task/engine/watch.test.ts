import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Scored } from '../../../../src/model/scored.ts'
import type { Forecast } from '../../../../src/record/types.ts'
import type { StreamModel, StreamOutcome } from '../../../../src/task/engine/engine.ts'
import type { WatchChoice, WatchedPoints } from '../../../../src/task/engine/messages.ts'
import { pointHead, pointsMax, Watch } from '../../../../src/task/engine/watch.ts'
import { FakeProcessor } from '../support/fake-processor.ts'

const everything: WatchChoice = { sequence: null, target: 0, horizon: 0, after: null }
const width = pointHead + 2

/** A record of one target, one horizon, one level. */
function outcome(records: number, sequence = 'a', isScored = true): StreamOutcome {
  const forecast: Forecast = {
    sequence,
    timeMs: 1_000 * records,
    forMs: Float64Array.of(1_000 * (records + 1)),
    means: Float64Array.of(records + 0.25),
    bounds: Float64Array.of(records - 1, records + 1),
    observed: Float64Array.of(records),
    predicted: new Float64Array(1),
    surprise: new Float64Array(1),
    drifts: new Uint8Array(1),
    records,
    updates: 0,
  }
  const scored = {
    present: Uint8Array.of(isScored ? 1 : 0),
    observed: Float64Array.of(records),
    mixture: Float64Array.of(records - 0.5),
    bounds: Float64Array.of(records - 2, records + 2),
  } as Partial<Scored> as Scored
  return { failure: null, forecast, scored }
}

function rowsOf({ points }: WatchedPoints): number[][] {
  return Array.from({ length: points.length / width }, (_, i) => [
    ...points.subarray(i * width, (i + 1) * width),
  ])
}

function begun(choice = everything): Watch {
  const watch = new Watch(7, choice)
  watch.begin(new FakeProcessor().model)
  return watch
}

describe('a watch', () => {
  test('tells what came, what had been predicted for it, and what is expected', () => {
    const watch = begun()
    expect(watch.add(outcome(1, 'a', false))).toBe(true)
    expect(watch.add(outcome(2))).toBe(false)
    const taken = watch.take()
    expect(taken).toMatchObject({ watch: 7, sequence: 'a', isReset: true, skipped: 0 })
    expect(rowsOf(taken)).toEqual([
      [1, 1_000, 1, Number.NaN, Number.NaN, Number.NaN],
      [2, 2_000, 2, 1.5, 0, 4],
    ])
    expect([...(taken.next ?? [])]).toEqual([3_000, 2.25, 1, 3])
    watch.add(outcome(3))
    expect(watch.take()).toMatchObject({ isReset: false, skipped: 0 })
  })

  test('looks at its own sequence alone, and passes over dead letters', () => {
    const watch = begun({ ...everything, sequence: 'b' })
    const failure = { code: 'HEADRACE_RECORD_BAD', message: 'bad' } as const
    expect(watch.add(outcome(1))).toBe(false)
    expect(watch.add({ ...outcome(2, 'b'), failure })).toBe(false)
    expect(watch.add(outcome(3, 'b'))).toBe(true)
    expect(rowsOf(watch.take()).map(([records]) => records)).toEqual([3])
  })

  test('of many points keeps evenly chosen ones and the newest, and counts the others', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 3_000 }), { maxLength: 4 }), (counts) => {
        const watch = begun()
        let records = 0
        for (const count of counts) {
          const first = records + 1
          for (let i = 0; i < count; i++) watch.add(outcome(++records))
          const taken = watch.take()
          const kept = rowsOf(taken).map(([each = 0]) => each)
          expect(kept.length).toBeLessThanOrEqual(pointsMax)
          expect(kept.length).toBeGreaterThanOrEqual(Math.min(count, pointsMax / 2))
          expect(taken.skipped).toBe(count - kept.length)
          expect([kept[0], kept.at(-1)]).toEqual([first, records])
          const gaps = kept.slice(1, -1).map((each, i) => each - (kept[i] as number))
          expect(new Set(gaps).size).toBeLessThanOrEqual(1)
          // Whole rows: none is made of two.
          for (const row of rowsOf(taken)) expect(row[3]).toBe((row[0] as number) - 0.5)
        }
      }),
      { numRuns: 60 },
    )
  })
})

describe('what a watch begins with', () => {
  const past = {
    steps: 5,
    lastUsed: 50,
    values: Float64Array.of(3, Number.NaN, 5),
    timesMs: Float64Array.of(30, 40, 50),
    forMs: 60,
    mean: 6,
    bounds: Float64Array.of(5, 7),
  }
  const model: StreamModel = {
    ...new FakeProcessor().model,
    view: {
      mostRecent: () => 'last',
      search: () => ({ names: [], isCut: false }),
      past: (name) => (name === 'last' ? past : null),
    },
  }

  test('is the newest values of the sequence used last, and its forecast', () => {
    const told = new Watch(1, everything).begin(model) as WatchedPoints
    expect(told).toMatchObject({ sequence: 'last', isReset: true })
    const { NaN: none } = Number
    expect(rowsOf(told)).toEqual([
      [30, 30, 3, none, none, none],
      [40, 40, none, none, none, none],
      [50, 50, 5, none, none, none],
    ])
    expect([...(told.next ?? [])]).toEqual([60, 6, 5, 7])
  })

  test('is nothing where all of it is known, and then no point comes twice', () => {
    const watch = new Watch(1, { ...everything, sequence: 'last', after: 52 })
    expect(watch.begin(model)).toBeNull()
    expect(watch.add(outcome(52, 'last'))).toBe(false)
    expect(watch.add(outcome(53, 'last'))).toBe(true)
    expect(watch.take().isReset).toBe(false)
  })

  test('is the past again where points were missed', () => {
    const watch = new Watch(1, { ...everything, sequence: 'last', after: 49 })
    expect(watch.begin(model)).toMatchObject({ isReset: true })
  })

  test('is empty for a sequence that nobody knows', () => {
    const watch = new Watch(1, { ...everything, sequence: 'nobody' })
    expect(watch.begin(model)).toMatchObject({ sequence: 'nobody', isReset: true, next: null })
    expect(watch.begin(model)?.points).toHaveLength(0)
  })
})
