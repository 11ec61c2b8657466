import { describe, expect, test } from 'vitest'
import { ABSENT, Layout } from '../../../src/model/layout.ts'
import { longestSeason, PERIOD_MAX, SeasonFinder } from '../../../src/model/season-finder.ts'
import { Random } from '../../../src/random.ts'

type Shape = (t: number) => number
type Noise = (random: Random) => Shape

const hourMs = 3_600_000
const sine = (period: number) => (t: number) => Math.sin((2 * Math.PI * t) / period)
const week = (day: number) => [1, 1.2, 1.1, 0.9, 1.5, -1, -1.4][day % 7] as number
const white: Noise = (random) => () => random.normal()

function autoregressive(weight: number): Noise {
  return (random) => {
    let x = 0
    return () => {
      x = weight * x + random.normal()
      return x
    }
  }
}

interface Run {
  /** Seasons after each look that changed them, with the record at which it was. */
  readonly changes: readonly (readonly [number, string])[]
  readonly seasons: string
  readonly finder: SeasonFinder
}

interface Stream {
  readonly steps: number
  readonly sequences?: number
  readonly stepMs?: number
  readonly periodMax?: number
}

/** Feeds sequences in turn, each with its own noise. */
function feed(
  { steps, sequences = 1, stepMs = 0, periodMax = PERIOD_MAX }: Stream,
  shape: Shape,
  noise: Noise = white,
  seed = 1,
): Run {
  const layout = new Layout()
  const finder = new SeasonFinder(layout, 1)
  const cores = Array.from({ length: sequences }, () => new Float64Array(layout.size))
  const noises = cores.map((_, i) => noise(new Random(1000 * seed + i)))
  const changes: [number, string][] = []
  const seasons = () => finder.periods.filter((period) => period > 0).join(' ')
  const value = new Float64Array(1)
  for (let t = 0, records = 0; t < steps; t++) {
    for (const [i, core] of cores.entries()) {
      records++
      value[0] = shape(t) + noises[i]!(t)
      if (finder.push(core, value) && finder.look(periodMax, stepMs)) {
        changes.push([records, seasons()])
      }
    }
  }
  return { changes, seasons: seasons(), finder }
}

describe('SeasonFinder finds', () => {
  const cases: readonly [string, string, number, Shape, Noise?][] = [
    ['a week in days', '7', 200, (t) => 2 * week(t)],
    ['a weak week', '7', 2000, (t) => 0.5 * week(t)],
    ['a week on top of noise with a memory', '7', 400, week, autoregressive(0.8)],
    ['a sine of 12', '12', 400, (t) => 4 * sine(12)(t)],
    ['a sine half as large as the noise', '24', 1500, (t) => 0.5 * sine(24)(t)],
    ['a sine that hardly has noise', '24', 400, (t) => 100 * sine(24)(t)],
    ['a sine on a random walk', '24', 800, (t) => 6 * sine(24)(t), autoregressive(1)],
    ['a sine of 52', '52', 1000, (t) => 3 * sine(52)(t)],
    ['spikes', '60', 1600, (t) => (t % 60 === 3 ? 6 : 0)],
    ['spikes on a trend', '24', 600, (t) => (t % 24 === 3 ? 6 : 0) + 0.02 * t],
    ['a switch', '48', 400, (t) => (t % 48 < 20 ? 3 : 0)],
    ['days of a week', '24 168', 900, (t) => 4 * sine(24)(t) + 3 * week(Math.floor(t / 24))],
    ['two that have nothing in common', '12 52', 1200, (t) => 3 * (sine(12)(t) + sine(52)(t))],
    ['a season with a strong harmonic', '24', 600, (t) => 2 * sine(24)(t) + 4 * sine(12)(t)],
  ]
  test.each(cases)('%s', (_, expected, steps, shape, noise) => {
    for (let seed = 1; seed <= 3; seed++) {
      expect(feed({ steps }, shape, noise, seed).seasons).toBe(expected)
    }
  })

  test('a season that many short sequences share', () => {
    const { seasons, changes } = feed({ steps: 150, sequences: 40 }, sine(24))
    expect(seasons).toBe('24')
    expect(changes.at(-1)![0]).toBeLessThan(150 * 40)
  })

  test('a season through missing and wild values', () => {
    const random = new Random(7)
    const broken = (t: number) => {
      const u = random.uniform()
      return u < 0.2 ? NaN : u < 0.21 ? 1e6 : 2 * sine(24)(t)
    }
    expect(feed({ steps: 800 }, broken).seasons).toBe('24')
  })

  test('a week of half-hours sooner where the clock names it', () => {
    const shape = (t: number) => 3 * sine(48)(t) + 3 * week(Math.floor(t / 48))
    const [named, unnamed] = [hourMs / 2, 0].map((stepMs) => feed({ steps: 3000, stepMs }, shape))
    for (const { seasons } of [named!, unnamed!]) expect(seasons).toMatch(/\b336$/)
    const foundAt = ({ changes }: Run) => changes.find(([, seasons]) => /336/.test(seasons))![0]
    expect(foundAt(named!)).toBeLessThan(foundAt(unnamed!))
  })

  test('the new season once the old one has given way to it', () => {
    const { changes, seasons } = feed({ steps: 20_000 }, (t) => 2 * sine(t < 2000 ? 24 : 30)(t))
    expect(changes[0]![1]).toBe('24')
    expect(seasons).toMatch(/\b30\b/)
  })

  test('steps of the clock where steps are left out of the stream', () => {
    const layout = new Layout()
    const finder = new SeasonFinder(layout, 1)
    const core = new Float64Array(layout.size)
    const random = new Random(3)
    for (let t = 0, skipped = 0; t < 1500; t++) {
      if (random.uniform() < 0.2) {
        skipped++
        continue
      }
      const value = Float64Array.of(4 * sine(24)(t) + random.normal())
      if (finder.push(core, value, skipped)) finder.look(PERIOD_MAX, 0)
      skipped = 0
    }
    expect([...finder.periods]).toEqual([24, 0])
  })
})

