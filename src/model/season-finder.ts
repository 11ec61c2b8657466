import { ABSENT, type Layout } from './layout.ts'
import { SeasonGain } from './season-gain.ts'
import { LANES, SeasonLanes } from './season-lanes.ts'
import { SeasonSample } from './season-sample.ts'
import { SeasonScan } from './season-scan.ts'

/** Seasons that are kept, at most. */
const SEASONS_MAX = 2
/** The longest period that is looked for, in own steps. */
export const PERIOD_MAX = 2048
/** However many sequences: half-hours of a week, days of a year, five minutes of a day. */
const PERIOD_ALWAYS = 400
/** Values of all sequences' longest seasons together that a model may remember without harm. */
const VALUES_MAX = 1 << 20

/** Values that the log holds: four rounds of the longest period. */
const CAPACITY = 8192
/** Targets of a sequence that are recorded, each in a lane of its own. */
const TARGETS_MAX = 4

/** A longer break loses its place in the season; the log is too short to hold it. */
const SKIPPED_MAX = 256

/** Recorded values before the first look, growth from look to look, and the longest interval. */
const FIRST_LOOK = 96
const LOOK_GROWTH = 1.15
const LOOK_INTERVAL_MAX = 1 << 17

/** A period is found after so many rounds in one sequence, a second one and named ones sooner. */
const ROUNDS = 4
const SECOND_ROUNDS = 3
const NAMED_ROUNDS = 2
/** Spans of time that have names: hour, day, week and year; and how near to it steps must come. */
const NAMED_MS = [3_600_000, 86_400_000, 604_800_000, 31_556_952_000]
const NAMED_TOLERANCE = 0.01
/** Best-scored periods of which the worth is measured. */
const TRIES = 4

/** What a period must bring: see `SeasonScan.scores`, `SeasonGain` (χ² = rows × gain). */
interface Demand {
  readonly score: number
  readonly chiSquared: number
  readonly gain: number
  readonly steadiness: number
}

const FIRST: Demand = { score: 4.5, chiSquared: 30, gain: 0.01, steadiness: 2.5 }
/** A second season has less to bring, and costs as much. */
const SECOND: Demand = { score: 5, chiSquared: 40, gain: 0.02, steadiness: 3.5 }
/** Of a score far beyond chance, which need not be shown once more. */
const SURE: Demand = { score: 9, chiSquared: 15, gain: 0.02, steadiness: 2 }
/** Of one that has a name. */
const NAMED: Demand = { ...SECOND, score: 3 }
/** What is both a part of a season and a beat by itself, such as the day in a week. */
const PART: Demand = { score: 5, chiSquared: 40, gain: 0.05, steadiness: 2.5 }

/** A season is given up where it brings less than this; others take its place that bring more. */
const KEPT_GAIN = 0.01
const SWAP_GAIN = 0.005
/** Fewer parts of a season are its harmonics, which must bring this much beside it. */
const PARTS_MIN = 5
const HARMONIC_GAIN = 0.05

/** Places of the state before the log. */
const HEAD = { nextLook: 0, changedAt: 1, looks: 2, periods: 3, pending: 5, isPending: 7, size: 8 }

/** The longest season for which so many sequences have room, in own steps. */
export function longestSeason(liveSequences: number, targets: number): number {
  const share = Math.floor(VALUES_MAX / Math.max(1, liveSequences * targets))
  return Math.min(PERIOD_MAX, Math.max(PERIOD_ALWAYS, share))
}

/**
 * Finds the seasons of a stream while it flows: it records the newest values of a few sequences and
 * looks at them at growing intervals, counted in recorded values. A season is one that repeats
 * beyond chance (`SeasonScan`) and makes a line's forecasts better (`SeasonGain`). What it finds is
 * a function of what it was fed; its whole state is one array.
 */
export class SeasonFinder {
  /** A shared array of the model's state. */
  readonly state: Float64Array
  /** Seasons found, ascending, 0 for none; (SEASONS_MAX). */
  readonly periods: Float64Array
  private readonly pending: Float64Array
  private readonly at: number
  private readonly targets: number
  private readonly lanes: SeasonLanes
  private readonly sample = new SeasonSample(CAPACITY, LANES)
  private readonly scan = new SeasonScan(CAPACITY, PERIOD_MAX)
  private readonly gain = new SeasonGain()
  /** Seasons that the present look has found. */
  private readonly found = new Float64Array(SEASONS_MAX)
  private readonly tried = new Float64Array(TRIES)
  private readonly firstScores = new Float64Array(PERIOD_MAX + 2)

