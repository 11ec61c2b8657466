/** One record of a log as the oracle sees it: no key is a dead letter. */
export interface LoggedRecord {
  readonly key: string | null
  /** The targets (D); null = missing. */
  readonly values: readonly (number | null)[]
}

export interface OracleOptions {
  readonly updateEvery: number
  readonly window: number
  readonly block: number | 'auto'
  readonly horizons: readonly number[]
  readonly targets: number
  readonly max: number
  readonly keep: number
}

export interface ExpectedLoss {
  readonly step: number
  /** k × D + d */
  readonly slot: number
  readonly z: number
}

/** One run of an update: forward only from `start` to `first`, then the window up to `newest`. */
export interface ExpectedRun {
  readonly sequence: number
  readonly start: number
  readonly first: number
  readonly newest: number
  readonly record: number
  readonly losses: readonly ExpectedLoss[]
}

export interface ExpectedBoundary {
  readonly record: number
  readonly runs: readonly ExpectedRun[]
}

interface Loss {
  readonly step: number
  readonly slot: number
  readonly z: number
  readonly arrivedRecord: number
  readonly arrivedBlock: number
  learnt: boolean
}

/** Mean and scale of all numbers so far, by the definition of the running moments. */
class Moments {
  count = 0
  mean = 0
  private variance = 0

  add(value: number): void {
    this.count++
    const rate = Math.max(1 / this.count, 1e-3)
    const reach = this.count > 10 ? 30 * this.scale : Infinity
    const delta = Math.max(-reach, Math.min(reach, value - this.mean))
    this.variance = (1 - rate) * (this.variance + rate * delta * delta)
    this.mean += rate * delta
  }

  get scale(): number {
    const size = Math.abs(this.mean)
    return Math.max(Math.sqrt(this.variance), 1e-12 + (this.count < 2 ? 1 : 1e-6) * size)
  }

  get rootMeanSquare(): number {
    return Math.max(Math.sqrt(this.variance + this.mean ** 2), 1e-12)
  }
}

interface Key {
  readonly id: number
  readonly records: number[]
  readonly values: (readonly (number | null)[])[]
  readonly origins: number[][]
  readonly scales: number[][]
  readonly moments: Moments[]
  readonly changes: Moments[]
  readonly losses: Loss[]
  joinedSteps: number
  joinedRecord: number
  windowFrom: number | null
}

/**
 * Design §1, rules 2 to 4, by brute force over whole histories: at which records a block ends,
 * which sequences join, which losses are learnt in which run. Shares nothing with the model.
 */
export function expectedBoundaries(
  log: readonly LoggedRecord[],
  options: OracleOptions,
): ExpectedBoundary[] {
  const { updateEvery: u } = options
  const keys = new Map<string, Key>()
  const boundaries: ExpectedBoundary[] = []
  let blockStart = 0
  let ids = 0
  const size = () =>
    options.block === 'auto' ? Math.min(8, u * Math.max(1, keys.size)) : options.block
  let block = size()
  log.forEach(({ key: name, values }, index) => {
    const record = index + 1
    if (name !== null) {
      let key = keys.get(name)
      if (key === undefined) {
        key = newKey(ids++, options)
        keys.set(name, key)
      }
      takeStep(key, values, record, boundaries.length, options)
    }
    const overdue = [...keys.values()].some((key) => key.values.length - key.joinedSteps >= 2 * u)
    if (record - blockStart < block && !overdue) return
    boundaries.push(endBlock(keys, record, boundaries.length, options))
    blockStart = record
    block = size()
  })
  return boundaries
}

function newKey(id: number, { targets, horizons }: OracleOptions): Key {
  return {
    id,
    records: [],
    values: [],
    origins: [],
    scales: [],
    moments: Array.from({ length: targets }, () => new Moments()),
    changes: Array.from({ length: targets * horizons.length }, () => new Moments()),
    losses: [],
    joinedSteps: 0,
    joinedRecord: 0,
    windowFrom: null,
  }
}

