import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import { assemble } from './assemble.ts'
import { figure, table } from './figures.ts'
import { chart, noLimit, steps } from './panels.ts'
import { largest, rate, series, smallest, sum } from './query.ts'
import { uids } from './uids.ts'

const byProcess = 'application, instance'
const processLegend = '{{application}} on {{instance}}'

const figures = [
  figure({
    title: 'Processes',
    description: 'Processes that answer the scrapes now.',
    unit: 'short',
    thresholds: steps('red', [1, 'green']),
    queries: [{ expr: `count(${series('headrace_build_info')})` }],
  }),
  figure({
    title: 'Youngest process',
    description: 'Time since the newest of the processes began.',
    unit: 's',
    thresholds: steps('yellow', [60, 'green']),
    queries: [{ expr: smallest(`time() - ${series('process_start_time_seconds')}`) }],
  }),
  figure({
    title: 'Restarts',
    description: 'Times that a process began anew in the time shown. Runbook: HeadraceRestarting.',
    unit: 'short',
    thresholds: steps('green', [1, 'yellow'], [3, 'red']),
    queries: [{ expr: sum(`changes(${series('process_start_time_seconds')}[$__range])`) }],
  }),
  figure({
    title: 'Live pages',
    description: 'Browsers that have the live page of a process open; each costs a little.',
    unit: 'short',
    thresholds: noLimit,
    queries: [{ expr: sum(series('headrace_page_clients')) }],
  }),
]

const load = [
  chart({
    title: 'CPU',
    description:
      'Cores in use. Models learn in worker threads, one task in one of them: 1 for each busy ' +
      'worker and some for Kafka.',
    unit: 'short',
    thresholds: noLimit,
    min: 0,
    queries: [{ expr: sum(rate('process_cpu_seconds_total'), byProcess), legend: processLegend }],
  }),
  chart({
    title: 'Memory',
    description: 'Resident memory of the process: models, buffers and heap.',
    unit: 'bytes',
    thresholds: noLimit,
    min: 0,
    queries: [
      { expr: sum(series('process_resident_memory_bytes'), byProcess), legend: processLegend },
    ],
  }),
  chart({
    title: 'Heap',
    description:
      'Heap of the main thread, used and reserved, and memory outside it that JavaScript holds. ' +
      'Models are in worker threads, in the resident memory alone.',
    unit: 'bytes',
    thresholds: noLimit,
    min: 0,
    queries: [
      {
        expr: sum(series('nodejs_heap_size_used_bytes'), byProcess),
        legend: `${processLegend}, used`,
      },
      {
        expr: sum(series('nodejs_heap_size_total_bytes'), byProcess),
        legend: `${processLegend}, reserved`,
      },
      {
        expr: sum(series('nodejs_external_memory_bytes'), byProcess),
        legend: `${processLegend}, outside`,
      },
    ],
  }),
]

const loop = [
  chart({
    title: 'Event loop delay',
    description:
      'Delay of the main thread between two scrapes, 99th percentile and largest. It is sampled ' +
      'each 100 ms, so 0.1 s is none. Long delays hold up heartbeats to Kafka. Runbook: ' +
      'HeadraceEventLoopBlocked.',
    unit: 's',
    thresholds: steps('green', [0.25, 'yellow'], [0.5, 'red']),
    min: 0,
    queries: [
      {
        expr: largest(series('nodejs_eventloop_lag_p99_seconds'), byProcess),
        legend: `${processLegend}, p99`,
      },
      {
        expr: largest(series('nodejs_eventloop_lag_max_seconds'), byProcess),
        legend: `${processLegend}, largest`,
      },
    ],
  }),
  chart({
    title: 'Garbage collection',
    description: 'Share of the time that the main thread spends on it, by kind.',
    unit: 'percentunit',
    thresholds: steps('green', [0.1, 'yellow'], [0.3, 'red']),
    min: 0,
    queries: [
      {
        expr: sum(rate('nodejs_gc_duration_seconds_sum'), `${byProcess}, kind`),
        legend: `${processLegend}, {{kind}}`,
      },
    ],
  }),
  chart({
    title: 'Handles',
    description: 'What keeps the event loop alive: sockets, timers, workers. It has a ceiling.',
    unit: 'short',
    thresholds: noLimit,
    min: 0,
    queries: [
      {
        expr: sum(series('nodejs_active_resources'), `${byProcess}, type`),
        legend: `${processLegend}, {{type}}`,
      },
    ],
  }),
  chart({
    title: 'File descriptors',
    description: 'Open ones over the most that the process may have.',
    unit: 'percentunit',
    thresholds: steps('green', [0.7, 'yellow'], [0.9, 'red']),
    min: 0,
    queries: [
      {
        expr: largest(`${series('process_open_fds')} / ${series('process_max_fds')}`, byProcess),
        legend: processLegend,
      },
    ],
  }),
]

const facts = [
  table({
    title: 'Builds',
    description: 'What runs where. Two versions at once ought to be a roll-out and no more.',
    unit: 'none',
    thresholds: noLimit,
    rows: {
      application: 'Application',
      instance: 'Instance',
      version: 'headrace',
      node: 'Node',
      kernel: 'Kernel',
    },
    columns: [],
    expr: series('headrace_build_info'),
    none: 'No process',
  }),
  table({
    title: 'Networks',
    description: 'The shape of the networks and what computes them.',
    unit: 'none',
    thresholds: noLimit,
    rows: {
      application: 'Application',
      instance: 'Instance',
      cell: 'Cell',
      layers: 'Layers',
      hidden: 'Hidden units',
      window: 'Window',
      kernel: 'Kernel',
    },
    columns: [],
    expr: series('headrace_kernel_info'),
    none: 'No process',
  }),
]

/** What the machine gives and what runs on it. */
export function processes(): Dashboard {
  return assemble({
    uid: uids.process,
    title: 'headrace / Process',
    description: 'CPU, memory, event loop, garbage collection, handles; builds and kernels.',
    rows: [
      { heightUnits: 4, panels: figures },
      { heightUnits: 8, panels: load },
      { heightUnits: 8, panels: loop },
      { heightUnits: 6, panels: facts },
    ],
  })
}