describe('SeasonFinder finds nothing in', () => {
  const nothing: Shape = () => 0
  const cases: readonly [string, Shape, Noise?][] = [
    ['white noise', nothing],
    ['a random walk', nothing, autoregressive(1)],
    ['noise with a long memory', nothing, autoregressive(0.97)],
    ['noise that swings', nothing, autoregressive(-0.7)],
    ['a trend', (t) => 0.05 * t],
    ['a trend that grows', (t) => 1e-4 * t * t],
    ['a constant', () => 5, () => () => 0],
    ['rare spikes', nothing, (random) => () => (random.uniform() < 0.02 ? 10 : 0)],
    ['two values by chance', nothing, (random) => () => (random.uniform() < 0.5 ? 0 : 1)],
  ]
  test.each(cases)('%s', (_, shape, noise) => {
    for (let seed = 1; seed <= 4; seed++) {
      expect(feed({ steps: 3000, stepMs: hourMs }, shape, noise, seed).changes).toEqual([])
    }
    expect(feed({ steps: 300, sequences: 20 }, shape, noise).changes).toEqual([])
  })

  test('a season longer than what it may remember, until it may', () => {
    const shape = (t: number) => (t % 300 < 100 ? 6 : 0)
    expect(feed({ steps: 2500, periodMax: 299 }, shape).seasons).not.toContain('300')
    expect(feed({ steps: 2500, periodMax: 300 }, shape).seasons).toBe('300')
  })
})

describe('SeasonFinder', () => {
  test('goes on from its state alone, which holds no NaN', () => {
    const layout = new Layout()
    const whole = new SeasonFinder(layout, 1)
    const core = new Float64Array(layout.size)
    const random = new Random(5)
    let second: SeasonFinder | undefined
    const secondCore = new Float64Array(layout.size)
    for (let t = 0; t < 3000; t++) {
      const value = Float64Array.of(2 * sine(24)(t) + sine(100)(t) + random.normal())
      if (t === 777) {
        second = new SeasonFinder(new Layout(), 1)
        second.state.set(whole.state)
        secondCore.set(core)
      }
      for (const [finder, own] of [[whole, core] as const, [second, secondCore] as const]) {
        if (finder?.push(own, value)) finder.look(PERIOD_MAX, ABSENT)
      }
    }
    expect(whole.periods[0]).toBe(24)
    expect(Buffer.from(second!.state.buffer)).toEqual(Buffer.from(whole.state.buffer))
    expect(secondCore).toEqual(core)
    expect(whole.state.some(Number.isNaN)).toBe(false)
  })

  test('looks ever more rarely', () => {
    const [few, many] = [2000, 4000].map((steps) => feed({ steps }, () => 0).finder.looks)
    expect(few).toBeGreaterThan(15)
    expect(many! - few!).toBeLessThan(7)
  })

  test('allows the longest seasons where few sequences have to remember them', () => {
    expect(longestSeason(1, 1)).toBe(PERIOD_MAX)
    expect(longestSeason(414, 1)).toBe(PERIOD_MAX)
    expect(longestSeason(1000, 1)).toBe(1048)
    expect(longestSeason(1000, 2)).toBe(524)
    expect(longestSeason(1_000_000, 64)).toBe(400)
  })
})
