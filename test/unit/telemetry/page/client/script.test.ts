import { describe, expect, test } from 'vitest'
import type { Point, Skill } from '../../../../../src/telemetry/page/client/protocol.ts'

/** A module of the page's script, which the browser gets as it is: JavaScript without types. */
function load<T>(name: string): Promise<T> {
  const folder = new URL('../../../../../src/telemetry/page/client/script/', import.meta.url)
  return import(new URL(`${name}.js`, folder).href) as Promise<T>
}

interface Tick {
  readonly at: number
  readonly label: string
}

interface Series {
  readonly total: number
  readonly first: number
  next: object | null
  reset(): void
  add(point: Point): void
  records(index: number): number
  observed(index: number): number
  predicted(index: number): number
  lower(index: number, level: number): number
  upper(index: number, level: number): number
  copy(): Series
}

interface View {
  readonly from: number
  readonly to: number
  readonly isByTime: boolean
  readonly isEmpty: boolean
  readonly xMin: number
  readonly xMax: number
  readonly yMin: number
  readonly yMax: number
  readonly nextX: number
  nearest(x: number): number
}

const { EventParser } = await load<{
  EventParser: new (onEvent: (name: string, data: string) => void) => { push(piece: string): void }
}>('event-parser')
const { linearTicks } = await load<{
  linearTicks(min: number, max: number, count: number, isWhole?: boolean): Tick[]
}>('scale')
const { timeTicks } = await load<{
  timeTicks(min: number, max: number, count: number): Tick[]
}>('time-scale')
const { formatTime, formatValue, formatShare, formatRate, formatLevel } =
  await load<Record<string, (value: number | null) => string>>('format')
const { skillVerdict, skillSentence, lagVerdict, standsStill, stateWords } = await load<{
  skillVerdict(skill: Skill | null): { value: string; note: string; mood?: string }
  skillSentence(skill: Skill | null): string
  lagVerdict(status: object, still: number): { value: string; note: string; mood?: string }
  standsStill(status: object): boolean
  stateWords(tasks: readonly { state: string }[]): string
}>('words')
const { memberName } = await load<{ memberName(member: string): string }>('members')
const series = await load<{ Series: new (levels: readonly number[]) => Series }>('series')
const view = await load<{
  View: new (series: Series, span: number, horizon: number) => View
}>('view')

describe('EventParser', () => {
  const text =
    ': keep-alive\n\nevent: hello\ndata: {"a":1}\n\nid: 7\nevent:points\ndata:1\r\ndata: 2\r\n\r\n'

  test.each([1, 2, 7, 1_000])('pieces of %d characters give the same events', (size) => {
    const events: [string, string][] = []
    const parser = new EventParser((name, data) => events.push([name, data]))
    for (let at = 0; at < text.length; at += size) parser.push(text.slice(at, at + size))
    expect(events).toEqual([
      ['hello', '{"a":1}'],
      ['points', '1\n2'],
    ])
  })

  test('an event that never ends is none of ours', () => {
    const parser = new EventParser(() => {})
    expect(() => {
      for (let i = 0; i < 5; i++) parser.push(`data: ${'x'.repeat(1_000_000)}`)
    }).toThrow(RangeError)
  })
})

const labels = (ticks: readonly Tick[]) => ticks.map(({ label }) => label)

describe('ticks', () => {
  test('stand at round values within the range, with digits that tell them apart', () => {
    expect(labels(linearTicks(0, 1, 5))).toEqual(['0.0', '0.2', '0.4', '0.6', '0.8', '1.0'])
    expect(labels(linearTicks(900, 24_100, 5))).toEqual(['5,000', '10,000', '15,000', '20,000'])
    expect(labels(linearTicks(1.2e6, 3.4e6, 4))).toEqual(['2M', '3M'])
    expect(labels(linearTicks(-3, 3, 3))).toEqual(['-2', '0', '2'])
    expect(labels(linearTicks(100, 102, 9, true))).toEqual(['100', '101', '102'])
  })

  test('of numbers beyond a quadrillion are told apart too', () => {
    expect(labels(linearTicks(1e15, 1e15 + 4e3, 4))).toEqual([
      '1.000000000000e+15',
      '1.000000000001e+15',
      '1.000000000002e+15',
      '1.000000000003e+15',
      '1.000000000004e+15',
    ])
    expect(labels(linearTicks(0, 2e-12, 4))).toEqual([
      '0',
      '5.0e-13',
      '1.0e-12',
      '1.5e-12',
      '2.0e-12',
    ])
  })

  test.each([
    [1.7e18, 1.7e18 + 256],
    [0.3, 0.1 + 0.2],
    [1e15, 1e15 + 0.125],
    [0, Number.POSITIVE_INFINITY],
    [7, 7],
  ])('are few, whatever the range: %s to %s', (min, max) => {
    const ticks = linearTicks(min, max, 6)
    expect(ticks.length).toBeLessThan(20)
    expect(new Set(ticks.map(({ at }) => at)).size).toBe(ticks.length)
  })

  test('of time stand at round times of UTC; midnight shows its day', () => {
    const from = Date.UTC(2014, 6, 1, 5)
    const hourMs = 3_600_000
    expect(labels(timeTicks(from, from + 24 * hourMs, 5))).toEqual([
      '06:00',
      '12:00',
      '18:00',
      '2 Jul',
    ])
    expect(labels(timeTicks(from, from + 2_500, 3))).toEqual(['05:00:00', '05:00:01', '05:00:02'])
    const years = timeTicks(from, from + 5 * 365 * 24 * hourMs, 4)
    expect(years.length).toBeLessThanOrEqual(4)
    expect(years[0]?.label).toMatch(/^[A-Z][a-z]+ 20\d\d$/)
  })
})

