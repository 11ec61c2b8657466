import type { Machine } from '../bench/machine.ts'
import type { BenchRow } from '../bench/rows.ts'
import { metricsExplanations, metricsRows } from './bench-metrics-page.ts'
import { serviceExplanations, serviceRows } from './bench-service-page.ts'
import { type BenchTable, benchTables } from './bench-tables.ts'

/** Where and when the rows of the page were measured. */
export interface BenchOrigin {
  readonly machine: Machine
  /** headrace's own. */
  readonly version: string
  /** `2024-07-01` */
  readonly date: string
}

/** `docs/benchmarks.md`: figures of one machine, and how to get one's own. */
export function benchmarksPage(rows: readonly BenchRow[], origin: BenchOrigin): string {
  const { machine, version, date } = origin
  const peers = new Map(
    rows.flatMap((row) => (row.bench === 'peer' ? [[row.peer, row.peerVersion]] : [])),
  )
  const kernels = new Set(rows.map(({ kernel }) => kernel))
  const versions = [
    `headrace ${version}`,
    `Node ${machine.node.replace(/^v/, '')}`,
    ...[...peers].map(([peer, peerVersion]) => `${peer} ${peerVersion}`),
  ]
  return [
    introduction,
    `Measured on ${date}: ${machine.processor}, ${machine.cores} cores, kernel ` +
      `\`${[...kernels].join('`, `')}\`, ${versions.join(', ')}.`,
    ...benchTables(rows).map(section),
    rowsChapter,
  ].join('\n\n')
}

/**
 * The page with the sections of `rows` measured anew, each with its own origin, and all others as
 * they were.
 */
