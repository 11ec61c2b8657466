import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'csv-parse/sync'
import { HeadraceError } from '../../src/errors.ts'
import { parseEventTime } from '../../src/record/time.ts'
import {
  deviation,
  type Figure,
  meanChange,
  meanSize,
  type QualityData,
  type Row,
  recordsOf,
  type Scoring,
  type Settings,
} from './quality/data.ts'

/** The tasks by which the quality of what is learnt is measured, in the order of reports. */
export const taskNames = ['taxi', 'drift', 'ett', 'bikes', 'm4', 'exchange'] as const

export type TaskName = (typeof taskNames)[number]

interface Task {
  /** The file that it is made of. */
  readonly file: string
  readonly settings: Settings
  /** Whether the mixture is to beat its members here, and the networks to add something. */
  readonly isContest: boolean
  open(rows: Table, file: string, settings: Settings): readonly QualityData[]
}

/** Cells of a file, header included. */
type Table = readonly (readonly string[])[]

const taxiSettings: Settings = {
  targets: ['value'],
  horizons: [1, 5],
  seasons: [48, 336],
  known: [],
}

const table: Readonly<Record<TaskName, Task>> = {
  taxi: { file: 'nyc_taxi.csv', settings: taxiSettings, isContest: true, open: taxi },
  drift: { file: 'nyc_taxi.csv', settings: taxiSettings, isContest: false, open: drift },
  ett: {
    file: 'ETTh1.csv',
    settings: {
      targets: ['HUFL', 'HULL', 'MUFL', 'MULL', 'LUFL', 'LULL', 'OT'],
      horizons: [1],
      seasons: [24, 168],
      known: [],
    },
    isContest: true,
    open: ett,
  },
  bikes: {
    file: 'bike_sharing_hour.csv',
    settings: {
      targets: ['cnt'],
      horizons: [1],
      seasons: [24, 168],
      known: [
        ...['hr', 'weekday', 'workingday', 'holiday'],
        ...['temp', 'atemp', 'hum', 'windspeed', 'weathersit'],
      ],
    },
    isContest: true,
    open: bikes,
  },
  m4: {
    file: 'm4_hourly.csv',
    settings: { targets: ['value'], horizons: [1], seasons: [24, 168], known: [] },
    isContest: true,
    open: m4,
  },
  exchange: {
    file: 'exchange_rate.csv',
    settings: {
      targets: Array.from({ length: 8 }, (_, d) => `rate${d + 1}`),
      horizons: [1],
      seasons: [],
      known: [],
    },
    isContest: false,
    open: exchange,
  },
}

/** The tasks whose file comes with headrace. */
export const bundledTasks: readonly TaskName[] = ['taxi', 'drift']

const bundled = fileURLToPath(new URL('../../deploy/demo', import.meta.url))
const everything: Scoring = {
  fromRow: 0,
  untilRow: Number.POSITIVE_INFINITY,
  fromStep: 0,
  power: 1,
}

/** The file that a task is made of. */
export function fileOf(name: TaskName): string {
  return table[name].file
}

/** What a task's configuration says. */
export function settingsOf(name: TaskName): Settings {
  return table[name].settings
}

/** Whether the mixture is to beat its members at this task, and the networks to add something. */
export function isContest(name: TaskName): boolean {
  return table[name].isContest
}

/**
 * Reads the file of a task from the folder, undefined for the one that comes with headrace. Where
 * there are two, the task is the score of the first as a ratio to that of the second.
 * @throws HeadraceError HEADRACE_INPUT_UNREADABLE where there is no such file or it is another
 */
export function openTask(name: TaskName, folder: string | undefined): readonly QualityData[] {
  const { file, open, settings } = table[name]
  let text: string
  try {
    text = readFileSync(join(folder ?? bundled, file), 'utf8')
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause)
    const message = `${file} cannot be read from the folder of --data: ${reason}.`
    throw new HeadraceError('HEADRACE_INPUT_UNREADABLE', message, { cause })
  }
  const rows: string[][] = parse(text, { relax_column_count: true, skip_empty_lines: true })
  return open(rows, file, settings)
}

/** Cells of the named columns below the header, as numbers; times where `time` names a column. */
function columnsOf(rows: Table, file: string, names: readonly string[], time?: string): Row[] {
  const [header = [], ...body] = rows
  const place = (name: string) => {
    const at = header.indexOf(name)
    if (at < 0) throw unreadable(file, `it has no column '${name}'`)
    return at
  }
  const places = names.map(place)
  const timeAt = time === undefined ? -1 : place(time)
  return body.map((cells, i) => ({
    sequence: '',
    timeMs: timeAt < 0 ? Number.NaN : parseEventTime(cells[timeAt] ?? ''),
    values: places.map((at) => numberOf(cells[at], file, i + 2)),
  }))
}

function numberOf(text: string | undefined, file: string, line: number): number {
  const value = text === undefined || text.trim() === '' ? Number.NaN : Number(text)
  if (Number.isFinite(value)) return value
  throw unreadable(file, `line ${line} has '${text ?? ''}' where a number belongs`)
}