test('numbers and times are written for people, and what is not known is a dash', () => {
  expect(formatValue?.(10_844.4)).toBe('10,844')
  expect(formatValue?.(0.123_456)).toBe('0.1235')
  expect(formatValue?.(null)).toBe('–')
  expect(formatValue?.(Number.NaN)).toBe('–')
  expect(formatValue?.(3.21e20)).toBe('3.21E20')
  expect(formatShare?.(0.0312)).toBe('3.1 %')
  expect(formatRate?.(0.44)).toBe('0.4')
  expect(formatRate?.(1_234.5)).toBe('1,235')
  expect(formatLevel?.(0.995)).toBe('99.5 %')
  expect(formatTime?.(Date.UTC(2014, 6, 1, 0, 30))).toBe('Tue, 1 Jul 2014, 00:30')
  expect(formatTime?.(Date.UTC(2014, 6, 1, 0, 30, 5))).toBe('Tue, 1 Jul 2014, 00:30:05')
  expect(formatTime?.(1e18)).toBe('–')
})

describe('words', () => {
  test('a skill: better, worse, as good; the worst of the naive ones sets the mood', () => {
    expect(skillVerdict({ persistence: 0.35, seasonal: 0.1, rls: -0.5 })).toEqual({
      value: '35 % better',
      note: 'than persistence, 10 % better than seasonal',
      mood: 'good',
    })
    expect(skillVerdict({ persistence: 0.35, seasonal: -0.1, rls: 0.5 }).mood).toBe('bad')
    expect(skillVerdict({ persistence: 0.001, seasonal: null, rls: null })).toEqual({
      value: 'as good',
      note: 'as persistence',
      mood: undefined,
    })
    expect(skillVerdict(null).value).toBe('–')
    expect(skillSentence({ persistence: 0.35, seasonal: null, rls: -0.07 })).toBe(
      'The mixture now: 35 % better than persistence, 7 % worse than least squares.',
    )
  })

  test('a lag is judged by the work that it is', () => {
    const status = (lagRecords: number | null, recordsPerSecond: number | null, still = 0) =>
      lagVerdict({ tasks: [{ lagRecords }], recordsPerSecond }, still)
    expect(status(0, 0)).toMatchObject({ note: 'keeping up', mood: 'good' })
    expect(status(400, 100)).toMatchObject({ value: '400 records', mood: 'good' })
    expect(status(60_000, 100)).toMatchObject({ note: '10 min of work at this rate', mood: 'warn' })
    expect(status(null, 1)).toMatchObject({ value: '–' })
  })

  test('a standstill is one after some seconds, not before a rate is known', () => {
    const verdict = (recordsPerSecond: number | null, still: number) =>
      lagVerdict({ tasks: [{ lagRecords: 9_776 }], recordsPerSecond }, still)
    expect(verdict(null, 0)).toEqual({ value: '9,776 records', note: 'rate not known yet' })
    expect(verdict(0, 1)).toMatchObject({ note: 'no record in the last second', mood: undefined })
    expect(verdict(0, 7).mood).toBeUndefined()
    expect(verdict(0, 8)).toMatchObject({ note: 'nothing is taken in', mood: 'bad' })
    const stands = (lagRecords: number | null, recordsPerSecond: number | null) =>
      standsStill({ tasks: [{ lagRecords: 0 }, { lagRecords }], recordsPerSecond })
    expect([stands(1, 0), stands(0, 0), stands(null, 0)]).toEqual([true, false, false])
    expect([stands(1, 0.1), stands(1, null)]).toEqual([false, false])
  })

  test('states and members', () => {
    const states = ['RUNNING', 'FAILED', 'RUNNING'].map((state) => ({ state }))
    expect(stateWords(states)).toBe('2 running, 1 failed')
    const names = {
      mixture: 'Mixture',
      persistence: 'Persistence',
      'seasonal:48': 'Seasonal naive, 48 steps',
      'usual:48': 'Mean of seasons, 48 steps',
      'rls:linear': 'Least squares, linear',
      'rls:sqrt': 'Least squares, square root',
      'rls:log': 'Least squares, log',
      'rls:fast': 'Least squares, forgets fast',
      'rls:gated:48': 'Least squares, gated by 48 steps',
      'rls:gated:known': 'Least squares, gated by known fields',
      'rls:gated:weather': 'Least squares, gated by weather',
      'rls:own': 'Least squares of each sequence alone',
      'rls:cross': 'Least squares across targets',
      'network:3e-4': 'Network 3e-4',
      'network:3e-4:residual': 'Network 3e-4, on what lines leave',
      'network:3e-4:rls': 'Network 3e-4, least-squares read-out',
      'network:no-carry': 'Network that forgets',
      'order:0': 'Frequencies of symbols',
      'order:1': 'After 1 symbol',
      match: 'Longest match',
      last: 'Last label',
      'logistic:random': 'Logistic regression, random features',
      'at label time': 'Said anew at label time',
      new: 'new',
    }
    expect(Object.keys(names).map(memberName)).toEqual(Object.values(names))
  })
})

