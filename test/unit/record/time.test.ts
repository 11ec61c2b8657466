import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AssertionError } from '../../../src/assert.ts'
import { formatTime, maxTimeMs, parseEventTime, parsePlainTime } from '../../../src/record/time.ts'

const anyTime = fc.integer({ min: -maxTimeMs, max: maxTimeMs })
const pad = (value: number, width = 2): string => String(value).padStart(width, '0')

describe('formatTime', () => {
  it('is what ECMAScript prints, over its whole range', () => {
    fc.assert(
      fc.property(anyTime, (ms) => {
        expect(formatTime(ms)).toBe(new Date(ms).toISOString())
      }),
      { numRuns: 2000 },
    )
    for (const ms of [0, -1, maxTimeMs, -maxTimeMs, 951_782_400_000, -62_167_219_200_000]) {
      expect(formatTime(ms)).toBe(new Date(ms).toISOString())
    }
  })

  it('refuses what is no time', () => {
    for (const ms of [Number.NaN, Number.POSITIVE_INFINITY, 0.5, maxTimeMs + 1]) {
      expect(() => formatTime(ms)).toThrow(AssertionError)
    }
  })
})

describe('parseEventTime', () => {
  it('reads back what formatTime writes', () => {
    fc.assert(
      fc.property(anyTime, (ms) => {
        expect(parseEventTime(formatTime(ms))).toBe(ms)
      }),
      { numRuns: 2000 },
    )
  })

  it('agrees with ECMAScript on dates that exist and on those that do not', () => {
    const part = (max: number) => fc.integer({ min: 0, max })
    fc.assert(
      fc.property(
        fc.tuple(part(9999), part(14), part(33), part(25), part(61), part(59), part(999)),
        ([year, month, day, hour, minute, second, ms]) => {
          const date = `${pad(year, 4)}-${pad(month)}-${pad(day)}`
          const text = `${date}T${pad(hour)}:${pad(minute)}:${pad(second)}.${pad(ms, 3)}Z`
          // ECMAScript takes 31 February for 2 or 3 March: a date exists if it comes back.
          const expected = Date.parse(text)
          const midnight = Date.parse(`${date}T00:00:00.000Z`)
          const exists =
            !Number.isNaN(midnight) && new Date(midnight).toISOString().startsWith(date)
          expect(parseEventTime(text)).toBe(exists ? expected : Number.NaN)
        },
      ),
      { numRuns: 3000 },
    )
  })

  it.each([
    ['2014-07-01', '2014-07-01T00:00:00.000Z'],
    ['2014-07-01 00:30', '2014-07-01T00:30:00.000Z'],
    ['2014-07-01T00:30:05', '2014-07-01T00:30:05.000Z'],
    [' 2014-07-01t00:30:05z ', '2014-07-01T00:30:05.000Z'],
    ['2014-07-01 00:30:05.5', '2014-07-01T00:30:05.500Z'],
    ['2014-07-01 00:30:05,123456789', '2014-07-01T00:30:05.123Z'],
    ['2014-07-01T00:30:05.9999Z', '2014-07-01T00:30:05.999Z'],
    ['1969-12-31T23:59:59.9999Z', '1969-12-31T23:59:59.999Z'],
    ['2014-07-01T00:30:05+02:00', '2014-06-30T22:30:05.000Z'],
    ['2014-07-01T00:30:05-0530', '2014-07-01T06:00:05.000Z'],
    ['2014-07-01 00:30:05 +02', '2014-06-30T22:30:05.000Z'],
    ['2014-07-01T24:00:00Z', '2014-07-02T00:00:00.000Z'],
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z'],
    ['2017-01-01T08:59:60.25+09:00', '2017-01-01T00:00:00.250Z'],
    ['2000-02-29', '2000-02-29T00:00:00.000Z'],
    ['+012014-07-01', '+012014-07-01T00:00:00.000Z'],
    ['1404172800000', '2014-07-01T00:00:00.000Z'],
    ['-1', '1969-12-31T23:59:59.999Z'],
  ])('reads %s as %s', (text, expected) => {
    expect(formatTime(parseEventTime(text))).toBe(expected)
  })

  it.each([
    '',
    ' ',
    '+',
    '2014-7-1',
    '2014-07',
    '2014-13-01',
    '2014-00-01',
    '2014-07-00',
    '2014-06-31',
    '2015-02-29',
    '1900-02-29',
    '-000000-01-01',
    '+275761-01-01',
    '2014-07-01T',
    '2014-07-01T12',
    '2014-07-01T25:00',
    '2014-07-01T24:00:01',
    '2014-07-01T12:60',
    '2014-07-01T12:00:61',
    '2014-07-01T12:00:60Z',
    '2014-07-01T12:00:00.',
    '2014-07-01T12:00:00Zulu',
    '2014-07-01T12:00:00+24:00',
    '2014-07-01T12:00:00+02:60',
    '2014-07-01T12:00:00+02:',
    '2014-07-01T12:00:00 CEST',
    '1/1/11',
    '1404172800000.5',
    '99999999999999999',
    '0x10',
    `1${'0'.repeat(5_000_000)}`,
  ])('finds no time in %j', (text) => {
    expect(parseEventTime(text)).toBeNaN()
  })

  it('never throws, and never leaves the range', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-+0-9T:.Z ]{0,40}$/)), (text) => {
        const ms = parseEventTime(text)
        expect(Number.isNaN(ms) || (Number.isInteger(ms) && Math.abs(ms) <= maxTimeMs)).toBe(true)
      }),
      { numRuns: 3000 },
    )
  })
})

