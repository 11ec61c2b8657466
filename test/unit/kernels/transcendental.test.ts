import { describe, expect, test } from 'vitest'
import {
  cosTurns,
  exp,
  expm1,
  log,
  log1p,
  sigmoid,
  sinTurns,
  tanh,
} from '../../../src/kernels/transcendental.ts'
import { Random } from '../../../src/random.ts'

const double = new Float64Array(1)
const bits = new BigInt64Array(double.buffer)

function bitsOf(x: number): bigint {
  double[0] = x
  return bits[0]!
}

/** Doubles between a and b, of equal sign. */
function ulps(a: number, b: number): number {
  if (Object.is(a, b)) return 0
  if (!Number.isFinite(a) || !Number.isFinite(b) || a * b < 0) return Infinity
  return Math.abs(Number(bitsOf(a) - bitsOf(b)))
}

type Range = readonly [low: number, high: number]

/** The largest distance over 20,000 points, half of them spread evenly, half by exponent. */
function worst(f: (x: number) => number, truth: (x: number) => number, [low, high]: Range): number {
  const random = new Random(7)
  let max = 0
  for (let i = 0; i < 20_000; i++) {
    let x = low + (high - low) * random.uniform()
    if (i % 2 === 0) x *= 2 ** -Math.floor(40 * random.uniform())
    if (x < low || x > high) continue
    const distance = ulps(f(x), truth(x))
    if (distance > max) max = distance
  }
  return max
}

// Math.* is itself within an ulp on the engines that this runs on, so a bound has one to spare.
const functions: readonly [
  string,
  (x: number) => number,
  (x: number) => number,
  number,
  Range[],
][] = [
  [
    'exp',
    exp,
    Math.exp,
    2,
    [
      [-745, -708],
      [-708, 709.78],
      [-1, 1],
    ],
  ],
  [
    'log',
    log,
    Math.log,
    2,
    [
      [0, 1e-307],
      [0.5, 2],
      [0, 1e308],
    ],
  ],
  [
    'log1p',
    log1p,
    Math.log1p,
    4,
    [
      [-0.999999, 1],
      [-1e-3, 1e-3],
      [0, 1e308],
    ],
  ],
  [
    'expm1',
    expm1,
    Math.expm1,
    4,
    [
      [-1, 1],
      [-40, 709],
      [-1e-3, 1e-3],
    ],
  ],
  [
    'tanh',
    tanh,
    Math.tanh,
    4,
    [
      [-1, 1],
      [-25, 25],
    ],
  ],
  [
    'sigmoid',
    sigmoid,
    (x) => 1 / (1 + Math.exp(-x)),
    4,
    [
      [-700, 700],
      [-5, 5],
    ],
  ],
]

describe.each(functions)('%s', (_name, f, truth, bound, ranges) => {
  test.each(ranges)('is within its bound between %d and %d', (low, high) => {
    expect(worst(f, truth, [low, high])).toBeLessThanOrEqual(bound)
  })

  test('is right at the edges', () => {
    const edges = [
      0,
      -0,
      Infinity,
      -Infinity,
      NaN,
      5e-324,
      -5e-324,
      1e300,
      -1e300,
      709.782712893384,
    ]
    edges.push(709.7827128933841, -745.1332191019411, -745.1332191019412, -1, 1, -2)
    for (const x of edges) expect(ulps(f(x), truth(x)), `at ${x}`).toBeLessThanOrEqual(bound)
  })
})

test('sigmoid keeps its relative precision where e^−x overflows', () => {
  expect(ulps(sigmoid(-720), Math.exp(-720))).toBeLessThanOrEqual(2)
  expect(sigmoid(-800)).toBe(0)
})

describe('turns', () => {
  test('sine and cosine agree with Math within 1e−15 over a turn', () => {
    for (let i = -4000; i <= 4000; i++) {
      // Halves of a 4096th: 2πx is then as exact as a double can hold it.
      const x = i / 8192
      expect(Math.abs(sinTurns(x) - Math.sin(2 * Math.PI * x))).toBeLessThan(1e-15)
      expect(Math.abs(cosTurns(x) - Math.cos(2 * Math.PI * x))).toBeLessThan(1e-15)
    }
  })

  test('whole turns change nothing, to the bit', () => {
    for (const x of [0.125, 0.3125, 0.71875, 0.9375]) {
      for (const turns of [1, 52, 1e6, -3]) {
        expect(sinTurns(x + turns)).toBe(sinTurns(x))
        expect(cosTurns(x + turns)).toBe(cosTurns(x))
      }
    }
  })

  test('quarters are exact, zero keeps its sign, no turn is NaN', () => {
    expect([0, 0.25, 0.5, 0.75, 1].map((x) => cosTurns(x) + 0)).toEqual([1, 0, -1, 0, 1])
    expect([0, 0.25, 0.5, 0.75, 1].map((x) => sinTurns(x) + 0)).toEqual([0, 1, 0, -1, 0])
    expect(Object.is(sinTurns(-0), -0)).toBe(true)
    expect([sinTurns(Infinity), cosTurns(-Infinity), sinTurns(NaN)]).toEqual([NaN, NaN, NaN])
    expect([sinTurns(1e300), cosTurns(1e300)]).toEqual([0, 1])
  })
})

test('the bits are these on every machine', () => {
  const xs = [-3.7, -0.61, 1e-3, 0.5, 2.9, 17.25]
  const all = [exp, expm1, tanh, sigmoid, sinTurns, cosTurns]
    .flatMap((f) => xs.map((x) => bitsOf(f(x))))
    .concat(
      xs.map((x) => bitsOf(log(x + 4))),
      xs.map((x) => bitsOf(log1p(x + 3.8))),
    )
  const digest = all.reduce(
    (h, b) => BigInt.asUintN(64, (h ^ b) * 0x100000001b3n),
    1469598103934665603n,
  )
  expect(digest.toString(16)).toMatchInlineSnapshot(`"fa3bf50664a5c975"`)
})