export function refreshedPage(
  page: string,
  rows: readonly BenchRow[],
  { machine, version, date }: BenchOrigin,
): string {
  const [head = '', ...chapters] = page.split(/\n\n(?=## )/)
  const sections = new Map(chapters.slice(0, -1).map((text) => [titleOf(text), text]))
  const { processor, cores, node } = machine
  const measured =
    `This section was measured on ${date}: ${processor}, ${cores} cores, ` +
    `headrace ${version}, Node ${node.replace(/^v/, '')}.`
  for (const table of benchTables(rows)) {
    const text = section(table).replace('\n\n|', `\n\n${measured}\n\n|`)
    sections.set(titleOf(text), text)
  }
  const origin = head.slice(head.indexOf('\n\nMeasured on ') + 2)
  return [introduction, origin, ...sections.values(), rowsChapter].join('\n\n')
}

function titleOf(section: string): string {
  return section.slice(0, section.indexOf('\n'))
}

const introduction = `# Benchmarks

Written by \`npm run bench:docs\`. But for the service, every figure is a median over rounds in
which each case runs once, so that a slow moment of the machine hits all alike; what is compared
runs in turn, and the ratio is taken round by round. Times of updates and products are those on the
wall or, where the machine was busy with something else, the process's own. To measure your machine:

\`\`\`sh
npm run bench                                    # updates and replays
npm run bench -- --only update,product,reference,replay,latency,memory
npm run bench -- --only service                  # headrace run on a real Kafka
npm run bench -- --only metrics                  # what metrics and the live page cost
npm run bench:tfjs                               # against TensorFlow.js, which it installs first
npm run bench:pytorch                            # against PyTorch, in a virtual environment
\`\`\`

\`headrace bench --help\` has the options.`

/** What the figures of a section are, by the first words of its title. */
const explanations: readonly (readonly [title: string, text: string])[] = [
  [
    'One update, against the reference',
    'The same update by the kernel and by the plain loops of the reference, in turn.',
  ],
  [
    'One update, against pytorch',
    'Eager PyTorch: `nn.LSTM` or `nn.GRU` over the window, a linear read-out, mean Huber loss, ' +
      'backward, clip by global norm, Adam in the implementation that is fastest here; one ' +
      'thread. A process for each side, both pinned to one core, in turn.',
  ],
  [
    'One update, against tfjs',
    'TensorFlow.js from the same weights over the same batch; the losses are checked against ' +
      'each other first. Unrolled by hand, which takes half the time of `tf.layers`; it does not ' +
      'clip.',
  ],
  [
    'One update',
    'Forward over the window, backward over it, clip, Adam: 8 inputs, one layer, one output. ' +
      'Counted as 6 × parameters × rows × window operations. The ceiling is the best of the ' +
      'kernel’s own plain matrix products in several friendly shapes, nothing copied, in the ' +
      'same run.',
  ],
  [
    'The gates',
    'What a live step spends its time in, h of all rows by the recurrent weights of all gates: ' +
      '(rows, hidden) × (hidden, gates × hidden), and its share of the same ceiling.',
  ],
  [
    'Replay',
    'Bytes of a file through decoder, model and scoreboard, as `headrace replay` does it: the ' +
      'bundled taxi series (CSV), or JSON lines with 16 further fields, sequences interleaved. ' +
      'Measured in a process that has warmed up; a new one is about half as fast over its first ' +
      'thousands of records, while V8 compiles. Heap bytes a record are what decoder and model ' +
      'take from the JavaScript heap, collected or not, in the last quarter of a run; growth is ' +
      'that quarter over the one before it: 1 means that a record costs the same however long ' +
      'the run.',
  ],
  [
    'A backlog',
    'Decoder and model over the same records in memory: as a backlog, whose records go through ' +
      'the networks side by side where their sequences differ, and one by one, in turn in the ' +
      'same run. Microseconds of the processor for one record; the bits are the same.',
  ],
  [
    'Latency',
    'The model’s `step` for one decoded record. At the end of a block it learns as well.',
  ],
  [
    'Resident memory',
    'The whole process while one model learns from 1,000 sequences, the same records again and ' +
      'again.',
  ],
  ...serviceExplanations,
  ...metricsExplanations,
]

function section({ title, cells }: BenchTable): string {
  const text = explanations.find(([start]) => title.startsWith(start))?.[1] ?? ''
  const [head = [], ...rows] = cells
  const line = (row: readonly string[]) => `| ${row.join(' | ')} |`
  const rule = line(head.map((_, column) => (column === 0 ? '---' : '---:')))
  return [`## ${title}`, '', text, '', line(head), rule, ...rows.map(line)].join('\n')
}

const rowsChapter = `## The rows of \`--json\`

One array. A field may be added; none is renamed or taken away. The figures here show the form
only; those that were measured are in the tables above.

\`\`\`json
{"bench": "update", "kernel": "wasm", "cell": "lstm", "hidden": 32, "inputs": 8, "rows": 1,
 "window": 16, "microseconds": 31.2, "gigaflops": 17.1, "ceilingShare": 0.45}
{"bench": "product", "kernel": "wasm", "cell": "lstm", "hidden": 32, "rows": 1,
 "microseconds": 0.3, "gigaflops": 27.3, "ceilingShare": 0.6}
{"bench": "reference", "kernel": "wasm", "cell": "lstm", "hidden": 32, "inputs": 8, "rows": 1,
 "window": 16, "microseconds": 31.2, "referenceMicroseconds": 374.4, "times": 12.0}
{"bench": "peer", "kernel": "wasm", "peer": "pytorch", "peerVersion": "2.15.0", "cell": "lstm",
 "hidden": 32, "inputs": 8, "rows": 1, "window": 16, "microseconds": 31.2,
 "peerMicroseconds": 660.1, "times": 21.2}
{"bench": "replay", "kernel": "wasm", "portfolio": "network", "sequences": 1,
 "recordsPerSecond": 81000, "bytesPerSequence": 9800, "data": "nyc_taxi", "inputs": 0,
 "horizons": [1, 5], "seasons": [48, 336], "records": 10320,
 "heapBytesPer1000Records": 1334000, "heapGrowth": 1.0}
{"bench": "block", "kernel": "wasm", "portfolio": "network", "sequences": 1000,
 "data": "synthetic", "inputs": 16, "horizons": [1], "seasons": [], "microseconds": 6.9,
 "singleMicroseconds": 8.3, "times": 1.2}
{"bench": "latency", "kernel": "wasm", "portfolio": "network", "sequences": 1, "data": "nyc_taxi",
 "inputs": 0, "horizons": [1, 5], "seasons": [48, 336], "boundary": false, "records": 9031,
 "p50Microseconds": 3.6, "p99Microseconds": 5.0}
{"bench": "memory", "kernel": "wasm", "portfolio": "network", "sequences": 1000,
 "data": "synthetic", "inputs": 16, "horizons": [1], "seasons": [], "records": 10000000,
 "residentBytes": 123000000}
${serviceRows}
${metricsRows}
\`\`\`

\`rows\` are the sequences that learn together, \`times\` how many times as fast. Rows of
\`block\` come with those of \`replay\`.
\`bytesPerSequence\` is a sequence’s whole state with its window. \`boundary\`: the records whose
step ended a block and learnt, or all the others; where there are none, \`records\` is 0 and the two
times are null. \`cause\` is \`kill-takeover\`, \`kill-restart\`, \`stalled-commit\` or
\`rolling-restart\`. \`reach\` and \`beyond\` are the targets of the figure that has one, null
without.
`