it('means the same instants whatever the zone of the machine', () => {
  const url = new URL('../../../src/record/time.ts', import.meta.url).href
  const texts = ['2014-03-09 02:30:00', '2014-11-02T01:30', '2014-07-01', '2014-07-01T00:00:00-04']
  const script = `
    const { formatTime, parseEventTime } = await import(${JSON.stringify(url)})
    const hour = new Date(2014, 6, 1).getUTCHours()
    const times = ${JSON.stringify(texts)}.map((text) => formatTime(parseEventTime(text)))
    console.log(JSON.stringify({ hour, times }))`
  const under = (zone: string): { hour: number; times: string[] } =>
    JSON.parse(
      execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
        env: { ...process.env, TZ: zone },
        encoding: 'utf8',
      }),
    )
  const utc = under('UTC')
  const newYork = under('America/New_York')
  expect([utc.hour, newYork.hour]).toEqual([0, 4])
  expect(newYork.times).toEqual(utc.times)
  expect(utc.times).toEqual([
    '2014-03-09T02:30:00.000Z',
    '2014-11-02T01:30:00.000Z',
    '2014-07-01T00:00:00.000Z',
    '2014-07-01T04:00:00.000Z',
  ])
})

describe('parsePlainTime', () => {
  const bytesOf = (text: string) => new TextEncoder().encode(`<${text}>`)
  const read = (text: string) => parsePlainTime(bytesOf(text), 1, text.length + 1)

  it('takes the commonest forms and says of them what parseEventTime says', () => {
    const time = fc.integer({ min: -62_167_219_200_000, max: 253_402_300_799_999 })
    fc.assert(
      fc.property(time, fc.constantFrom(19, 21, 22, 23), fc.boolean(), (ms, length, hasZone) => {
        const text = formatTime(ms).slice(0, length) + (hasZone ? 'Z' : '')
        for (const form of [text, text.replace('T', ' ')]) {
          expect(read(form)).toBe(parseEventTime(form))
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('never contradicts parseEventTime, however a time is spoilt', () => {
    const spoilt = fc.tuple(
      fc.constantFrom('2014-07-01T00:00:00', '2016-02-29 23:59:59.999Z', '2015-02-28 12:30:00.5'),
      fc.nat(),
      fc.constantFrom('', '0', '3', '9', 'Z', '-', ':', '.', ' ', '+', 'T'),
    )
    let taken = 0
    fc.assert(
      fc.property(spoilt, ([text, place, what]) => {
        const at = place % text.length
        const changed = text.slice(0, at) + what + text.slice(at + 1)
        const ms = read(changed)
        if (Number.isNaN(ms)) return
        taken++
        expect(ms).toBe(parseEventTime(changed))
      }),
      { numRuns: 5000 },
    )
    expect(taken).toBeGreaterThan(100)
  })
})
