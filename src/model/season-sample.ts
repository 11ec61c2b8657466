import { ABSENT } from './layout.ts'
import type { SeasonLanes } from './season-lanes.ts'

/** A deviation from both neighbours of more than this many mean steps is cut down to it. */
const WILD = 5
/** Passes of that cutting: one wild value hides behind the mean that it raises itself. */
const CUTS = 12
/** Values of a lane below which it says nothing. */
const LANE_MIN = 16

/**
 * What a look sees: the newest values of up to `lanesMax` sequences, one behind the other in one
 * array, each cleaned of single wild values and scaled to mean 0 and variance 1.
 */
export class SeasonSample {
  /** The lanes' values; where one is missing, the one before it. */
  readonly values: Float64Array
  /** Sums of a lane's values up to and with each. */
  readonly sums: Float64Array
  /** 1 where there is a value. */
  readonly present: Uint8Array
  /** Lane l is `values[starts[l]] … values[starts[l + 1] − 1]`. */
  readonly starts: Int32Array
  /** What makes usual steps of lane l as large as those of the others. */
  readonly weights: Float64Array
  lanes = 0
  /** Length of the longest lane. */
  longest = 0
  private readonly lengths: Int32Array

  /** `lanesMax` lanes that hold `capacity` values in all. */
  constructor(capacity: number, lanesMax: number) {
    this.values = new Float64Array(capacity)
    this.sums = new Float64Array(capacity)
    this.present = new Uint8Array(capacity)
    this.starts = new Int32Array(lanesMax + 1)
    this.weights = new Float64Array(lanesMax)
    this.lengths = new Int32Array(lanesMax)
  }

  /** Takes over what the log holds. */
  fill({ values: ring, codes, oldest, held }: SeasonLanes): void {
    const { lengths, starts, values } = this
    lengths.fill(0)
    for (let i = 0; i < held; i++) {
      const lane = codes[i]!
      if (lane < lengths.length) lengths[lane] = lengths[lane]! + 1
    }
    let at = 0
    for (let lane = 0; lane < lengths.length; lane++) {
      starts[lane] = at
      at += lengths[lane]!
    }
    let place = oldest
    for (let i = 0; i < held; i++) {
      const lane = codes[place]!
      if (lane < lengths.length) {
        values[starts[lane]!] = ring[place]!
        starts[lane] = starts[lane]! + 1
      }
      place = place + 1 < held ? place + 1 : 0
    }
    this.prepareLanes()
  }

  /** Cleans every lane and closes the gaps that those leave which say nothing. */
  private prepareLanes(): void {
    const { starts, lengths, values, present } = this
    this.lanes = 0
    this.longest = 0
    let at = 0
    for (let lane = 0; lane < lengths.length; lane++) {
      const length = lengths[lane]!
      const from = starts[lane]! - length
      values.copyWithin(at, from, from + length)
      const own = values.subarray(at, at + length)
      const step = prepare(own, present.subarray(at, at + length))
      if (!(step > 0)) continue
      this.weights[this.lanes] = 1 / step
      let sum = 0
      for (let i = 0; i < length; i++) {
        sum += own[i]!
        this.sums[at + i] = sum
      }
      starts[this.lanes++] = at
      at += length
      this.longest = Math.max(this.longest, length)
    }
    starts[this.lanes] = at
  }
}

/**
 * Cleans and scales one lane in place; what is missing holds the value before it. Returns the mean
 * size of its steps, 0 where it holds too little or never changes.
 */
function prepare(values: Float64Array, present: Uint8Array): number {
  // Moved together while they are cleaned, so that each has its neighbours.
  let count = 0
  for (let i = 0; i < values.length; i++) {
    present[i] = values[i] === ABSENT ? 0 : 1
    if (present[i] === 1) values[count++] = values[i]!
  }
  if (count < LANE_MIN || count * 2 < values.length) return 0
  const known = values.subarray(0, count)
  for (let pass = 0; pass < CUTS; pass++) if (!cutWild(known)) break
  let mean = 0
  for (let i = 0; i < count; i++) mean += known[i]!
  mean /= count
  let variance = 0
  for (let i = 0; i < count; i++) {
    known[i] = known[i]! - mean
    variance += known[i]! * known[i]!
  }
  const scale = Math.sqrt(variance / count)
  if (!(scale > 1e-9 * Math.abs(mean)) || !Number.isFinite(scale)) return 0
  for (let i = 0; i < count; i++) known[i] = known[i]! / scale
  const step = meanStep(known)
  for (let i = values.length - 1; i >= 0; i--) {
    values[i] = count === 0 ? values[0]! : values[count - 1]!
    count -= present[i]!
  }
  return step
}

/** Cuts down what stands off both of its neighbours; whether there was anything to cut. */
function cutWild(values: Float64Array): boolean {
  const last = values.length - 1
  const bound = WILD * meanStep(values)
  let any = false
  for (let i = 0; i <= last; i++) {
    const before = values[i === 0 ? 1 : i - 1]!
    const after = values[i === last ? last - 1 : i + 1]!
    const high = Math.max(before, after) + bound
    const low = Math.min(before, after) - bound
    if (values[i]! > high || values[i]! < low) any = true
    values[i] = Math.max(low, Math.min(values[i]!, high))
  }
  return any
}

function meanStep(values: Float64Array): number {
  let sum = 0
  for (let i = 1; i < values.length; i++) sum += Math.abs(values[i]! - values[i - 1]!)
  return sum / (values.length - 1)
}