function unreadable(file: string, reason: string): HeadraceError {
  const message = `${file} cannot be read: ${reason}.`
  return new HeadraceError('HEADRACE_INPUT_UNREADABLE', message)
}

function figure(name: string, metric: string, targets = 1): Figure {
  const slots = Array.from({ length: targets }, (_, d) => d)
  return { name, metric, slots, combine: 'mean', parts: targets > 1 }
}

function taxiFigures({ horizons }: Settings, metric: string): Figure[] {
  return horizons.map((horizon, k) => ({ ...figure(`${horizon} ahead`, metric), slots: [k] }))
}

function taxi(rows: Table, file: string, settings: Settings): QualityData[] {
  const records = recordsOf(settings, columnsOf(rows, file, settings.targets, 'timestamp'))
  const scoring = { ...everything, fromRow: 5_904 }
  const scales = meanSize(records, scoring)
  return [{ settings, records, scoring, figures: taxiFigures(settings, 'wMAPE'), scales }]
}

const driftFromRow = 7_000
const dayMs = 86_400_000

/** The taxi series with other working days from a row on, and as it is: the second week behind. */
function drift(rows: Table, file: string, settings: Settings): QualityData[] {
  const scoring = { ...everything, fromRow: driftFromRow + 336, untilRow: driftFromRow + 672 }
  const all = columnsOf(rows, file, settings.targets, 'timestamp')
  const plain = all.slice(0, scoring.untilRow)
  const disturbed = plain.map((row, i) => {
    const factor = i < driftFromRow ? 1 : driftFactor(row.timeMs)
    return { ...row, values: row.values.map((value) => value * factor) }
  })
  return [disturbed, plain].map((each) => {
    const records = recordsOf(settings, each)
    const figures = taxiFigures(settings, 'wMAPE / undisturbed')
    return { settings, records, scoring, figures, scales: meanSize(records, scoring) }
  })
}

/** On working days less from 7 to 11 h, more from 21 to 24 h. */
function driftFactor(timeMs: number): number {
  const days = Math.floor(timeMs / dayMs)
  // The epoch began on a Thursday.
  const weekday = (days + 3) % 7
  const hour = Math.floor((timeMs - days * dayMs) / 3_600_000)
  if (weekday > 4) return 1
  if (hour >= 7 && hour < 11) return 0.8
  return hour >= 21 ? 1.2 : 1
}

function ett(rows: Table, file: string, settings: Settings): QualityData[] {
  const scoring: Scoring = { ...everything, fromRow: 2_880, untilRow: 14_400, power: 2 }
  const all = columnsOf(rows, file, settings.targets, 'date')
  const records = recordsOf(settings, all.slice(0, scoring.untilRow))
  const figures = [figure('7 channels', 'standardised MSE', settings.targets.length)]
  const scales = deviation(records, scoring.fromRow)
  return [{ settings, records, scoring, figures, scales }]
}

function bikes(rows: Table, file: string, settings: Settings): QualityData[] {
  const names = [...settings.targets, ...settings.known]
  const records = recordsOf(settings, columnsOf(rows, file, names))
  const scoring = { ...everything, fromRow: 4_000 }
  const figures = [figure('1 ahead', 'MAE')]
  return [{ settings, records, scoring, figures, scales: Float64Array.of(1) }]
}

/** Row t of every series in turn, t = 0, 1, 2 …; shorter series end earlier. */
function m4(rows: Table, file: string, settings: Settings): QualityData[] {
  const series = rows.slice(1).map(([name = '', ...cells], i) => {
    const length = cells.findIndex((cell) => cell === '' || cell === 'NA')
    const own = length < 0 ? cells : cells.slice(0, length)
    return { name, values: own.map((cell) => numberOf(cell, file, i + 2)) }
  })
  const longest = series.reduce((most, { values }) => Math.max(most, values.length), 0)
  const interleaved: Row[] = []
  for (let t = 0; t < longest; t++) {
    for (const { name, values } of series) {
      const value = values[t]
      if (value === undefined) continue
      interleaved.push({ sequence: name, timeMs: Number.NaN, values: [value] })
    }
  }
  const records = recordsOf(settings, interleaved)
  const scoring = { ...everything, fromStep: 336 }
  const figures = [figure('414 sequences', 'MASE')]
  return [{ settings, records, scoring, figures, scales: meanChange(records, scoring, 24) }]
}

/** Every rate against persistence, which nothing should beat. */
function exchange(rows: Table, file: string, settings: Settings): QualityData[] {
  const { targets } = settings
  const records = recordsOf(settings, columnsOf([targets, ...rows], file, targets))
  const scoring = { ...everything, fromRow: 1 }
  const each = figure('worst of 8 rates', 'MAE / persistence’s', targets.length)
  const scales = meanChange(records, scoring, 1)
  return [{ settings, records, scoring, figures: [{ ...each, combine: 'max' }], scales }]
}
