import { readFileSync } from 'node:fs'
import { type DemoRecord, demoFile, readDemoRecords } from './demo-data.ts'

/** Rows between a record and the one that brings its label: a day of hours. */
const LABEL_ROWS = 24

/** One thing that `headrace demo` shows. */
export interface Demo {
  readonly name: string
  readonly config: URL
  /** What the input topic is called behind the application's name. */
  readonly topic: string
  /** What its records are, in a few words. */
  readonly what: string
  /** Records a second unless the user says otherwise. */
  readonly speed: number
  /** At most `limit` of its records, in order. */
  records(limit?: number): DemoRecord[]
}

const taxi: Demo = {
  name: 'taxi',
  config: demoFile('taxi.yaml'),
  topic: 'rides',
  what: "seven months of New York's taxi passengers, a record each half hour",
  speed: 500,
  records: readDemoRecords,
}

const symbols: Demo = {
  name: 'symbols',
  config: demoFile('symbols.yaml'),
  topic: 'lines',
  what: 'the first chapters of Moby Dick, a record each line, every byte a symbol',
  speed: 100,
  records(limit) {
    const key = Buffer.from('moby-dick')
    const lines = readFileSync(demoFile('moby_dick.txt'), 'latin1').split(/(?<=\n)/)
    return lines.slice(0, limit).map((line) => ({ key, value: Buffer.from(line, 'latin1') }))
  },
}

const labels: Demo = {
  name: 'labels',
  config: demoFile('labels.yaml'),
  topic: 'hours',
  what: 'a year of bikes hired in Washington, each hour’s number told a day later',
  speed: 200,
  records(limit) {
    const key = Buffer.from('washington')
    return hireRecords()
      .slice(0, limit)
      .map((record) => ({ key, value: Buffer.from(JSON.stringify(record)) }))
  },
}

export const demos: readonly Demo[] = [taxi, symbols, labels]

/** Each hour without its number and then, a day later, with nothing but its number. */
function hireRecords(): Record<string, string | number>[] {
  const [header = '', ...rows] = readFileSync(demoFile('bike_hire.csv'), 'utf8').trim().split('\n')
  const names = header.split(',')
  const records: Record<string, string | number>[] = []
  const due: Record<string, string | number>[] = []
  for (const row of rows) {
    const cells = row.split(',')
    const [time = ''] = cells
    const inputs = names.slice(1, -1).map((name, i) => [name, Number(cells[i + 1])] as const)
    if (due.length === LABEL_ROWS) records.push({ ...due.shift(), time })
    records.push({ id: time, time, ...Object.fromEntries(inputs) })
    due.push({ id: time, hired: Number(cells.at(-1)) })
  }
  return records
}
