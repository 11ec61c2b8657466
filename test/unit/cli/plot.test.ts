import { expect, test } from 'vitest'
import { legend, PlotHistory, plot } from '../../../src/cli/plot.ts'
import { duration, progressLine } from '../../../src/cli/progress.ts'
import { figure, grouped, table } from '../../../src/cli/table.ts'

function history(values: readonly (readonly [number, number])[]): PlotHistory {
  const kept = new PlotHistory()
  for (const [observed, predicted] of values) kept.add(observed, predicted)
  return kept
}

const wave = Array.from({ length: 700 }, (_, i) => {
  const y = 100 + 50 * Math.sin(i / 10)
  return [y, y + 5] as const
})

test('a plot has the asked height, fits the width and names the extremes', () => {
  for (const width of [60, 80, 120]) {
    const lines = plot(history(wave), { width, height: 6, colour: false })
    expect(lines).toHaveLength(6)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(width)
    expect(lines[0]).toMatch(/^ +15\d\.\d {2}/)
    expect(lines[5]).toMatch(/^ +50\.\d\d {2}/)
  }
})

test('without colour no control character is in it and both lines can be told apart', () => {
  const text = plot(history(wave), { width: 80, height: 8, colour: false }).join('\n')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is what is tested
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/)
  expect(text).toMatch(/[\u2801-\u28ff]/)
  expect(text).toContain('·')
  expect(legend('passengers', false)).toContain('· predicted')
})

test('each coloured line ends with colours off', () => {
  const lines = plot(history(wave), { width: 80, height: 8, colour: true })
  for (const line of lines) {
    expect(line.split('\u001b[33m').length).toBe(line.split('\u001b[0m').length)
  }
  expect(lines.join('')).toContain('\u001b[33m')
})

test('a rising line goes from the bottom left to the top right', () => {
  const rising = Array.from({ length: 22 }, (_, i) => [i, i] as const)
  const lines = plot(history(rising), { width: 20, height: 4, colour: false })
  expect(lines[0]!.length).toBe(20)
  expect(lines[3]!.slice(9, 10)).toMatch(/[\u2801-\u28ff]/)
  expect(lines[3]!.length).toBeLessThan(14)
})

test('missing values, a constant series and too little room are no trouble', () => {
  const gaps = wave.map(([o, p], i) => [i % 3 === 0 ? Number.NaN : o, p] as const)
  expect(plot(history(gaps), { width: 60, height: 5, colour: false })).toHaveLength(5)
  const still = Array.from({ length: 50 }, () => [3, 3] as const)
  expect(plot(history(still), { width: 60, height: 5, colour: false })).toHaveLength(5)
  const none = Array.from({ length: 50 }, () => [Number.NaN, Number.NaN] as const)
  expect(plot(history(none), { width: 60, height: 5, colour: false })).toEqual([])
  expect(plot(history(wave), { width: 12, height: 5, colour: false })).toEqual([])
  expect(plot(history([]), { width: 80, height: 5, colour: false })).toEqual([])
})

test('the history keeps the newest pairs, oldest first', () => {
  const kept = history(Array.from({ length: 1000 }, (_, i) => [i, -i] as const))
  expect(kept.count).toBe(512)
  expect([...kept.newest(3).observed]).toEqual([997, 998, 999])
  expect([...kept.newest(3).predicted]).toEqual([-997, -998, -999])
  expect(kept.newest(9999).observed).toHaveLength(512)
})

test('numbers for people', () => {
  expect(figure(undefined)).toBe('–')
  expect(figure(Number.NaN)).toBe('–')
  expect(figure(0)).toBe('0.0000')
  expect(figure(0.034567)).toBe('0.0346')
  expect(figure(12.345)).toBe('12.35')
  expect(figure(-123.45)).toBe('-123.5')
  expect(figure(1234.5)).toBe('1235')
  expect(figure(1234567)).toBe('1,234,567')
  expect(figure(1e30)).toBe('1.000e+30')
  expect(figure(1e-9)).toBe('1.00e-9')
  expect(grouped(-1234)).toBe('-1,234')
  expect(grouped(999)).toBe('999')
})

test('a table pads its columns', () => {
  expect(table([['name', 'mae'], ['x', '10.5', 'more'], ['longer']])).toEqual([
    'name     mae',
    'x       10.5  more',
    'longer',
  ])
})

test('the progress line tells rate and time left where the end is known', () => {
  expect(progressLine(5000, 0.25, 2)).toBe(
    `${'█'.repeat(6)}${'░'.repeat(18)}  25 %  5,000 records  2,500 records/s  6 s left`,
  )
  expect(progressLine(5000, null, 2)).toBe('5,000 records  2,500 records/s')
  expect(progressLine(0, 0, 0)).toContain('0 %')
  expect(duration(125)).toBe('2 min 05 s')
  expect(duration(3 * 3600 + 7 * 60)).toBe('3 h 07 min')
})