  /** `layout`: that of a sequence's own state, in which it claims some places. */
  constructor(layout: Layout, targets: number) {
    this.targets = Math.min(targets, TARGETS_MAX)
    this.at = layout.claim(this.targets)
    this.state = new Float64Array(HEAD.size + SeasonLanes.sizeFor(CAPACITY))
    this.state[HEAD.nextLook] = FIRST_LOOK
    this.periods = this.state.subarray(HEAD.periods, HEAD.periods + SEASONS_MAX)
    this.pending = this.state.subarray(HEAD.pending, HEAD.pending + SEASONS_MAX)
    this.lanes = new SeasonLanes(this.state.subarray(HEAD.size), CAPACITY)
  }

  /** Number of looks so far. */
  get looks(): number {
    return this.state[HEAD.looks]!
  }

  /** Values of one step that are taken in, at most, where none has been left out before it. */
  get valuesPerStep(): number {
    return this.targets
  }

  /** Values that may yet be taken in before a look is due; 0 or less: it is. */
  get untilLook(): number {
    return this.state[HEAD.nextLook]! - this.lanes.pushes
  }

  /** The look that changed the seasons last; 0 = none did. */
  get changedAt(): number {
    return this.state[HEAD.changedAt]!
  }

  /**
   * Takes in the targets of a sequence's own step, NaN for a missing one. `skipped`: how many steps
   * the clock says have been left out before it, 0 where there is no event time; seasons are then
   * in steps of the clock. Returns whether a look is due.
   */
  push(core: Float64Array, values: Float64Array, skipped = 0): boolean {
    for (let d = 0; d < this.targets; d++) {
      for (let i = Math.min(skipped, SKIPPED_MAX); i > 0; i--) {
        this.lanes.push(core, this.at + d, NaN)
      }
      this.lanes.push(core, this.at + d, values[d]!)
    }
    return this.lanes.pushes >= this.state[HEAD.nextLook]!
  }

  /**
   * Looks for seasons up to `periodMax`; some milliseconds. `stepMs` is the usual time from step to
   * step, ABSENT or 0 where there is no event time: days and weeks are then looked for by name.
   * Returns whether the seasons have changed.
   */
  look(periodMax: number, stepMs: number): boolean {
    const { state, sample, lanes } = this
    const { pushes } = lanes
    const interval = Math.min(pushes * (LOOK_GROWTH - 1), LOOK_INTERVAL_MAX)
    state[HEAD.nextLook] = pushes + Math.ceil(interval)
    state[HEAD.looks] = state[HEAD.looks]! + 1
    sample.fill(lanes)
    this.found.fill(0)
    if (sample.lanes > 0) this.search(Math.min(periodMax, PERIOD_MAX), stepMs)
    return this.settle()
  }

  /** Fills `found` with what the sample shows, ascending. */
  private search(periodMax: number, stepMs: number): void {
    const { scan, found, firstScores } = this
    scan.open(this.sample)
    scan.score(periodMax, ROUNDS)
    firstScores.set(scan.scores)
    if (!this.choose(0, FIRST) && !this.chooseNamed(0, periodMax, stepMs)) return
    this.correct(0, stepMs)
    scan.remove(found[0]!)
    scan.score(periodMax, SECOND_ROUNDS)
    if (this.choose(1, SECOND) || this.chooseNamed(1, periodMax, stepMs)) {
      this.correct(1, stepMs)
      this.dropPart()
    }
    if (found[1] === 0) this.choosePart()
    if (found[1]! > 0 && found[0]! > found[1]!) found.subarray(0, 2).reverse()
  }

  /** The best-scored period that brings what is demanded becomes the one at `index`. */
  private choose(index: number, demand: Demand): boolean {
    const { found, tried } = this
    const { scores, last } = this.scan
    // What divides the first one is its harmonic, or else a part: see there.
    const whole = index === 0 ? 1 : found[0]!
    let bound = Infinity
    for (let tries = 0; tries < TRIES; tries++) {
      let best = 0
      for (let p = 2; p <= last; p++) {
        const score = scores[p]!
        if (score < demand.score || score >= bound || whole % p === 0) continue
        const isPeak = score >= scores[p - 1]! && score >= scores[p + 1]!
        if (isPeak && (best === 0 || score > scores[best]!)) best = p
      }
      if (best === 0) return false
      bound = scores[best]!
      tried[tries] = best
      if (!this.brings(index, best, bound >= SURE.score ? SURE : demand)) continue
      // Several rounds of a better-scored one may bring more than one: recent values have that.
      for (let i = 0; i < tries; i++) {
        if (best % tried[i]! !== 0) continue
        found[index] = tried[i]!
        break
      }
      return true
    }
    return false
  }

  /** Gives the first season up where it was but a part of the second. */
  private dropPart(): void {
    const { found, sample, gain } = this
    const [first, second] = [found[0]!, found[1]!]
    found[0] = second
    found[1] = first
    gain.compare(sample, found, 1, 2)
    if (isDayOf(second, first)) return
    if (gain.gain < (second % first === 0 ? HARMONIC_GAIN : KEPT_GAIN)) found[1] = 0
  }

