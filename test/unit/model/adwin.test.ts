import { describe, expect, test } from 'vitest'
import { ADWIN_SIZE, Adwin } from '../../../src/model/adwin.ts'
import { Random } from '../../../src/random.ts'

const seeds = [1, 2, 3, 4, 5]

interface Run {
  readonly adwin: Adwin
  readonly state: Float64Array
  readonly rises: number[]
  readonly falls: number[]
}

function run(count: number, value: (i: number) => number): Run {
  // A place of its own in a larger array, whose neighbours stay as they are.
  const state = new Float64Array(ADWIN_SIZE + 2).fill(0)
  state[0] = state[ADWIN_SIZE + 1] = 7
  const adwin = new Adwin(state, 1)
  const rises: number[] = []
  const falls: number[] = []
  for (let i = 0; i < count; i++) {
    const verdict = adwin.add(value(i))
    if (verdict === 'rise') rises.push(i)
    if (verdict === 'fall') falls.push(i)
  }
  expect([state[0], state[ADWIN_SIZE + 1]]).toEqual([7, 7])
  return { adwin, state, rises, falls }
}

/** |normal|, `size(i)` times as large. */
function noise(seed: number, size: (i: number) => number): (i: number) => number {
  const random = new Random(seed)
  return (i) => size(i) * Math.abs(random.normal())
}

describe('a window', () => {
  test('of equal means grows, and its mean is that of all its values', () => {
    const random = new Random(1)
    const values = Array.from({ length: 3_000 }, () => random.uniform())
    const { adwin } = run(values.length, (i) => values[i]!)
    expect(adwin.width).toBe(3_000)
    expect(adwin.mean).toBeCloseTo(values.reduce((a, b) => a + b) / 3_000, 9)
  })

  test('holds a bounded number of values, those of late', () => {
    const { adwin, rises, falls } = run(200_000, () => 1)
    expect(adwin.width).toBeGreaterThan(5 * 2 ** 12)
    expect(adwin.width).toBeLessThan(2 ** 17)
    expect([rises, falls, adwin.mean]).toEqual([[], [], 1])
  })

  test('loses its older part where the mean has changed, either way', () => {
    const { adwin, rises, falls } = run(3_000, (i) => (i < 1_000 ? 1 : i < 2_000 ? 3 : 0.5))
    expect(rises.length).toBeGreaterThan(0)
    expect(rises[0]! - 1_000).toBeLessThan(100)
    expect(falls[0]! - 2_000).toBeLessThan(100)
    expect(adwin.mean).toBeLessThan(0.55)
  })

  test('is as new when cleared', () => {
    const { adwin, state } = run(
      500,
      noise(1, () => 1),
    )
    adwin.clear()
    expect(state.subarray(1, -1).every((value) => value === 0)).toBe(true)
  })
})

describe('drift', () => {
  test('is not seen in stationary noise, with a season in its size or heavy tails or not', () => {
    for (const seed of seeds) {
      expect(
        run(
          20_000,
          noise(seed, () => 1),
        ).rises,
      ).toEqual([])
      expect(
        run(
          20_000,
          noise(seed, (i) => 1.2 + Math.sin(i / 8)),
        ).rises,
      ).toEqual([])
      const size = noise(seed + 99, () => 1)
      expect(
        run(
          20_000,
          noise(seed, (i) => size(i) ** 2),
        ).rises,
      ).toEqual([])
    }
  })

  test.each([
    [1.5, 800],
    [2, 250],
    [4, 80],
  ])('of %s times the size is seen within %i values', (factor, delay) => {
    for (const seed of seeds) {
      const { rises } = run(
        4_000,
        noise(seed, (i) => (i < 2_000 ? 1 : factor)),
      )
      expect(rises[0]).toBeGreaterThanOrEqual(2_000)
      expect(rises[0]! - 2_000).toBeLessThan(delay)
    }
  })

  test('is neither one wild value nor a little where there was nothing', () => {
    expect(run(5_000, (i) => (i === 2_500 ? 1e300 : 1)).rises).toEqual([])
    expect(run(5_000, (i) => (i === 2_500 ? 1e300 : 0)).rises).toEqual([])
    expect(run(5_000, (i) => (i < 2_500 ? 0 : 1e-3)).rises).toEqual([])
  })

  test('leaves finite numbers after the wildest of beginnings', () => {
    const { state } = run(3_000, (i) => (i < 20 ? 1e300 : i % 2))
    expect(state.every(Number.isFinite)).toBe(true)
  })
})