describe('Series', () => {
  test('keeps the newest points, through the turn of the ring', () => {
    const kept = new series.Series([0.8])
    for (let n = 0; n < 10_000; n++) {
      kept.add([n, n * 1_000, n % 2 === 0 ? n : null, n + 1, n === 9_999 ? null : [[n - 5, n + 5]]])
    }
    expect([kept.total, kept.first]).toEqual([10_000, 10_000 - 4_096])
    expect(kept.records(kept.first)).toBe(5_904)
    expect([kept.observed(9_998), kept.observed(9_999)]).toEqual([9_998, Number.NaN])
    expect([kept.lower(9_998, 0), kept.upper(9_998, 0)]).toEqual([9_993, 10_003])
    expect(kept.lower(9_999, 0)).toBeNaN()
    const copy = kept.copy()
    kept.reset()
    kept.add([1, null, 1, null, null])
    expect([kept.total, copy.total, copy.predicted(9_999)]).toEqual([1, 10_000, 10_000])
  })
})

describe('View', () => {
  const made = (times: readonly (number | null)[], bounds: Point[4] = null): Series => {
    const filled = new series.Series([0.8])
    for (const [n, time] of times.entries()) filled.add([10 * n, time, 100 + n, 100, bounds])
    return filled
  }

  test('stands on times where they do not go back, else on record counts', () => {
    expect(new view.View(made([5, 6, 9]), 10, 1)).toMatchObject({ isByTime: true, xMax: 9 })
    expect(new view.View(made([5, 4, 9]), 10, 1)).toMatchObject({ isByTime: false, xMax: 20 })
    expect(new view.View(made([5, null]), 10, 1)).toMatchObject({ isByTime: false })
    expect(new view.View(made([]), 10, 1).isEmpty).toBe(true)
  })

  test('makes room for the forecast, by its time or by the mean step', () => {
    const timed = made([0, 10, 20])
    timed.next = { timeMs: 70, mean: 130, bounds: null }
    expect(new view.View(timed, 10, 5)).toMatchObject({ nextX: 70, xMax: 70, yMax: 130 })
    const counted = made([null, null, null])
    counted.next = { timeMs: null, mean: 90, bounds: null }
    expect(new view.View(counted, 10, 5)).toMatchObject({ nextX: 70, yMin: 90 })
  })

  test('no interval shrinks the values to a line', () => {
    const { yMin, yMax } = new view.View(made([1, 2, 3], [[-1e9, 1e9]]), 10, 1)
    expect([yMin, yMax]).toEqual([98.5, 103.5])
  })

  test.each([
    [0.3, 0.1 + 0.2],
    [100, 100.000_000_000_000_01],
    [-1e15, -1e15 + 0.125],
    [1.7e18, 1.7e18 + 256],
    [0, 5e-324],
    [0, 0],
    [-1.7e308, 1.7e308],
    [1, 1 + 1e-6],
  ])('values of %s and %s have an axis on which ticks can be told apart', (low, high) => {
    const filled = new series.Series([])
    for (let n = 0; n < 50; n++) filled.add([n, 1_000 * n, n % 2 === 0 ? low : high, low, null])
    const { yMin, yMax } = new view.View(filled, 300, 1)
    expect(Number.isFinite(yMax - yMin)).toBe(true)
    const ticks = labels(linearTicks(yMin, yMax, 6))
    expect(ticks.length).toBeGreaterThan(2)
    expect(ticks.length).toBeLessThan(15)
    expect(new Set(ticks).size).toBe(ticks.length)
  })

  test('points at one time far from the epoch have a width', () => {
    const filled = made([1.7e18])
    const { xMin, xMax } = new view.View(filled, 10, 1)
    expect(xMax).toBeGreaterThan(xMin)
  })

  test('finds the nearest point, and shows no more than its span', () => {
    const times = Array.from({ length: 5_000 }, (_, n) => 10 * n)
    const shown = new view.View(made(times), 3_000, 1)
    expect([shown.from, shown.to]).toEqual([2_000, 5_000])
    expect([20_004, 20_006, 0, 1e9].map((x) => shown.nearest(x))).toEqual([
      2_000, 2_001, 2_000, 4_999,
    ])
  })
})
