import { expect, test } from 'vitest'
import type { BenchRow } from '../../src/bench/rows.ts'
import { benchmarksPage, refreshedPage } from '../../src/cli/bench-page.ts'

const update = { kernel: 'wasm', cell: 'lstm', hidden: 32, rows: 1, window: 16, inputs: 8 } as const
const peer = { bench: 'peer', ...update, peerVersion: '1.2.3', microseconds: 50 } as const
const data = { portfolio: 'full', sequences: 1, data: 'nyc_taxi', inputs: 0 } as const
const task = { horizons: [1, 5], seasons: [48, 336] } as const
const rows: readonly BenchRow[] = [
  { bench: 'update', ...update, microseconds: 31.2, gigaflops: 17.1, ceilingShare: 0.45 },
  {
    ...{ bench: 'product', kernel: 'wasm', cell: 'lstm', hidden: 32, rows: 1 },
    ...{ microseconds: 0.3, gigaflops: 27.3, ceilingShare: 0.6 },
  },
  { bench: 'reference', ...update, microseconds: 30, referenceMicroseconds: 645, times: 21.5 },
  { ...peer, peer: 'pytorch', peerMicroseconds: 660, times: 13.2 },
  { ...peer, peer: 'tfjs cpu', peerMicroseconds: 9000, times: 180 },
  {
    ...{ bench: 'replay', kernel: 'wasm', ...data, ...task, recordsPerSecond: 15_000.4 },
    ...{ bytesPerSequence: 9800, records: 10_320, heapBytesPer1000Records: 2e6, heapGrowth: 1 },
  },
  {
    ...{ bench: 'block', kernel: 'wasm', ...data, ...task },
    ...{ microseconds: 10, singleMicroseconds: 12, times: 1.2 },
  },
  {
    ...{ bench: 'latency', kernel: 'wasm', ...data, ...task, boundary: true, records: 1289 },
    ...{ p50Microseconds: 48, p99Microseconds: 90 },
  },
  { bench: 'memory', kernel: 'wasm', ...data, ...task, records: 1e7, residentBytes: 1.5e8 },
  {
    ...{ bench: 'service-backlog', kernel: 'wasm', portfolio: 'network', sequences: 1, fields: 3 },
    ...{ records: 250_000, rounds: 3, recordsPerSecond: 69_999.6, replayRecordsPerSecond: 1e5 },
    ...{ share: 0.7, reach: 0.6, beyond: 0.8 },
  },
  {
    ...{ bench: 'service-restore', kernel: 'wasm', sequences: 1000, records: 250_000, rounds: 3 },
    ...{ recordsPerSecond: 96_000, replayRecordsPerSecond: 1e5, share: 0.96, reach: 0.95 },
  },
  {
    ...{ bench: 'service-latency', kernel: 'wasm', producedPerSecond: 500, records: 10_000 },
    ...{ commitIntervalMs: 100, p50Ms: 61, p95Ms: 108, p99Ms: 141, reachMs: 140, beyondMs: 120 },
  },
  {
    ...{ bench: 'service-pause', kernel: 'wasm', cause: 'kill-takeover', processes: 2 },
    ...{ partitions: 1, repeats: 5, medianMs: 7100, worstMs: 7900 },
    ...{ reachMs: 10_000, beyondMs: 8000 },
  },
  {
    ...{ bench: 'service-idle', kernel: 'wasm', partitions: 8, seconds: 20.01, coreShare: 0.015 },
    ...{ reach: 0.02, beyond: 0.01 },
  },
  {
    ...{ bench: 'metrics-overhead', kernel: 'wasm', what: 'page', portfolio: 'full' },
    ...{ sequences: 64, pairs: 8, turns: 6, recordsPerSecond: 20_000, microseconds: 50.5 },
    ...{ plainMicroseconds: 50, backlogPerSecond: 29_800, plainBacklogPerSecond: 30_000 },
    ...{ processorLoss: 0.0099, processorFrom: -0.001, processorTo: 0.019 },
    ...{ backlogLoss: 0.0067, backlogFrom: -0.01, backlogTo: 0.021, reach: 0.02 },
  },
  {
    ...{ bench: 'metrics-scrape', kernel: 'wasm', tasks: 8, recordsPerSecond: 1000, series: 1600 },
    ...{ bytes: 168_800, scrapes: 50, medianMs: 8.87, worstMs: 20.1 },
    ...{ reachMs: 20, reachBytes: 200_000 },
  },
]
const origin = {
  machine: { processor: 'A Processor', cores: 2, node: 'v24.1.0' },
  version: '0.1.0',
  date: '2024-07-01',
}

