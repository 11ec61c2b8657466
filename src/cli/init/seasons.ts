/** A period that the data or the calendar proposes. */
export interface SeasonFinding {
  readonly steps: number
  /** Such as 'a day'; null for one that was found in the data alone. */
  readonly span: string | null
  /** With the value a season earlier, behind a moving mean; null where there were too few rows. */
  readonly correlation: number | null
  readonly isKept: boolean
  /** A sentence. */
  readonly why: string
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const maxSeason = 100_000
/** An unchecked season costs memory in each sequence: a week of five minutes and no more. */
const maxUnchecked = 2016
const maxSearched = 1100
/** Of the values of a season that has nothing to do with the data a few are alike by chance. */
const minCorrelation = 0.2
const minFoundCorrelation = 0.45
const chanceFactor = 4
/** A multiple is a season of its own where it is more alike than the multiples beside it. */
const minLead = 0.03
const leadFactor = 2
/** A week so nearly as alike as the day helps a little, and costs little where it is short. */
const minShare = 0.6
/** So few pairs tell nothing. */
const enoughPairs = 24
/** The season found is the shortest that is nearly as alike as the most alike one. */
const nearlyBest = 0.85
const finerShare = 0.95
/** A cycle that wanders, as many do, has lost its beat after two rounds. */
const minKept = 0.7

/**
 * Series for the search: NaN where a value is missing, scaled to unit variance, the longest first.
 * Constant ones are left out.
 */
export function prepareSeries(series: readonly Float64Array[], maxValues: number): Float64Array[] {
  const prepared: Float64Array[] = []
  let values = 0
  for (const one of series.toSorted((a, b) => b.length - a.length)) {
    const known = one.filter((value) => !Number.isNaN(value))
    const mean = known.reduce((sum, value) => sum + value, 0) / known.length
    const variance = known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / known.length
    if (!(variance > 0) || !Number.isFinite(variance)) continue
    const deviation = Math.sqrt(variance)
    prepared.push(one.map((value) => (value - mean) / deviation))
    values += one.length
    if (values >= maxValues) break
  }
  return prepared
}

/**
 * How alike values `lag × rounds` steps apart are once a moving mean over `lag` steps is taken
 * away: what drifts, as a random walk does, is not alike then, what repeats is.
 */
export function likeness(
  series: readonly Float64Array[],
  lag: number,
  rounds = 1,
): { readonly correlation: number; readonly pairs: number } {
  let [pairs, xy, xx, yy] = [0, 0, 0, 0]
  for (const values of series) {
    const stands = withoutMean(values, lag)
    for (let i = lag * rounds; i < stands.length; i++) {
      const x = stands[i] as number
      const y = stands[i - lag * rounds] as number
      if (Number.isNaN(x) || Number.isNaN(y)) continue
      pairs++
      xy += x * y
      xx += x * x
      yy += y * y
    }
  }
  const scale = Math.sqrt(xx * yy)
  return { correlation: scale > 0 ? xy / scale : 0, pairs }
}

/** Values less the mean of the `lag` values around them; NaN at both ends. */
function withoutMean(values: Float64Array, lag: number): Float64Array {
  const out = new Float64Array(values.length).fill(Number.NaN)
  const half = (lag - 1) >> 1
  let sum = 0
  let count = 0
  const weigh = (value: number, sign: number) => {
    if (Number.isNaN(value)) return
    sum += sign * value
    count += sign
  }
  for (let end = 0; end < values.length; end++) {
    weigh(values[end] as number, 1)
    if (end >= lag) weigh(values[end - lag] as number, -1)
    const middle = end - (lag - 1 - half)
    if (end >= lag - 1 && count * 2 > lag) out[middle] = (values[middle] as number) - sum / count
  }
  return out
}

/** The seasons of the calendar for this step, checked; where none holds, those of the data. */
export function findSeasons(
  series: readonly Float64Array[],
  stepMs: number | null,
): readonly SeasonFinding[] {
  const named = stepMs === null ? [] : calendarSeasons(stepMs)
  const checked: SeasonFinding[] = []
  for (const { steps, span } of named) {
    checked.push(
      checkSeason(
        series,
        steps,
        span,
        checked.find(({ isKept }) => isKept),
      ),
    )
  }
  const first = checked.find(({ isKept }) => isKept)
  if (first === undefined) return [...checked, ...searchSeasons(series)]
  const finer = finerSeason(series, first)
  return finer === null ? checked : [finer, ...checked]
}

/** A part of a day that repeats as well as the day does: then it is the beat. */
function finerSeason(series: readonly Float64Array[], day: SeasonFinding): SeasonFinding | null {
  const { steps, correlation } = day
  if (correlation === null) return null
  for (const parts of [24, 12, 8, 6, 4, 3, 2]) {
    const lag = steps / parts
    if (!Number.isInteger(lag) || lag < 4) continue
    const own = likeness(series, lag).correlation
    if (own >= finerShare * correlation && keepsBeat(series, lag, own)) {
      return foundSeason(lag, own)
    }
  }
  return null
}

function foundSeason(steps: number, correlation: number): SeasonFinding {
  const why = `Found in the data: ${keptBecause(`${steps} steps`, null, correlation)}`
  return { steps, span: null, correlation, isKept: true, why }
}

/** What people call a season, in steps: those of at least three steps. */
function calendarSeasons(stepMs: number): { readonly steps: number; readonly span: string }[] {
  const days = stepMs / dayMs
  if (days > 27.5 && days < 31.5) return [{ steps: 12, span: 'a year' }]
  if (days > 88 && days < 93) return [{ steps: 4, span: 'a year' }]
  if (days === 7) return [{ steps: 52, span: 'a year' }]
  const spans =
    stepMs >= 10_000
      ? ([
          [dayMs, 'a day'],
          [7 * dayMs, 'a week'],
        ] as const)
      : ([
          [hourMs, 'an hour'],
          [dayMs, 'a day'],
        ] as const)
  return spans
    .map(([spanMs, span]) => ({ steps: spanMs / stepMs, span }))
    .filter(({ steps }) => Number.isInteger(steps) && steps >= 3 && steps <= maxSeason)
}

function checkSeason(
  series: readonly Float64Array[],
  steps: number,
  span: string | null,
  shorter: SeasonFinding | undefined,
): SeasonFinding {
  const name = span === null ? `${steps} steps` : `${steps} steps (${span})`
  const { correlation, pairs } = likeness(series, steps)
  if (pairs < Math.max(steps, enoughPairs)) {
    const isKept = steps <= maxUnchecked
    const longest = Math.max(0, ...series.map(({ length }) => length))
    const short = `${longest} rows of a sequence are too few to check it`
    const why = isKept ? `${name}: by the calendar; ${short}.` : `Not ${name}: ${short}.`
    return { steps, span, correlation: null, isKept, why }
  }
  const facts = { steps, span, correlation }
  const needed = Math.max(minCorrelation, chanceFactor / Math.sqrt(pairs))
  const r = correlation.toFixed(2)
  if (correlation < needed) {
    return { ...facts, isKept: false, why: `Not ${name}: the data do not repeat so (${r}).` }
  }
  const isCheap = steps <= maxUnchecked
  const isAlike = correlation >= minShare * (shorter?.correlation ?? 0)
  if (shorter !== undefined && !(isCheap && isAlike) && !leads(series, steps, shorter.steps)) {
    const why = `Not ${name}: no more alike than other multiples of ${shorter.steps} (${r}).`
    return { ...facts, isKept: false, why }
  }
  return { ...facts, isKept: true, why: keptBecause(name, span, correlation) }
}

function keptBecause(name: string, span: string | null, correlation: number): string {
  const earlier = span === null ? 'so many steps' : span
  const explained = Math.round(correlation * correlation * 100)
  const r = correlation.toFixed(2)
  const swings = `${explained} % of the swings (correlation ${r})`
  return `${name}: the value ${earlier} earlier explains ${swings}.`
}

/** Whether a multiple of a season is more alike than the multiples one less and one more. */
function leads(series: readonly Float64Array[], steps: number, season: number): boolean {
  if (steps % season !== 0) return true
  const own = likeness(series, steps)
  const beside = [steps - season, steps + season].map((lag) => likeness(series, lag))
  if (beside.some(({ pairs }) => pairs < enoughPairs)) return false
  const mean = beside.reduce((sum, { correlation }) => sum + correlation, 0) / beside.length
  return own.correlation > mean + Math.max(minLead, leadFactor / Math.sqrt(own.pairs))
}

/** The shortest beat in the data, and a multiple of it that is a beat of its own. */
function searchSeasons(series: readonly Float64Array[]): SeasonFinding[] {
  const longest = Math.max(0, ...series.map(({ length }) => length))
  const last = Math.min(maxSearched, Math.floor(longest / 4))
  const curve = Array.from({ length: last + 1 }, (_, lag) =>
    lag < 3 ? { correlation: -1, pairs: 0 } : likeness(series, lag),
  )
  const at = (lag: number) => curve[lag]?.correlation ?? -1
  const isPeak = (lag: number) => {
    const reach = Math.max(1, Math.floor(lag / 6))
    for (let d = 1; d <= reach; d++)
      if (at(lag - d) > at(lag) || at(lag + d) > at(lag)) return false
    return lag < last
  }
  const isBeat = (lag: number) => {
    const { correlation, pairs } = curve[lag] ?? { correlation: -1, pairs: 0 }
    if (correlation < Math.max(minFoundCorrelation, chanceFactor / Math.sqrt(pairs))) return false
    return isPeak(lag) && keepsBeat(series, lag, correlation)
  }
  const beats = curve.map((_, lag) => lag).filter((lag) => lag >= 4 && isBeat(lag))
  const best = Math.max(...beats.map(at))
  const rough = beats.find((lag) => at(lag) >= nearlyBest * best)
  if (rough === undefined) return []
  const season = sharpened(series, rough)
  const found = (steps: number) => foundSeason(steps, at(steps))
  const longer = [2, 3, 4, 5, 6, 7, 12, 24]
    .map((times) => times * season)
    .filter((lag) => lag + season <= last && at(lag) > at(season) - 0.1)
    .filter((lag) => leads(series, lag, season))
    .sort((a, b) => at(b) - at(a))[0]
  return longer === undefined ? [found(season)] : [found(season), found(longer)]
}

/** Whether two and three rounds later the values are still about as alike. */
function keepsBeat(series: readonly Float64Array[], lag: number, correlation: number): boolean {
  return [2, 3].every((rounds) => {
    const later = likeness(series, lag, rounds)
    if (later.pairs < enoughPairs && rounds === 3) return true
    return later.pairs >= enoughPairs && later.correlation >= minKept * correlation
  })
}

/** A broad peak is off by a step or two: over several rounds that adds up and shows. */
function sharpened(series: readonly Float64Array[], rough: number): number {
  let best = rough
  let bestSum = Number.NEGATIVE_INFINITY
  const reach = Math.min(3, Math.floor(rough / 8))
  for (let lag = rough - reach; lag <= rough + reach; lag++) {
    let sum = 0
    for (let rounds = 1; rounds <= 8; rounds++) {
      const { correlation, pairs } = likeness(series, lag, rounds)
      if (pairs >= enoughPairs) sum += correlation
    }
    if (sum > bestSum) {
      best = lag
      bestSum = sum
    }
  }
  return best
}
