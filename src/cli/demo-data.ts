import { readFileSync } from 'node:fs'
import { assert } from '../assert.ts'

/** Name of the sequence, the records' key. */
const demoKey = 'nyc'

export interface DemoRecord {
  readonly key: Buffer
  readonly value: Buffer
}

type DemoFile =
  | 'nyc_taxi.csv'
  | 'taxi.yaml'
  | 'moby_dick.txt'
  | 'symbols.yaml'
  | 'bike_hire.csv'
  | 'labels.yaml'

/** Where the demo's files are, in a checkout and in a package alike. */
export function demoFile(name: DemoFile): URL {
  return new URL(`../../deploy/demo/${name}`, import.meta.url)
}

/**
 * The bundled series as the records that the demo produces: one JSON object a row, with the time in
 * ISO 8601 and UTC. At most `limit` of them.
 */
export function readDemoRecords(limit = Number.POSITIVE_INFINITY): DemoRecord[] {
  const key = Buffer.from(demoKey)
  return readRows()
    .slice(0, limit)
    .map(({ time, passengers }) => {
      const record = { timestamp: `${time.replace(' ', 'T')}Z`, passengers }
      return { key, value: Buffer.from(JSON.stringify(record)) }
    })
}

/** Passengers per half hour, in order. */
export function readDemoValues(): number[] {
  return readRows().map(({ passengers }) => passengers)
}

function readRows(): { readonly time: string; readonly passengers: number }[] {
  const [header, ...rows] = readFileSync(demoFile('nyc_taxi.csv'), 'utf8').trim().split(/\r?\n/)
  assert(header === 'timestamp,value', 'the demo knows the columns of its own file')
  return rows.map((row) => {
    const [time = '', value = ''] = row.split(',')
    return { time, passengers: Number(value) }
  })
}