test('the page names machine, versions and date', () => {
  expect(benchmarksPage(rows, origin)).toContain(
    'Measured on 2024-07-01: A Processor, 2 cores, kernel `wasm`, headrace 0.1.0, Node 24.1.0, ' +
      'pytorch 1.2.3, tfjs cpu 1.2.3.',
  )
})

test('each bench has a table with every row, and a text of its own', () => {
  const page = benchmarksPage(rows, origin)
  const sections = page.split('\n## ').slice(1, -1)
  expect(sections).toHaveLength(rows.length)
  const texts = sections.map((section) => {
    const [title = '', , text = '', , ...table] = section.trimEnd().split('\n')
    expect(text.length, title).toBeGreaterThan(20)
    const widths = table.map((line) => line.split('|').length)
    expect(new Set(widths).size, title).toBe(1)
    expect(table, title).toHaveLength(3)
    return text
  })
  expect(new Set(texts).size).toBe(texts.length)
  expect(page).toContain('| lstm | 32 | 1 | 16 | 31.20 | 17.10 | 0.45 |')
  expect(page).toContain('| lstm | 32 | 1 | 16 | 50.00 | 660.0 | 13 × |')
  expect(page).toContain(
    '| nyc_taxi | full | 1 | 1 5 | 48 336 | 0 | 15,000 | 9,800 | 2,000 | 1.00 |',
  )
  expect(page).toContain(
    '| network | 1 | 3 | 250,000 | 70,000 | 100,000 | 70 % | 60 % | 80 % | yes |',
  )
  expect(page).toContain('| 500 | 10,000 | 100 | 61.00 | 108.0 | 141.0 | 140 | 120 | no |')
  expect(page).toContain('| 2 | 1 | 5 | 7.10 | 7.90 | 10.00 | 8.00 | beyond |')
  expect(page).toContain('| 8 | 20 | 1.5 % | 2.0 % | 1.0 % | yes |')
  expect(page).toContain('| 1.0 % | -0.1 % … 1.9 % | 29,800 | 30,000 |')
  expect(page).toContain('| 0.7 % | -1.0 % … 2.1 % | 2.0 % | yes |')
  expect(page).toContain('| 8 | 1,000 | 1,600 | 168.8 | 200 | 50 | 8.9 | 20.1 | 20 | no |')
})

test('a bench that was left out has no section', () => {
  const page = benchmarksPage(rows.slice(0, 1), origin)
  expect(page.split('\n## ')).toHaveLength(3)
  expect(page).not.toContain('undefined')
})

test('the documented rows are those of the types', () => {
  const documented = [...benchmarksPage(rows, origin).matchAll(/^\{"bench"[\s\S]*?\}$/gm)]
    .map(([text]) => JSON.parse(text) as BenchRow)
    .map((row) => [row.bench, Object.keys(row).sort()])
  const shown = rows.map((row) => [row.bench, Object.keys(row).sort()])
  expect(new Map(documented as [string, string[]][])).toEqual(
    new Map(shown as [string, string[]][]),
  )
})

test('a part that is measured anew replaces its own sections, and tells when that was', () => {
  const origin = (date: string) => ({
    machine: { processor: 'Some CPU', cores: 4, node: 'v24.1.0' },
    version: '0.1.0',
    date,
  })
  const page = benchmarksPage(rows, origin('2026-01-01'))
  const titles = (text: string) => text.match(/^## .*$/gm)
  const idle = rows.filter(({ bench }) => bench === 'service-idle')
  const fresh = idle.map((row) => ({ ...row, coreShare: 0.0191 })) as readonly BenchRow[]
  const refreshed = refreshedPage(page, fresh, origin('2026-02-02'))
  expect(titles(refreshed)).toEqual(titles(page))
  const [was, is] = [page, refreshed].map((text) => text.split('\n## '))
  const changed = was?.map((chapter, i) => [chapter, is?.[i]]).filter(([a, b]) => a !== b)
  expect(changed).toHaveLength(1)
  const [before, after] = changed?.[0] ?? []
  expect(before).toContain('1.5 %')
  expect(after).toContain('1.9 %')
  expect(after).toContain('measured on 2026-02-02: Some CPU, 4 cores, headrace 0.1.0, Node 24.1.0.')

  // A part that the page did not have comes before the form of the rows.
  const without = benchmarksPage(
    rows.filter(({ bench }) => bench !== 'service-idle'),
    origin('2026-01-01'),
  )
  const added = titles(refreshedPage(without, fresh, origin('2026-02-02')))
  expect(added?.at(-2)).toMatch(/nothing to do/)
  expect(added?.at(-1)).toBe('## The rows of `--json`')
})
