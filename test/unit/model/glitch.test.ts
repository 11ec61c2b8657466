import { expect, test } from 'vitest'
import { configSchema } from '../../../src/config/schema.ts'
import { Random } from '../../../src/random.ts'
import { Processor } from '../../../src/task/processor.ts'

const season = 24

/** Absolute errors of the mixture, one ahead, over a noisy season with `value(t)` in its place. */
function errors(value: (t: number, regular: number) => number): number[] {
  const config = configSchema.parse({
    task: { targets: ['v'], seasons: [season], calendar: false },
    model: { learningRates: [1e-3], hidden: 8 },
  })
  const processor = new Processor(config)
  const random = new Random(7)
  const list: number[] = []
  for (let t = 0; t < 1_200; t++) {
    const regular = 100 + 40 * Math.sin((2 * Math.PI * t) / season) + 4 * random.normal()
    const bytes = Buffer.from(JSON.stringify({ v: value(t, regular) }))
    const { scored, failure } = processor.process(null, bytes, null)
    expect(failure).toBeNull()
    list.push(Math.abs((scored.mixture[0] ?? 0) - (scored.observed[0] ?? 0)))
  }
  return list
}

function mean(list: readonly number[]): number {
  return list.reduce((sum, error) => sum + error, 0) / list.length
}

test('one wild record neither lasts nor comes back a season later', () => {
  const calm = errors((_, regular) => regular)
  const wild = errors((t, regular) => (t === 700 ? 1e12 : regular))
  // The season is 80 high; the record stood 1e12 above it.
  expect(Math.max(...wild.slice(702))).toBeLessThan(4 * 80)
  expect(mean(wild.slice(750))).toBeLessThan(1.3 * mean(calm.slice(750)))
})

test('a level that has changed for good is followed within a season', () => {
  const shifted = errors((t, regular) => (t < 700 ? regular : regular + 5_000))
  expect(mean(shifted.slice(700 + season, 700 + 2 * season))).toBeLessThan(40)
  expect(mean(shifted.slice(1_000))).toBeLessThan(2 * mean(shifted.slice(400, 700)))
})
