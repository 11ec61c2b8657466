import type {
  Choice,
  Hello,
  Next,
  Point,
  Points,
  SequenceEntry,
  Status,
} from '../../../../src/telemetry/page/client/protocol.ts'

/** Half an hour between two records. */
const STEP_MS = 1_800_000
const START_MS = Date.UTC(2014, 6, 1)
const season = 48

export const targets = ['passengers', 'trips']
export const horizons = [1, 5]
const levels = [0.8, 0.95]
export const firstChoice: Choice = {
  partition: 0,
  sequence: 'jfk',
  target: 'passengers',
  horizon: 1,
}

export const sequences: readonly SequenceEntry[] = [
  { partition: 0, sequence: 'jfk' },
  { partition: 1, sequence: 'lga' },
  { partition: 0, sequence: 'ewr' },
  { partition: 1, sequence: '' },
  ...Array.from({ length: 70 }, (_, i) => ({ partition: i % 2, sequence: `zone-${i}` })),
]

export function hello(choice: Choice): Hello {
  return {
    kind: 'forecast',
    application: 'taxi',
    version: '0.1.0',
    topic: 'rides',
    targets,
    horizons,
    levels,
    choice,
  }
}

/** Value of record n: a day's wave and a week's, each sequence at its own height. */
function passengersAt(n: number, choice: Choice): number {
  const height = 1 + ((choice.sequence ?? '').length % 5)
  const day = Math.sin((2 * Math.PI * n) / season)
  const week = Math.sin((2 * Math.PI * n) / (7 * season))
  const noise = ((n * 7_919) % 101) / 101 - 0.5
  return height * (9_000 + 5_000 * day + 1_500 * week + 900 * noise)
}

function boundsOf(mean: number): [number, number][] {
  return [
    [mean - 900, mean + 900],
    [mean - 1_700, mean + 1_700],
  ]
}

/** Records from `from` up to, not including, `to`; the first `unknown` ones were not predicted. */
export function points(
  choice: Choice,
  from: number,
  to: number,
  more: Partial<Points> & { unknown?: number } = {},
): Points {
  const { unknown = 0, ...rest } = more
  const made = Array.from({ length: to - from }, (_, i): Point => {
    const n = from + i
    const value = passengersAt(n, choice)
    const predicted = value * (1 + 0.05 * Math.sin(n))
    const timeMs = START_MS + n * STEP_MS
    if (n < unknown) return [n, timeMs, value, null, null]
    // One in fifty has no value of this target.
    return [n, timeMs, n % 50 === 49 ? null : value, predicted, boundsOf(predicted)]
  })
  const mean = passengersAt(to - 1 + choice.horizon, choice)
  const next: Next = {
    timeMs: START_MS + (to - 1 + choice.horizon) * STEP_MS,
    mean,
    bounds: boundsOf(mean),
  }
  return { choice, isReset: false, skipped: 0, points: made, next, ...rest }
}

/** The status after n records, of `tasks` partitions. */
export function status(n: number, more: Partial<Status> & { partitions?: number } = {}): Status {
  const { partitions = 2, ...rest } = more
  return {
    timeMs: START_MS + n * STEP_MS,
    ready: true,
    reasons: [],
    recordsPerSecond: 120 + (n % 7),
    tasks: Array.from({ length: partitions }, (_, partition) => ({
      partition,
      state: 'RUNNING',
      done: null,
      total: null,
      lagRecords: n % 4,
      queuedRecords: 0,
      records: n + partition,
      updates: Math.floor(n / 8),
      sequences: 7,
      recordsPerSecond: 60.5,
      error: null,
    })),
    deadLetters: { total: 0, recent: [] },
    scores: scores(n),
    symbols: [],
    labels: [],
    skill: { persistence: 0.61, seasonal: 0.58, rls: -0.07 },
    coverage: [
      { level: 0.8, coverage: 0.803, width: 1_800 },
      { level: 0.95, coverage: 0.87, width: 3_400 },
    ],
    ...rest,
  }
}

function scores(n: number): Status['scores'] {
  const members = [
    ['mixture', 1, null],
    ['persistence', 2.6, 0.012],
    ['seasonal:48', 2.4, 0.03],
    ['rls:linear', 1.1, 0.2],
    ['rls:log', 0.96, 0.35],
    ['network:3e-4', 1.3, 0.05],
    ['network:1e-3', 1.2, 0.158],
    ['network:1e-3:rls', 1.15, 0.2],
    ['network:no-carry', 1.5, null],
  ] as const
  return members.map(([member, factor, weight]) => ({
    member,
    fadingMae: factor * (500 + (n % 10)),
    mae: factor * 540,
    fadingWmape: factor * 0.031,
    wmape: factor * 0.034,
    weight,
  }))
}
