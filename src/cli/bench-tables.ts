import type { BenchRow, Data } from '../bench/rows.ts'
import { metricsOverheadTable, metricsScrapeTable } from './bench-metrics-tables.ts'
import {
  serviceBacklogTable,
  serviceIdleTable,
  serviceLatencyTable,
  servicePauseTable,
  serviceRestoreTable,
} from './bench-service-tables.ts'
import { figure, grouped } from './table.ts'

type Rows<B extends BenchRow['bench']> = readonly Extract<BenchRow, { bench: B }>[]

/** A heading and the cells of its table, the names of the columns first. */
export interface BenchTable {
  readonly title: string
  readonly cells: readonly (readonly string[])[]
}

/** One table for each bench that has rows, for people: a terminal or the generated page. */
export function benchTables(rows: readonly BenchRow[]): BenchTable[] {
  const of = <B extends BenchRow['bench']>(bench: B) =>
    rows.filter((row): row is Extract<BenchRow, { bench: B }> => row.bench === bench)
  const peers = Object.entries(Object.groupBy(of('peer'), ({ peer }) => peer))
  return [
    updateTable(of('update')),
    productTable(of('product')),
    referenceTable(of('reference')),
    ...peers.map(([peer, found = []]) => peerTable(peer, found)),
    ...tensorflowTables(of('tensorflow')),
    replayTable(of('replay')),
    blockTable(of('block')),
    latencyTable(of('latency')),
    memoryTable(of('memory')),
    serviceBacklogTable(of('service-backlog')),
    serviceRestoreTable(of('service-restore')),
    serviceLatencyTable(of('service-latency')),
    servicePauseTable(of('service-pause')),
    serviceIdleTable(of('service-idle')),
    metricsOverheadTable(of('metrics-overhead')),
    metricsScrapeTable(of('metrics-scrape')),
  ].filter(({ cells }) => cells.length > 1)
}

function tensorflowTables(rows: Rows<'tensorflow'>): BenchTable[] {
  const devices = Object.entries(Object.groupBy(rows, ({ device }) => device))
  return devices.map(([device, found = []]) => ({
    title: `TensorFlow (${device}) against wasm: one step, one update, records of a stream`,
    cells: [
      [
        'cell',
        'hidden',
        'rows',
        'window',
        'step µs',
        'wasm',
        'update µs',
        'wasm',
        'records/s',
      ].concat('wasm', 'times'),
      ...found.map((row) => [
        ...updateCells(row),
        figure(row.stepMicroseconds),
        figure(row.wasmStepMicroseconds),
        figure(row.updateMicroseconds),
        figure(row.wasmUpdateMicroseconds),
        grouped(Math.round(row.recordsPerSecond)),
        grouped(Math.round(row.wasmRecordsPerSecond)),
        figure(row.times),
      ]),
    ],
  }))
}

function updateTable(rows: Rows<'update'>): BenchTable {
  return {
    title: 'One update',
    cells: [
      ['cell', 'hidden', 'rows', 'window', 'µs', 'GFLOP/s', 'of ceiling'],
      ...rows.map((row) => [
        ...updateCells(row),
        figure(row.microseconds),
        row.gigaflops.toFixed(2),
        row.ceilingShare.toFixed(2),
      ]),
    ],
  }
}

function productTable(rows: Rows<'product'>): BenchTable {
  return {
    title: 'The gates’ product',
    cells: [
      ['cell', 'hidden', 'rows', 'µs', 'GFLOP/s', 'of ceiling'],
      ...rows.map((row) => [
        row.cell,
        String(row.hidden),
        String(row.rows),
        figure(row.microseconds),
        row.gigaflops.toFixed(2),
        row.ceilingShare.toFixed(2),
      ]),
    ],
  }
}

function referenceTable(rows: Rows<'reference'>): BenchTable {
  return {
    title: 'One update, against the reference kernel',
    cells: [
      ['cell', 'hidden', 'rows', 'window', 'µs', 'reference µs', 'times'],
      ...rows.map((row) => [
        ...updateCells(row),
        figure(row.microseconds),
        figure(row.referenceMicroseconds),
        times(row.times),
      ]),
    ],
  }
}

function peerTable(peer: string, rows: Rows<'peer'>): BenchTable {
  return {
    title: `One update, against ${peer} ${rows[0]?.peerVersion ?? ''}`.trimEnd(),
    cells: [
      ['cell', 'hidden', 'rows', 'window', 'µs', `${peer} µs`, 'times'],
      ...rows.map((row) => [
        ...updateCells(row),
        figure(row.microseconds),
        figure(row.peerMicroseconds),
        times(row.times),
      ]),
    ],
  }
}

function replayTable(rows: Rows<'replay'>): BenchTable {
  return {
    title: 'Replay',
    cells: [
      ['data', ...dataColumns, 'records/s', 'bytes a sequence', 'heap bytes a record', 'growth'],
      ...rows.map((row) => [
        ...dataCells(row),
        grouped(row.recordsPerSecond),
        grouped(row.bytesPerSequence),
        grouped(row.heapBytesPer1000Records / 1000),
        row.heapGrowth.toFixed(2),
      ]),
    ],
  }
}

function blockTable(rows: Rows<'block'>): BenchTable {
  return {
    title: 'A backlog, against record by record',
    cells: [
      ['data', ...dataColumns, 'backlog µs', 'single µs', 'times'],
      ...rows.map((row) => [
        ...dataCells(row),
        figure(row.microseconds),
        figure(row.singleMicroseconds),
        times(row.times),
      ]),
    ],
  }
}

function latencyTable(rows: Rows<'latency'>): BenchTable {
  return {
    title: 'Latency of one step',
    cells: [
      ['data', ...dataColumns, 'block ends', 'records', 'p50 µs', 'p99 µs'],
      ...rows.map((row) => [
        ...dataCells(row),
        row.boundary ? 'yes' : 'no',
        grouped(row.records),
        figure(row.p50Microseconds),
        figure(row.p99Microseconds),
      ]),
    ],
  }
}

function memoryTable(rows: Rows<'memory'>): BenchTable {
  return {
    title: 'Resident memory',
    cells: [
      ['data', ...dataColumns, 'records', 'MB'],
      ...rows.map((row) => [
        ...dataCells(row),
        grouped(row.records),
        (row.residentBytes / 1e6).toFixed(1),
      ]),
    ],
  }
}

const dataColumns = ['portfolio', 'sequences', 'horizons', 'seasons', 'inputs'] as const

function dataCells({ data, portfolio, sequences, horizons, seasons, inputs }: Data): string[] {
  return [
    data,
    portfolio,
    grouped(sequences),
    horizons.join(' '),
    seasons.join(' ') || '–',
    String(inputs),
  ]
}

function updateCells(row: Rows<'update' | 'reference' | 'peer' | 'tensorflow'>[number]): string[] {
  return [row.cell, String(row.hidden), String(row.rows), String(row.window)]
}

function times(ratio: number): string {
  return `${ratio >= 10 ? ratio.toFixed(0) : ratio.toFixed(2)} ×`
}