function takeStep(
  key: Key,
  values: readonly (number | null)[],
  record: number,
  block: number,
  { horizons, targets, updateEvery: u }: OracleOptions,
): void {
  const t = key.values.length
  const { windowFrom } = key
  horizons.forEach((horizon, k) => {
    const step = t - horizon
    if (step < 0 || windowFrom === null || step < windowFrom) return
    values.forEach((value, d) => {
      const seen = key.values.slice(0, step + 1).some((earlier) => earlier[d] !== null)
      if (value === null || !seen) return
      const slot = k * targets + d
      const z = (value - key.origins[step]![d]!) / key.scales[step]![slot]!
      const clipped = Math.max(-8, Math.min(8, z))
      key.losses.push({
        step,
        slot,
        z: clipped,
        arrivedRecord: record,
        arrivedBlock: block,
        learnt: false,
      })
    })
  })
  key.windowFrom ??= Math.ceil(t / u) * u
  key.values.push(values)
  key.records.push(record)
  values.forEach((value, d) => {
    if (value !== null) key.moments[d]!.add(value)
  })
  key.origins.push(values.map((_, d) => originOf(key, d)))
  key.scales.push(
    horizons.flatMap((horizon, k) =>
      values.map((value, d) => {
        const change = key.changes[k * targets + d]!
        const earlier = key.values[t - horizon]?.[d] ?? null
        if (value !== null && earlier !== null) change.add(value - earlier)
        return change.count > 0 ? change.rootMeanSquare : key.moments[d]!.scale
      }),
    ),
  )
}

/** The newest value within the eight newest steps, else the running mean. */
function originOf(key: Key, d: number): number {
  const recent = key.values.slice(-8).map((values) => values[d] ?? null)
  return recent.findLast((value) => value !== null) ?? key.moments[d]!.mean
}

function endBlock(
  keys: Map<string, Key>,
  record: number,
  block: number,
  options: OracleOptions,
): ExpectedBoundary {
  const { updateEvery: u, max, keep } = options
  const byUse = [...keys].sort(([, a], [, b]) => a.records.at(-1)! - b.records.at(-1)!)
  const windowed = byUse.filter(([, key]) => key.windowFrom !== null)
  const leaving = windowed.slice(0, Math.max(0, windowed.length - max)).map(([, key]) => key)
  const joining = [...keys.values()].filter((key) => {
    const firsts = firstArrivals(key)
    const overdue = key.values.length - key.joinedSteps >= 2 * u
    const old = firsts.some(
      ({ arrivedBlock, arrivedRecord }) =>
        block - arrivedBlock > 64 && record - arrivedRecord > 2 * u * keys.size,
    )
    return firsts.length >= u || old || overdue || leaving.includes(key)
  })
  const runs = joining.flatMap((key) => runsOf(key, options))
  for (const key of joining) {
    key.joinedSteps = key.values.length
    key.joinedRecord = record
  }
  for (const key of leaving) key.windowFrom = null
  for (const [name] of byUse.slice(0, Math.max(0, byUse.length - keep))) keys.delete(name)
  return { record, runs: runs.sort((a, b) => a.record - b.record) }
}

/** The first loss to arrive of every step that became learnable since the sequence last joined. */
function firstArrivals(key: Key): Loss[] {
  const firsts = new Map<number, Loss>()
  for (const loss of key.losses) if (!firsts.has(loss.step)) firsts.set(loss.step, loss)
  return [...firsts.values()].filter(({ arrivedRecord }) => arrivedRecord > key.joinedRecord)
}

function runsOf(key: Key, { updateEvery: u, window }: OracleOptions): ExpectedRun[] {
  const runs: ExpectedRun[] = []
  for (;;) {
    const open = key.losses.filter(({ learnt }) => !learnt)
    if (open.length === 0) return runs
    const newest = Math.max(...open.map(({ step }) => step))
    const losses = open.filter(({ step }) => step > newest - Math.min(u, window))
    for (const loss of losses) loss.learnt = true
    const first = Math.max(key.windowFrom ?? 0, newest - window + 1)
    const start = Math.floor(first / u) * u
    const record = key.records[newest]!
    runs.push({ sequence: key.id, start, first, newest, record, losses })
  }
}
