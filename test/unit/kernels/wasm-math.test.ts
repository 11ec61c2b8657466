import { describe, expect, test } from 'vitest'
import { instantiate } from '../../../src/kernels/module.ts'

/** A unit in the last place of 1. */
const EPSILON = 2 ** -23
const SMALLEST_NORMAL = 2 ** -126
const LN2 = Math.LN2

/** Floats in one call. */
const COUNT = 1 << 16
/** A prime, so that every exponent is met with other mantissas. */
const STRIDE = 4099
const SEAM_ULPS = 2000

const { exports, arena } = instantiate()
const from = arena.allocate(COUNT * 4)
const to = arena.allocate(COUNT * 4)
const inputs = arena.float32.subarray(from / 4, from / 4 + COUNT)
const inputBits = new Uint32Array(inputs.buffer, from, COUNT)
const results = arena.float32.subarray(to / 4, to / 4 + COUNT)

interface Case {
  readonly map: 'mapExp' | 'mapLog' | 'mapSigmoid' | 'mapTanh'
  readonly truth: (x: number) => number
  /** Of the relative error, in ε; measured over all floats. */
  readonly bound: number
  /** Of the error where the truth is smaller than every normal float. */
  readonly subnormalBound: number
  /** Where another n begins or a result ends to change, beyond ±0, ±1 and ±∞. */
  readonly seams: readonly number[]
}

/** Multiples of `step` from − `count` to `count`, each moved by half a step. */
function halfSteps(step: number, count: number): number[] {
  return Array.from({ length: 2 * count }, (_, i) => (i - count + 0.5) * step)
}

const CASES: readonly Case[] = [
  {
    map: 'mapTanh',
    truth: Math.tanh,
    bound: 1.58,
    subnormalBound: 0,
    seams: [...halfSteps(LN2 / 2, 27), 9.0109, 20, -9.0109, -20],
  },
  {
    map: 'mapSigmoid',
    truth: (x) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x))),
    bound: 1.66,
    subnormalBound: SMALLEST_NORMAL,
    seams: [...halfSteps(LN2, 30), 88, -88, -126 * LN2, -126.5 * LN2],
  },
  {
    map: 'mapExp',
    truth: Math.exp,
    bound: 0.69,
    subnormalBound: 2 ** -149,
    seams: [...halfSteps(LN2, 30), 128 * LN2, 89, -126 * LN2, -150 * LN2, -105],
  },
  {
    map: 'mapLog',
    truth: Math.log,
    bound: 0.69,
    subnormalBound: 0,
    seams: [Math.SQRT1_2, Math.SQRT2, 2, 0.5, SMALLEST_NORMAL, SMALLEST_NORMAL * Math.SQRT1_2],
  },
]

/** Bit patterns: one in 4,099 of all there are, and all that lie around the seams. */
function* patterns(seams: readonly number[]): Generator<number> {
  for (let bits = 0; bits < 2 ** 32; bits += STRIDE) yield bits
  const float = new Float32Array(1)
  const word = new Uint32Array(float.buffer)
  for (const seam of [0, -0, 1, -1, Infinity, -Infinity, ...seams]) {
    float[0] = seam
    const middle = word[0]!
    const sign = middle & 0x80000000
    for (let d = -SEAM_ULPS; d <= SEAM_ULPS; d++) {
      const magnitude = (middle & 0x7fffffff) + d
      if (magnitude >= 0) yield (sign | magnitude) >>> 0
    }
  }
}

/** Fills `inputs` with the patterns, chunk after chunk, and calls `each` with how many are new. */
function fillChunks({ seams }: Case, each: (count: number) => void): void {
  let count = 0
  for (const bits of patterns(seams)) {
    inputBits[count++] = bits
    if (count < COUNT) continue
    each(count)
    count = 0
  }
  each(count)
}

/** Calls `each` with every x of the patterns and what the kernel makes of it. */
function sweep(of: Case, each: (x: number, y: number) => void): void {
  fillChunks(of, (count) => {
    exports[of.map](from, to, COUNT)
    for (let i = 0; i < count; i++) each(inputs[i]!, results[i]!)
  })
}

/** Error in units of what is allowed, so that at most 1 is right; 0 for the same float. */
function shareOfBound(truth: number, y: number, { bound, subnormalBound }: Case): number {
  if (Object.is(Math.fround(truth), y)) return 0
  const magnitude = Math.abs(truth)
  const allowed = magnitude < SMALLEST_NORMAL ? subnormalBound : bound * EPSILON * magnitude
  const share = Math.abs(y - truth) / allowed
  return Number.isNaN(share) ? Infinity : share
}

