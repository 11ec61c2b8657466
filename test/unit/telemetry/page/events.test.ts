import { expect, test } from 'vitest'
import { eventText, pointsData } from '../../../../src/telemetry/page/events.ts'

const choice = { partition: 0, sequence: 'a\nb', target: 'y', horizon: 1 }
const { NaN: none } = Number

test('an event is a name, one line of JSON, and an empty line, whatever the data hold', () => {
  const text = eventText('points', { a: 'one\ntwo\u2028', b: none })
  expect(text).toBe('event: points\ndata: {"a":"one\\ntwo\u2028","b":null}\n\n')
})

test('points are rows with pairs of bounds; what is unknown is null', () => {
  const data = pointsData({
    choice,
    isReset: true,
    skipped: 3,
    points: Float64Array.of(7, none, 5, none, none, none, none, none, 8, 90, 5, 4, 3, 6, 2, 7),
    next: Float64Array.of(100, 4.5, 4, 5, 3, 6),
  })
  expect(JSON.parse(JSON.stringify(data))).toEqual({
    choice,
    isReset: true,
    skipped: 3,
    points: [
      [7, null, 5, null, null],
      [
        8,
        90,
        5,
        4,
        [
          [3, 6],
          [2, 7],
        ],
      ],
    ],
    next: {
      timeMs: 100,
      mean: 4.5,
      bounds: [
        [4, 5],
        [3, 6],
      ],
    },
  })
})

test('without intervals and without a forecast there are no bounds', () => {
  const points = Float64Array.of(7, 80, 5, 4)
  const head = { choice, isReset: false, skipped: 0 }
  expect(pointsData({ ...head, points, next: Float64Array.of(90, 4) })).toMatchObject({
    points: [[7, 80, 5, 4, null]],
    next: { timeMs: 90, mean: 4, bounds: null },
  })
  expect(pointsData({ ...head, points: new Float64Array(0), next: null })).toMatchObject({
    points: [],
    next: null,
  })
})

test('predictions have the digits of the topic, what was observed has all of its own', () => {
  const points = Float64Array.of(1, 2, 1 / 3, 1 / 3, -2 / 3, 2e20 / 3)
  const next = Float64Array.of(3, 1 / 3, none, none)
  expect(pointsData({ choice, isReset: false, skipped: 0, points, next })).toMatchObject({
    points: [[1, 2, 1 / 3, 0.333333333, [[-0.666666667, 66666666700000000000]]]],
    next: { timeMs: 3, mean: 0.333333333, bounds: null },
  })
})
