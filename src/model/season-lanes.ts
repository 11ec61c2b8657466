import { ABSENT } from './layout.ts'

/** Sequences recorded at a time. */
export const LANES = 16
/** Marks an entry of the log that belongs to nobody any more. */
const NOBODY = LANES
/** Places of the state before the lanes; `next` is where the log goes on. */
const HEAD = {
  offered: 0,
  sweepAt: 1,
  pushes: 2,
  next: 3,
  met: 4,
  stride: 5,
  epoch: 6,
  size: 7,
} as const
/** Places of one lane: `number` is that of its sequence among all that came, plus 1; 0 = free. */
const LANE = { number: 0, generation: 1, pushes: 2, first: 3, last: 4, size: 5 } as const
/** A lane that is silent for so many of its usual intervals, and a sweep, is dead. */
const SILENCE = 64
/** Offers from one look for dead lanes to the next. */
const SWEEP = 4096

/**
 * The newest values of a few sequences in one log, which one sequence may fill alone or many share.
 * Which ones are recorded follows from the order in which they first came: whenever all lanes are
 * taken, every second one is given up and only every second newcomer taken from then on, so that
 * they are spread over all that came. A lane that has gone silent is given to another sequence.
 */
export class SeasonLanes {
  /** Elements of the state for a log of `capacity` values. */
  static sizeFor(capacity: number): number {
    return HEAD.size + LANES * LANE.size + capacity + Math.ceil(capacity / 8)
  }

  /** The log's values, a ring; ABSENT where one is missing. */
  readonly values: Float64Array
  /** The lane of each. */
  readonly codes: Uint8Array
  private readonly state: Float64Array

  /** `state` has `sizeFor(capacity)` elements: zeros, or what such an object left there. */
  constructor(state: Float64Array, capacity: number) {
    const valuesAt = HEAD.size + LANES * LANE.size
    this.state = state
    this.values = state.subarray(valuesAt, valuesAt + capacity)
    // One byte each: the largest code is far below what would make a NaN of eight of them.
    const codesAt = state.byteOffset + 8 * (valuesAt + capacity)
    this.codes = new Uint8Array(state.buffer, codesAt, capacity)
    if (state[HEAD.stride] === 0) state[HEAD.stride] = 1
  }

  /** Values recorded so far. */
  get pushes(): number {
    return this.state[HEAD.pushes]!
  }

  /** Values that the log holds. */
  get held(): number {
    return Math.min(this.pushes, this.values.length)
  }

  /** Place of the oldest of them. */
  get oldest(): number {
    return this.held < this.values.length ? 0 : this.state[HEAD.next]!
  }

  /**
   * Offers the next value, NaN for a missing one, of the sequence whose place is `core[at]`, 0 in a
   * new one. Returns whether it was recorded.
   */
  push(core: Float64Array, at: number, value: number): boolean {
    const { state } = this
    const offered = state[HEAD.offered]! + 1
    state[HEAD.offered] = offered
    if (offered >= state[HEAD.sweepAt]!) this.sweep(offered)
    // 1 + generation × LANES + lane; or −1 − the epoch in which there was no lane for it.
    let token = core[at]!
    if (token <= 0) {
      if (token === -1 - state[HEAD.epoch]!) return false
      token = this.take(token === 0)
      core[at] = token
      if (token < 0) return false
    }
    const generation = Math.floor((token - 1) / LANES)
    const lane = token - 1 - generation * LANES
    const place = placeOf(lane)
    if (state[place + LANE.generation]! !== generation) {
      core[at] = -1
      return false
    }
    if (state[place + LANE.pushes] === 0) state[place + LANE.first] = offered
    state[place + LANE.pushes] = state[place + LANE.pushes]! + 1
    state[place + LANE.last] = offered
    const to = state[HEAD.next]!
    this.values[to] = Number.isNaN(value) ? ABSENT : value
    this.codes[to] = lane
    state[HEAD.next] = to + 1 < this.values.length ? to + 1 : 0
    state[HEAD.pushes] = state[HEAD.pushes]! + 1
    return true
  }

  /** A token for a sequence that just came, or for one that was refused in an earlier epoch. */
  private take(isNew: boolean): number {
    const { state } = this
    let number = 1
    if (isNew) {
      number = state[HEAD.met]!
      state[HEAD.met] = number + 1
      if (number % state[HEAD.stride]! === 0) this.makeRoom()
    }
    const lane = this.freeLane()
    const isTurn = !isNew || number % state[HEAD.stride]! === 0
    if (lane < 0 || !isTurn) return -1 - state[HEAD.epoch]!
    const place = placeOf(lane)
    state[place + LANE.number] = number + 1
    state[place + LANE.pushes] = 0
    return 1 + state[place + LANE.generation]! * LANES + lane
  }

  /** Thins out the lanes until one is free. */
  private makeRoom(): void {
    const { state } = this
    while (this.freeLane() < 0) {
      const stride = 2 * state[HEAD.stride]!
      state[HEAD.stride] = stride
      for (let lane = 0; lane < LANES; lane++) {
        if ((state[placeOf(lane) + LANE.number]! - 1) % stride !== 0) this.release(lane)
      }
    }
  }

  private freeLane(): number {
    for (let lane = 0; lane < LANES; lane++) {
      if (this.state[placeOf(lane) + LANE.number] === 0) return lane
    }
    return -1
  }

  private sweep(offered: number): void {
    const { state } = this
    state[HEAD.sweepAt] = offered + SWEEP
    for (let lane = 0; lane < LANES; lane++) {
      const place = placeOf(lane)
      if (state[place + LANE.number] === 0) continue
      const last = state[place + LANE.last]!
      const interval =
        (last - state[place + LANE.first]!) / Math.max(1, state[place + LANE.pushes]!)
      if (offered - last > SILENCE * interval + SWEEP) this.release(lane)
    }
  }

  /** Frees a lane; whoever was refused may try again. */
  private release(lane: number): void {
    const { state, codes } = this
    const place = placeOf(lane)
    state[place + LANE.number] = 0
    state[place + LANE.generation] = state[place + LANE.generation]! + 1
    state[HEAD.epoch] = state[HEAD.epoch]! + 1
    for (let i = 0; i < codes.length; i++) if (codes[i] === lane) codes[i] = NOBODY
  }
}

function placeOf(lane: number): number {
  return HEAD.size + lane * LANE.size
}