/** The results for up to four values. */
function evaluate(map: Case['map'], values: readonly number[]): number[] {
  inputs.set(values)
  exports[map](from, to, 4)
  return [...results.subarray(0, values.length)]
}

describe.each(CASES)('$map', (of) => {
  test('is within its bound of the truth, and NaN where that is', () => {
    let worst = { share: 0, x: 0, y: 0 }
    let seen = 0
    sweep(of, (x, y) => {
      const share = shareOfBound(of.truth(x), y, of)
      if (share > worst.share) worst = { share, x, y }
      seen++
    })
    expect(seen).toBeGreaterThan(1_000_000)
    expect(worst.share, `${of.map}(${worst.x}) = ${worst.y}`).toBeLessThanOrEqual(1)
  })

  test('does the same in every lane', () => {
    const values = [0.3, -1.7, 12.5, -33]
    const once = evaluate(of.map, values)
    for (let shift = 1; shift < 4; shift++) {
      const turned = values.map((_, i) => values[(i + shift) % 4]!)
      expect(evaluate(of.map, turned)).toEqual(once.map((_, i) => once[(i + shift) % 4]!))
    }
  })

  test('keeps a NaN whatever its sign and payload', () => {
    for (const bits of [0x7fc00000, 0xffc00000, 0x7fc00001, 0x7fffffff, 0xffffffff, 0x7f800001]) {
      inputBits.fill(bits, 0, 4)
      exports[of.map](from, to, 4)
      expect([...results.subarray(0, 4)]).toEqual([NaN, NaN, NaN, NaN])
    }
  })
})

test('tanh is odd to the bit, never beyond ±1, and ±1 from 9.02 on', () => {
  const tanh = CASES.find(({ map }) => map === 'mapTanh')!
  const wrong: number[] = []
  const mirrored = new Float32Array(COUNT)
  const compare = (count: number) => {
    for (let i = 0; i < COUNT; i++) inputBits[i]! ^= 0x80000000
    exports.mapTanh(from, to, COUNT)
    mirrored.set(results)
    for (let i = 0; i < COUNT; i++) inputBits[i]! ^= 0x80000000
    exports.mapTanh(from, to, COUNT)
    for (let i = 0; i < count; i++) {
      const x = inputs[i]!
      const y = results[i]!
      if (!Object.is(mirrored[i], -y)) wrong.push(x)
      if (Math.abs(y) > 1 || (Math.abs(x) >= 9.02 && Math.abs(y) !== 1)) wrong.push(x)
    }
  }
  fillChunks(tanh, compare)
  expect(wrong).toEqual([])
})

test('tanh gives back ±0 and subnormal numbers as they are', () => {
  const values = [-0, 0, 2 ** -149, -(2 ** -130)]
  expect(evaluate('mapTanh', values)).toEqual(values)
})

test('sigmoid stays in [0, 1] and ends at both', () => {
  const sigmoid = CASES.find(({ map }) => map === 'mapSigmoid')!
  const wrong: number[] = []
  sweep(sigmoid, (x, y) => {
    if (y < 0 || y > 1 || (x >= 17.4 && y !== 1) || (x < -87.69 && y !== 0)) wrong.push(x)
  })
  expect(wrong).toEqual([])
  expect(evaluate('mapSigmoid', [-Infinity, -0, Infinity, 0])).toEqual([0, 0.5, 1, 0.5])
})

test('exp ends in Infinity and, through subnormal numbers, in 0', () => {
  expect(evaluate('mapExp', [-Infinity, -104, 88.73, Infinity])).toEqual([0, 0, Infinity, Infinity])
  const [smallest, normal] = evaluate('mapExp', [-103.9, -87])
  expect(smallest).toBe(2 ** -149)
  expect(normal).toBeGreaterThan(SMALLEST_NORMAL)
})

test('log at the edges', () => {
  const values = evaluate('mapLog', [0, -0, 1, Infinity])
  expect(values).toEqual([-Infinity, -Infinity, 0, Infinity])
  expect(evaluate('mapLog', [-1, -Infinity, -(2 ** -149), NaN])).toEqual([NaN, NaN, NaN, NaN])
})
