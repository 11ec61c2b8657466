import type { MetricsOverheadRow } from './metrics-rows.ts'
import type { MeteredPlan, MetricsBenchOptions, Round } from './metrics-service.ts'
import { breathe } from './rounds.ts'
import { median, medianInterval } from './statistics.ts'

/** Of a steady stream, in records a second. */
const steadyPerSecond = 20_000
const reach = { metrics: 0.03, page: 0.02 } as const

/** Rounds of one of two sides that are compared. */
export interface Side {
  steady(recordsPerSecond: number, ms: number): Promise<Round>
  backlog(records: number): Promise<Round>
}

export interface Sides {
  readonly watched: Side
  readonly plain: Side
}

/** What a pair of sides took for all its rounds of each kind. */
export interface PairFigures {
  readonly watched: Figures
  readonly plain: Figures
}

interface Figures {
  /** Of the processor, for one record at the steady rate. */
  readonly microseconds: number
  /** Of a backlog. */
  readonly perSecond: number
}

/** Gives the sides of a turn; where both are alike they may change their roles. */
type SidesAt = (turn: number) => Sides

/**
 * Pairs of sides, each opened anew: what the compiler has made of a service lasts as long as its
 * process, so rounds of the same processes would only repeat the luck of the first.
 */
export async function comparePairs(
  options: MetricsBenchOptions,
  what: MetricsOverheadRow['what'],
  { kernel, portfolio, sequences }: MeteredPlan,
  withSides: (measure: (sidesAt: SidesAt) => Promise<PairFigures>) => Promise<PairFigures>,
): Promise<MetricsOverheadRow> {
  const { pairs, turns } = options.scale
  const found: PairFigures[] = []
  while (found.length < pairs) {
    await breathe(options.signal)
    found.push(await withSides((sidesAt) => measurePair(options, sidesAt, found.length)))
    options.onProgress?.(found.length / pairs)
  }
  return {
    ...{ bench: 'metrics-overhead', kernel, what, portfolio, sequences, pairs, turns },
    recordsPerSecond: steadyPerSecond,
    ...lossesOf(found),
    reach: reach[what],
  }
}

/**
 * Steady rounds of both sides at the same time, so that a slow moment of the machine hits them
 * alike; backlogs, which take all that there is, in turn, and who comes first in turn as well.
 */
async function measurePair(
  { scale, signal }: MetricsBenchOptions,
  sidesAt: SidesAt,
  pair: number,
): Promise<PairFigures> {
  const { turns, roundMs, warmUpRounds } = scale
  const names = ['watched', 'plain'] as const
  const found = { watched: emptyRounds(), plain: emptyRounds() }
  const steady = async (turn: number): Promise<Round[]> => {
    await breathe(signal)
    const sides = sidesAt(turn)
    return await Promise.all(names.map((name) => sides[name].steady(steadyPerSecond, roundMs)))
  }
  for (let i = 0; i < warmUpRounds; i++) await steady(i)
  const records = await backlogOfMs(sidesAt(0).plain, roundMs)
  for (let turn = 0; turn < turns; turn++) {
    const rounds = await steady(turn)
    for (const [i, name] of names.entries()) found[name].steady.push(rounds[i] ?? noRound)
    for (const name of (pair + turn) % 2 === 0 ? names : names.toReversed()) {
      await breathe(signal)
      found[name].backlogs.push(await sidesAt(turn)[name].backlog(records))
    }
  }
  return { watched: figuresOf(found.watched), plain: figuresOf(found.plain) }
}

interface Rounds {
  readonly steady: Round[]
  readonly backlogs: Round[]
}

const noRound: Round = { records: 0, elapsedMs: 0, processorMs: 0 }

function emptyRounds(): Rounds {
  return { steady: [], backlogs: [] }
}

function figuresOf({ steady, backlogs }: Rounds): Figures {
  return { microseconds: microsecondsOf(total(steady)), perSecond: perSecondOf(total(backlogs)) }
}

function lossesOf(pairs: readonly PairFigures[]) {
  const processor = pairs.map(({ watched, plain }) => 1 - plain.microseconds / watched.microseconds)
  const backlog = pairs.map(({ watched, plain }) => 1 - watched.perSecond / plain.perSecond)
  const [processorFrom, processorTo] = medianInterval(processor)
  const [backlogFrom, backlogTo] = medianInterval(backlog)
  return {
    microseconds: median(pairs.map(({ watched }) => watched.microseconds)),
    plainMicroseconds: median(pairs.map(({ plain }) => plain.microseconds)),
    backlogPerSecond: median(pairs.map(({ watched }) => watched.perSecond)),
    plainBacklogPerSecond: median(pairs.map(({ plain }) => plain.perSecond)),
    ...{ processorLoss: median(processor), processorFrom, processorTo },
    ...{ backlogLoss: median(backlog), backlogFrom, backlogTo },
  }
}

/** How many records keep a side busy for so long. */
async function backlogOfMs(side: Side, ms: number): Promise<number> {
  const trial = await side.backlog(steadyPerSecond)
  return Math.max(1_000, Math.round((perSecondOf(trial) * ms) / 1_000))
}

function total(rounds: readonly Round[]): Round {
  const sum = (value: (round: Round) => number) =>
    rounds.reduce((before, round) => before + value(round), 0)
  return {
    records: sum(({ records }) => records),
    elapsedMs: sum(({ elapsedMs }) => elapsedMs),
    processorMs: sum(({ processorMs }) => processorMs),
  }
}

function microsecondsOf({ records, processorMs }: Round): number {
  return (processorMs * 1_000) / records
}

function perSecondOf({ records, elapsedMs }: Round): number {
  return (records / elapsedMs) * 1_000
}
