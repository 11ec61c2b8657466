import { expect, test } from 'vitest'
import { CALENDAR_SIZE, writeCalendar } from '../../../src/model/calendar.ts'

const DAY_MS = 86_400_000

function calendar(timeMs: number): number[] {
  const out = new Float64Array(CALENDAR_SIZE + 2)
  writeCalendar(timeMs, out, 1)
  expect([out[0], out[CALENDAR_SIZE + 1]]).toEqual([0, 0])
  return [...out.subarray(1, 1 + CALENDAR_SIZE)]
}

test('features are two harmonics of the day in UTC and one of the week, before 1970 too', () => {
  for (const timeMs of [0, 1, 1404172800000, 1404174600000, -12345678, 1e15, -1e15]) {
    const day = (2 * Math.PI * (((timeMs % DAY_MS) + DAY_MS) % DAY_MS)) / DAY_MS
    const weekMs = 7 * DAY_MS
    const week = (2 * Math.PI * (((timeMs % weekMs) + weekMs) % weekMs)) / weekMs
    const expected = [
      Math.sin(day),
      Math.cos(day),
      Math.sin(2 * day),
      Math.cos(2 * day),
      Math.sin(week),
      Math.cos(week),
    ]
    calendar(timeMs).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 7)
    })
  }
})

test('features repeat after a week to the bit', () => {
  const timeMs = 1404174600000
  expect(calendar(timeMs + 7 * DAY_MS)).toEqual(calendar(timeMs))
  expect(calendar(timeMs + DAY_MS)).not.toEqual(calendar(timeMs))
})

test('without a time all are zero', () => {
  expect(calendar(Infinity)).toEqual([0, 0, 0, 0, 0, 0])
  expect(calendar(NaN)).toEqual([0, 0, 0, 0, 0, 0])
})