  /** The same for spans that have names, of which less is demanded. */
  private chooseNamed(index: number, periodMax: number, stepMs: number): boolean {
    const { scan, found } = this
    if (!(stepMs > 0) || stepMs === ABSENT) return false
    scan.score(periodMax, NAMED_ROUNDS)
    for (const span of NAMED_MS) {
      const period = namedPeriod(span, stepMs)
      if (period < 3 || period > scan.last || period === found[0]) continue
      if (scan.scores[period]! >= NAMED.score && this.brings(index, period, NAMED)) return true
    }
    return false
  }

  /** A week and a step is a week: a broad peak is read off by a name where there is one nearby. */
  private correct(index: number, stepMs: number): void {
    const { found } = this
    if (!(stepMs > 0) || stepMs === ABSENT) return
    const period = found[index]!
    for (const span of NAMED_MS) {
      const named = namedPeriod(span, stepMs)
      const isNear = Math.abs(named - period) <= NAMED_TOLERANCE * named && named !== period
      if (isNear && !this.brings(index, named, NAMED)) found[index] = period
    }
  }

  /** A part of a long season that is one of its own: the day of a week that was found first. */
  private choosePart(): void {
    const { found, firstScores } = this
    const whole = found[0]!
    let best = 0
    for (let parts = PARTS_MIN; whole / parts >= 3; parts++) {
      const p = whole / parts
      if (!Number.isInteger(p) || firstScores[p]! < PART.score) continue
      if (best === 0 || firstScores[p]! > firstScores[best]!) best = p
    }
    if (best > 0) this.brings(1, best, PART)
  }

  /** Whether this period, as the one at `index` of those found, brings what is demanded. */
  private brings(index: number, period: number, demand: Demand): boolean {
    const { found, gain, sample } = this
    found[index] = period
    gain.compare(sample, found, index, index + 1)
    if (
      gain.gain >= demand.gain &&
      gain.rows * gain.gain >= demand.chiSquared &&
      gain.steadiness(sample, found, index + 1) >= demand.steadiness
    ) {
      return true
    }
    found[index] = 0
    return false
  }

  /** Takes over what two looks in succession would have instead of the present seasons. */
  private settle(): boolean {
    const { state, found, periods, pending } = this
    if (this.keepsDay()) {
      found[1] = found[0]!
      found[0] = periods[0]!
    }
    const isPending = state[HEAD.isPending] === 1 && isEqual(found, pending)
    state[HEAD.isPending] = 0
    if (isEqual(found, periods) || !this.isBetter()) return false
    if (!isPending) {
      for (let i = 0; i < SEASONS_MAX; i++) pending[i] = found[i]!
      state[HEAD.isPending] = 1
      return false
    }
    for (let i = 0; i < SEASONS_MAX; i++) periods[i] = found[i]!
    state[HEAD.changedAt] = this.looks
    return true
  }

  /** Whether a week alone was found where its day is known, and has not ended. */
  private keepsDay(): boolean {
    const { found, periods } = this
    if (found[0] === 0 || found[1] !== 0 || !isDayOf(found[0]!, periods[0]!)) return false
    return this.worth(periods, 1, found[0]! + 1) >= KEPT_GAIN
  }

  /** Whether what was found is worth more than the present seasons are. */
  private isBetter(): boolean {
    const { found, periods, sample } = this
    const [had, has] = [countOf(periods), countOf(found)]
    if (sample.lanes === 0) return false
    const reach = Math.max(periods[had - 1] ?? 0, found[has - 1] ?? 0) + 1
    const present = this.worth(periods, had, reach)
    // What cannot be measured any more is no better for it.
    if (present < 0) return false
    if (has < had) return present - this.worth(found, has, reach) < KEPT_GAIN
    return this.worth(found, has, reach) - present > (has > had ? 0 : SWAP_GAIN)
  }

  /** What these seasons bring together; −1 where there are too few rows to tell. */
  private worth(seasons: Float64Array, count: number, reach: number): number {
    const { gain, sample } = this
    gain.compare(sample, seasons, 0, count, reach)
    return gain.rows > 0 ? gain.gain : -1
  }
}

/** So many steps make the span; 0 where none do. */
function namedPeriod(span: number, stepMs: number): number {
  const steps = span / stepMs
  const period = Math.round(steps)
  return Math.abs(steps - period) <= NAMED_TOLERANCE * period ? period : 0
}

/** Whether so many of the short season make the long one that it is not just its harmonic. */
function isDayOf(long: number, short: number): boolean {
  return short > 0 && long % short === 0 && long >= PARTS_MIN * short
}

function countOf(seasons: Float64Array): number {
  let count = 0
  while (count < SEASONS_MAX && seasons[count]! > 0) count++
  return count
}

function isEqual(a: Float64Array, b: Float64Array): boolean {
  for (let i = 0; i < SEASONS_MAX; i++) if (a[i] !== b[i]) return false
  return true
}
