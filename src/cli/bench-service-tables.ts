import type { BenchRow } from '../bench/rows.ts'
import type { PauseCause } from '../bench/service/rows.ts'
import type { BenchTable } from './bench-tables.ts'
import { figure, grouped } from './table.ts'

type Rows<B extends BenchRow['bench']> = readonly Extract<BenchRow, { bench: B }>[]

const causes: Readonly<Record<PauseCause, string>> = {
  'kill-takeover': 'kill -9, the other process takes over',
  'kill-restart': 'kill -9, started again at once',
  'stalled-commit': 'commit stalled beyond its time-out',
  'rolling-restart': 'one of two stopped and started',
}

export function serviceBacklogTable(rows: Rows<'service-backlog'>): BenchTable {
  return {
    title: 'The service: a backlog',
    cells: [
      [
        ...['portfolio', 'sequences', 'fields', 'records', 'records/s', 'replay’s', 'share'],
        ...['to reach', 'beyond', 'reached'],
      ],
      ...rows.map((row) => [
        row.portfolio,
        grouped(row.sequences),
        String(row.fields),
        grouped(row.records),
        grouped(row.recordsPerSecond),
        grouped(row.replayRecordsPerSecond),
        percent(row.share),
        ...(row.reach === null || row.beyond === null
          ? ['–', '–', '–']
          : [percent(row.reach), percent(row.beyond), atLeast(row.share, row.reach, row.beyond)]),
      ]),
    ],
  }
}

export function serviceRestoreTable(rows: Rows<'service-restore'>): BenchTable {
  return {
    title: 'The service: a restore without a snapshot',
    cells: [
      ['sequences', 'records', 'records/s', 'replay’s', 'share', 'to reach', 'reached'],
      ...rows.map((row) => [
        grouped(row.sequences),
        grouped(row.records),
        grouped(row.recordsPerSecond),
        grouped(row.replayRecordsPerSecond),
        percent(row.share),
        percent(row.reach),
        row.share >= row.reach ? 'yes' : 'no',
      ]),
    ],
  }
}

export function serviceLatencyTable(rows: Rows<'service-latency'>): BenchTable {
  return {
    title: 'The service: from event to prediction',
    cells: [
      [
        ...['events/s', 'events', 'commit interval ms', 'p50 ms', 'p95 ms', 'p99 ms'],
        ...['p99 to reach', 'beyond', 'reached'],
      ],
      ...rows.map((row) => [
        grouped(row.producedPerSecond),
        grouped(row.records),
        String(row.commitIntervalMs),
        figure(row.p50Ms),
        figure(row.p95Ms),
        figure(row.p99Ms),
        String(row.reachMs),
        String(row.beyondMs),
        atMost(row.p99Ms, row.reachMs, row.beyondMs),
      ]),
    ],
  }
}

export function servicePauseTable(rows: Rows<'service-pause'>): BenchTable {
  return {
    title: 'The service: how long there is no prediction',
    cells: [
      [
        ...['after', 'processes', 'partitions', 'times', 'median s', 'worst s'],
        ...['worst to reach', 'beyond', 'reached'],
      ],
      ...rows.map((row) => [
        causes[row.cause],
        String(row.processes),
        String(row.partitions),
        String(row.repeats),
        seconds(row.medianMs),
        seconds(row.worstMs),
        seconds(row.reachMs),
        seconds(row.beyondMs),
        atMost(row.worstMs, row.reachMs, row.beyondMs),
      ]),
    ],
  }
}

export function serviceIdleTable(rows: Rows<'service-idle'>): BenchTable {
  return {
    title: 'The service: nothing to do',
    cells: [
      ['partitions', 'seconds', 'of a core', 'to reach', 'beyond', 'reached'],
      ...rows.map((row) => [
        String(row.partitions),
        row.seconds.toFixed(0),
        percent(row.coreShare),
        percent(row.reach),
        percent(row.beyond),
        atMost(row.coreShare, row.reach, row.beyond),
      ]),
    ],
  }
}

function atLeast(value: number, reach: number, beyond: number): string {
  return value >= beyond ? 'beyond' : value >= reach ? 'yes' : 'no'
}

function atMost(value: number, reach: number, beyond: number): string {
  return value <= beyond ? 'beyond' : value <= reach ? 'yes' : 'no'
}

function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(2)
}
