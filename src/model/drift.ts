import { ADWIN_SIZE, Adwin } from './adwin.ts'
import type { Dimensions } from './dimensions.ts'
import type { Layout } from './layout.ts'
import type { Scored } from './scored.ts'

/** Sequences that have detectors of their own, at most, and detectors of all of them together. */
const SEATS_MAX = 16
const OWN_MAX = 64
/** Own steps for which a response lasts, and a detector that has spoken says nothing more. */
const RESPONSE_STEPS = 400
/** So many times faster do least squares forget meanwhile. */
const HASTE = 10
/** Values a detector must have seen: what is usual while a model learns to walk is not. */
const KNOWN_COUNT = 256

/** Places of the state before the detectors: the record at which the response ends. */
const UNTIL = 0
const HEAD = 1
/** Of a detector, before its window: values so far, those until it may speak, and a sum's parts. */
const SEEN = 0
const QUIET = 1
const SUM = 2
const COUNT = 3
const WINDOW_AT = 4
const DETECTOR_SIZE = WINDOW_AT + ADWIN_SIZE

/**
 * Finds where errors of the mixture have risen for good, by adaptive windowing over the errors of
 * the smallest horizon, target by target (learning.md §4 E). The first sequences have detectors of
 * their own, in units of how far the target usually moves; all others share one per target, in
 * units of each one's own usual error, as many sequences say so much sooner together.
 *
 * The response is that what is least squares forgets faster for a while (docs/quality.md has the
 * measurements). Nothing is reset.
 */
export class Drift {
  /** Part of the state. */
  readonly state: Float64Array
  private readonly d: Dimensions
  private readonly seats: number
  /** A sequence's seat in its core: 0 = the shared one. */
  private readonly seatAt: number
  /** (seats + 1, D); those of seat 0 are shared. */
  private readonly detectors: readonly Adwin[]

  constructor(layout: Layout, d: Dimensions) {
    this.d = d
    this.seats = Math.min(SEATS_MAX, Math.floor(OWN_MAX / d.targets))
    this.seatAt = layout.claim(1)
    const count = (this.seats + 1) * d.targets
    // Behind the detectors: 1 for each seat that is taken.
    this.state = new Float64Array(HEAD + count * DETECTOR_SIZE + this.seats)
    this.detectors = Array.from(
      { length: count },
      (_, i) => new Adwin(this.state, HEAD + i * DETECTOR_SIZE + WINDOW_AT),
    )
  }

  /** A new sequence takes the first free seat. */
  begin(core: Float64Array): void {
    const { state, seats } = this
    const taken = state.length - seats
    for (let seat = 1; seat <= seats; seat++) {
      if (state[taken + seat - 1] === 1) continue
      state[taken + seat - 1] = 1
      core[this.seatAt] = seat
      return
    }
  }

  /** A sequence is forgotten: its seat becomes another's, and begins anew. */
  end(core: Float64Array): void {
    const { state, seats, d } = this
    const seat = core[this.seatAt]!
    if (seat === 0) return
    state[state.length - seats + seat - 1] = 0
    const from = HEAD + seat * d.targets * DETECTOR_SIZE
    state.fill(0, from, from + d.targets * DETECTOR_SIZE)
  }

  /** Whether a sequence has detectors of its own. */
  hasSeat(core: Float64Array): boolean {
    return core[this.seatAt]! > 0
  }

  /**
   * Takes in what record `record` brought for the smallest horizon: `units` (D) are those of its
   * errors. `drifts` (D) is 1 afterwards where a target's errors have risen for good, and if any
   * have, the response begins. `live`: sequences.
   */
  take(
    core: Float64Array,
    record: number,
    scored: Scored,
    units: Float64Array,
    live: number,
    drifts: Uint8Array,
  ): void {
    const { targets } = this.d
    const first = core[this.seatAt]! * targets
    for (let d = 0; d < targets; d++) {
      drifts[d] = 0
      if (scored.present[d] === 0) continue
      const error = Math.abs(scored.mixture[d]! - scored.observed[d]!) / units[d]!
      if (!(error < Infinity) || !this.detect(first + d, error)) continue
      drifts[d] = 1
      this.state[UNTIL] = record + RESPONSE_STEPS * live
    }
  }

  /** How many times faster than usual least squares are to forget at record `record`. */
  haste(record: number): number {
    return record < this.state[UNTIL]! ? HASTE : 1
  }

  /** Errors further ahead than one step overlap: as many as do count as one. */
  private detect(index: number, error: number): boolean {
    const { state } = this
    const at = HEAD + index * DETECTOR_SIZE
    const overlap = this.d.horizons[0]!
    state[at + SUM]! += error
    state[at + COUNT]! += 1
    if (state[at + COUNT]! < overlap) return false
    const value = state[at + SUM]! / overlap
    state[at + SUM] = 0
    state[at + COUNT] = 0
    state[at + SEEN]! += 1
    if (state[at + QUIET]! > 0) state[at + QUIET]! -= 1
    const verdict = this.detectors[index]!.add(value)
    if (verdict !== 'rise' || state[at + QUIET]! > 0 || state[at + SEEN]! < KNOWN_COUNT)
      return false
    state[at + QUIET] = RESPONSE_STEPS
    return true
  }
}
