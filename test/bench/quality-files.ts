import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Random } from '../../src/random.ts'
import { formatTime } from '../../src/record/time.ts'

/** Small files of the same form as the real ones, and what stands in them. */
export interface SyntheticFiles {
  readonly folder: string
  readonly taxi: readonly number[]
  /** (row, channel) */
  readonly ett: readonly (readonly number[])[]
  readonly bikes: readonly number[]
  /** (series, step), of different lengths; the last series is constant. */
  readonly m4: readonly (readonly number[])[]
  /** (row, rate) */
  readonly exchange: readonly (readonly number[])[]
}

const startMs = Date.parse('2014-07-01T00:00:00Z')
const halfHourMs = 1_800_000

/** Writes the files to a new folder; just long enough that some rows of each are scored. */
export function writeSyntheticFiles(): SyntheticFiles {
  const folder = mkdtempSync(join(tmpdir(), 'headrace-quality-'))
  const random = new Random(7)
  const daily = (t: number, period: number, level: number) =>
    Math.round(level * (2 + Math.sin((2 * Math.PI * t) / period) + 0.3 * random.uniform()) * 1e4) /
    1e4
  const series = (length: number, period: number, level: number) =>
    Array.from({ length }, (_, t) => daily(t, period, level))
  const timeOf = (t: number, stepMs: number) =>
    formatTime(startMs + t * stepMs)
      .replace('T', ' ')
      .slice(0, 19)
  // No last newline: the real files may lack it too.
  const write = (name: string, lines: readonly string[]) =>
    writeFileSync(join(folder, name), lines.join('\n'))

  const taxi = series(7_680, 48, 5_000)
  const taxiLines = taxi.map((value, t) => `${timeOf(t, halfHourMs)},${value}`)
  write('nyc_taxi.csv', ['timestamp,value', ...taxiLines])

  const ett = Array.from({ length: 2_920 }, (_, t) =>
    Array.from({ length: 7 }, (_, d) => daily(t + d, 24, d + 1)),
  )
  const ettLines = ett.map((row, t) => [timeOf(t, 2 * halfHourMs), ...row].join())
  write('ETTh1.csv', ['date,HUFL,HULL,MUFL,MULL,LUFL,LULL,OT', ...ettLines])

  const bikes = series(4_040, 24, 100)
  const bikeLines = bikes.map((cnt, t) => {
    const weather = [t % 3, 0.01 * (t % 50), 0.3, 0.5, 0.1].join()
    return `${t + 1},1/1/11,1,0,1,${t % 24},0,${t % 7},1,${weather},3,13,${cnt}`
  })
  const bikeHeader =
    'instant,dteday,season,yr,mnth,hr,holiday,weekday,workingday,weathersit,temp,atemp,hum,' +
    'windspeed,casual,registered,cnt'
  write('bike_sharing_hour.csv', [bikeHeader, ...bikeLines])

  const m4 = [series(360, 24, 10), series(345, 24, 900), Array.from({ length: 350 }, () => 5)]
  const cells = (row: readonly (string | number)[]) => {
    const blanks = Array.from({ length: 361 - row.length }, () => '')
    return [...row, ...blanks].map((cell) => `"${cell}"`).join()
  }
  const names = Array.from({ length: 361 }, (_, i) => `V${i + 1}`)
  const m4Lines = m4.map((row, i) => cells([`H${i + 1}`, ...row]))
  write('m4_hourly.csv', [cells(names), ...m4Lines])

  const exchange = Array.from({ length: 60 }, () =>
    Array.from({ length: 8 }, (_, d) => d + 1 + Math.round(random.uniform() * 1e4) / 1e4),
  )
  write(
    'exchange_rate.csv',
    exchange.map((row) => row.join()),
  )
  return { folder, taxi, ett, bikes, m4, exchange }
}
