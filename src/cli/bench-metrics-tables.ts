import type { BenchRow } from '../bench/rows.ts'
import type { BenchTable } from './bench-tables.ts'
import { figure, grouped } from './table.ts'

type Rows<B extends BenchRow['bench']> = readonly Extract<BenchRow, { bench: B }>[]

type OverheadRow = Rows<'metrics-overhead'>[number]

const watchers = { metrics: 'metrics, scraped', page: 'a live page' } as const

export function metricsOverheadTable(rows: Rows<'metrics-overhead'>): BenchTable {
  return {
    title: 'Watching a service: what it costs',
    cells: [
      [
        ...['watched by', 'portfolio', 'sequences', 'records/s', 'µs a record', 'without'],
        ...['costs', 'between', 'backlog records/s', 'without', 'costs', 'between'],
        ...['to reach', 'reached'],
      ],
      ...rows.map((row) => [
        watchers[row.what],
        row.portfolio,
        grouped(row.sequences),
        grouped(row.recordsPerSecond),
        figure(row.microseconds),
        figure(row.plainMicroseconds),
        percent(row.processorLoss),
        `${percent(row.processorFrom)} … ${percent(row.processorTo)}`,
        grouped(row.backlogPerSecond),
        grouped(row.plainBacklogPerSecond),
        percent(row.backlogLoss),
        `${percent(row.backlogFrom)} … ${percent(row.backlogTo)}`,
        percent(row.reach),
        verdict(row),
      ]),
    ],
  }
}

export function metricsScrapeTable(rows: Rows<'metrics-scrape'>): BenchTable {
  return {
    title: 'Watching a service: one scrape',
    cells: [
      [
        ...['tasks', 'records/s', 'series', 'kB', 'kB to reach', 'scrapes'],
        ...['median ms', 'worst ms', 'worst to reach', 'reached'],
      ],
      ...rows.map((row) => [
        String(row.tasks),
        grouped(row.recordsPerSecond),
        grouped(row.series),
        (row.bytes / 1_000).toFixed(1),
        (row.reachBytes / 1_000).toFixed(0),
        String(row.scrapes),
        row.medianMs.toFixed(1),
        row.worstMs.toFixed(1),
        String(row.reachMs),
        row.worstMs <= row.reachMs && row.bytes <= row.reachBytes ? 'yes' : 'no',
      ]),
    ],
  }
}

/** By the cost in processor time; where its bounds leave the verdict open, it says so. */
function verdict({ processorLoss, processorFrom, processorTo, reach }: OverheadRow): string {
  if (processorLoss <= reach) return processorTo <= reach ? 'yes' : 'likely'
  return processorFrom > reach ? 'no' : 'unlikely'
}

function percent(share: number): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(1)} %` : '–'
}
