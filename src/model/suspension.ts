/** Records between two looks at the weights that members have earned. */
const REVIEW_EVERY = 1024
/** A line that has earned less than this share of the mixture on average is suspended. */
const WEIGHT_MIN = 0.01
/** Records that a line has to prove itself, at first and when it is revived. */
const TRIAL = 4096
/** Records after which a suspended line is revived. */
const REST = 16_384
/**
 * One record in sixteen has its mixture looked at, as weights change slowly and a look costs a
 * little: by the upper bits of a product (Fibonacci hashing), as every sixteenth would always be of
 * the same sequence where sixteen take turns.
 */
const OBSERVE_FACTOR = 0x9e3779b1
/** Weight of the newest look in the mean weight: a memory of about a thousand records. */
const FADING = 0.016

/** Per line: mean weight, record count of its last turn, 1 while suspended. */
const PLACES = 3

/**
 * Lines that never earn weight neither forecast nor learn for a while, so that the pool pays for
 * itself; by record counts, and of all sequences together. All of it is shared state.
 */
export class Suspension {
  /** (slots × lines, [mean weight, turn, suspended]), then the record count of the last review. */
  readonly state: Float64Array
  private readonly count: number
  private readonly lines: number

  constructor(slots: number, lines: number) {
    this.lines = lines
    this.count = slots * lines
    this.state = new Float64Array(this.count * PLACES + 1)
  }

  isActive(slot: number, line: number): boolean {
    return this.state[(slot * this.lines + line) * PLACES + 2] === 0
  }

  /** Lines that are suspended now, in all slots. */
  get suspended(): number {
    let count = 0
    for (let i = 0; i < this.count; i++) count += this.state[i * PLACES + 2]!
    return count
  }

  /** All lines have to prove themselves from record `record` on as at first. */
  wake(record: number): void {
    const { state, count } = this
    state.fill(0)
    for (let i = 0; i < count; i++) state[i * PLACES + 1] = record
    state[count * PLACES] = record
  }

  /** Whether the mixture of record `record` is looked at. */
  isDue(record: number): boolean {
    return this.count > 0 && Math.imul(record, OBSERVE_FACTOR) >>> 28 === 0
  }

  /** Takes in the weights, `weights[from…]`, that the slot's lines had in a mixture. */
  observe(slot: number, weights: Float64Array, from: number): void {
    const { state, lines } = this
    for (let i = 0; i < lines; i++) {
      const at = (slot * lines + i) * PLACES
      state[at]! += FADING * (weights[from + i]! - state[at]!)
    }
  }

  /** Decides anew, when the time has come. */
  review(record: number): void {
    const { state, count } = this
    const last = count * PLACES
    if (record - state[last]! < REVIEW_EVERY) return
    state[last] = record
    for (let i = 0; i < count; i++) {
      const at = i * PLACES
      const since = record - state[at + 1]!
      const suspended = state[at + 2] === 1
      const earns = state[at]! >= WEIGHT_MIN || this.isBest(i)
      if (suspended ? since < REST : since < TRIAL || earns) continue
      state[at + 1] = record
      state[at + 2] = suspended ? 0 : 1
    }
  }

  /** Whether no line of its slot has earned more: what networks lean on never rests as a whole. */
  private isBest(i: number): boolean {
    const { state, lines } = this
    const first = i - (i % lines)
    for (let j = first; j < first + lines; j++) {
      if (state[j * PLACES]! > state[i * PLACES]!) return false
    }
    return true
  }
}
