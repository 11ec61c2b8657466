import type { Dimensions } from './dimensions.ts'
import type { NetworkMember } from './networks.ts'
import type { Scored } from './scored.ts'
import type { SharedArray } from './state.ts'

/** Weight of the newest error in the fading means: a memory of 100 records. */
const FADING = 0.01
/** A network is astray while its error is above this many of the naive forecast's. */
const ASTRAY = 3
/** Records in a row for which it may be. */
const PATIENCE_RECORDS = 200
/** It is well while its error is below this many. */
const WELL = 1.5
/** The naive forecast counts as no better than this: a constant stream has no error to compare. */
const NAIVE_MIN = 0.25
/** An error counts as at most this many usual moves, as far as networks reach. */
const ERROR_MAX = 10
/** Records between two copies of weights that do well. */
const COPY_RECORDS = 1_000
/** What a learning rate falls to when its weights are put back. */
const FALL = 1 / 3
/** How far it may come back: to this share of the rate that led astray. */
const CEILING_FALL = 1 / 2
/** By how much rate and ceiling rise with each copy. */
const RECOVERY = 1.05
const CEILING_RECOVERY = 1.005

/** Places per network: fading errors, records astray, record of the copy, ceiling, roll-backs. */
const LOSS = 0
const NAIVE = 1
const ASTRAY_FOR = 2
const COPIED_AT = 3
const CEILING = 4
const ROLLBACKS = 5
const SIZE = 6

/** The weights of one network when it did well, and what its optimiser knew of them. */
interface Copy {
  readonly parameters: Float32Array
  readonly secondMoments: Float32Array
  /** As `Network.stateArrays` has them; the learning rate among them is not put back. */
  readonly scalars: Float64Array
}

/**
 * Watches each network's own errors beside those of the naive forecast that nothing moves, both in
 * units of how far the target usually moves. Where a network is astray for long, or its loss is not
 * finite, it gets the weights back with which it did well last, and goes on at a third of its
 * learning rate, which comes back by a twentieth every 1,000 records that go well, up to half of
 * what led astray. (That bound itself comes back by a two-hundredth.)
 *
 * Hidden states are kept: every cell's are finite whatever the weights, and forget in a window's
 * time what other weights made of them.
 */
export class Guard {
  /** (networks, SIZE); part of the state. */
  private readonly state: Float64Array
  private readonly copies: readonly Copy[]
  private readonly d: Dimensions
  private readonly networks: readonly NetworkMember[]
  /** Place of each network's own forecasts among the members. */
  private readonly places: Int32Array
  private readonly names: number

  /** `names`: of all members, in their order. */
  constructor(d: Dimensions, networks: readonly NetworkMember[], names: readonly string[]) {
    this.d = d
    this.networks = networks
    this.names = names.length
    this.places = Int32Array.from(networks, ({ name }) => names.indexOf(name))
    this.state = new Float64Array(networks.length * SIZE)
    this.copies = networks.map(({ network }, j) => {
      const { parameters, secondMoments, scalars } = network.stateArrays()
      this.state[j * SIZE + CEILING] = network.options.learningRate
      return {
        parameters: parameters.slice(),
        secondMoments: secondMoments.slice(),
        scalars: scalars.slice(),
      }
    })
  }

  /** All of its state, for snapshots and hashes. */
  arrays(): SharedArray[] {
    return [
      { name: 'guard', array: this.state },
      ...this.copies.flatMap((copy, j) =>
        Object.entries(copy).map(([part, array]) => ({ name: `guard/${j}/${part}`, array })),
      ),
    ]
  }

  /** Takes in what a record brought; `scales` (K, D): how far each target usually moved then. */
  take(scored: Scored, scales: Float64Array): void {
    const { d, state, places, names } = this
    for (let j = 0; j < places.length; j++) {
      let count = 0
      let loss = 0
      let naive = 0
      for (let slot = 0; slot < d.slots; slot++) {
        const still = scored.persistence[slot]!
        const own = scored.members[slot * names + places[j]!]!
        if (scored.present[slot] === 0 || Number.isNaN(still + own)) continue
        const observed = scored.observed[slot % d.targets]!
        const scale = scales[slot]!
        count++
        loss += Math.min(Math.abs(own - observed) / scale, ERROR_MAX)
        naive += Math.min(Math.abs(still - observed) / scale, ERROR_MAX)
      }
      if (count === 0) continue
      const at = j * SIZE
      state[at + LOSS]! += FADING * (loss / count - state[at + LOSS]!)
      state[at + NAIVE]! += FADING * (naive / count - state[at + NAIVE]!)
      const isAstray = state[at + LOSS]! > ASTRAY * this.naive(j)
      state[at + ASTRAY_FOR] = isAstray ? state[at + ASTRAY_FOR]! + 1 : 0
    }
  }

  /**
   * An update of network j has ended at record `record`; `allFinite` tells whether its loss and
   * gradient were. Puts weights back, or keeps a copy of them, where it is time to.
   */
  updated(j: number, record: number, allFinite: boolean): void {
    const at = j * SIZE
    const { state } = this
    if (!allFinite || state[at + ASTRAY_FOR]! >= PATIENCE_RECORDS) {
      this.rollBack(j)
      state[at + COPIED_AT] = record
    } else if (
      record - state[at + COPIED_AT]! >= COPY_RECORDS &&
      state[at + LOSS]! <= WELL * this.naive(j)
    ) {
      this.copy(j)
      state[at + COPIED_AT] = record
    }
  }

  /** How often the weights of network j were put back, since the first record. */
  rollbacks(j: number): number {
    return this.state[j * SIZE + ROLLBACKS]!
  }

  private naive(j: number): number {
    return Math.max(this.state[j * SIZE + NAIVE]!, NAIVE_MIN)
  }

  private rollBack(j: number): void {
    const { state } = this
    const at = j * SIZE
    const { network } = this.networks[j]!
    const copy = this.copies[j]!
    const own = network.stateArrays()
    const rate = network.learningRate
    own.parameters.set(copy.parameters)
    own.secondMoments.set(copy.secondMoments)
    own.scalars.set(copy.scalars)
    network.stateWritten()
    network.learningRate = FALL * rate
    state[at + CEILING] = CEILING_FALL * rate
    state[at + LOSS] = state[at + NAIVE]!
    state[at + ASTRAY_FOR] = 0
    state[at + ROLLBACKS]! += 1
  }

  private copy(j: number): void {
    const { state } = this
    const at = j * SIZE
    const { network } = this.networks[j]!
    const copy = this.copies[j]!
    const own = network.stateArrays()
    copy.parameters.set(own.parameters)
    copy.secondMoments.set(own.secondMoments)
    copy.scalars.set(own.scalars)
    const { learningRate } = network.options
    state[at + CEILING] = Math.min(CEILING_RECOVERY * state[at + CEILING]!, learningRate)
    network.learningRate = Math.min(RECOVERY * network.learningRate, state[at + CEILING]!)
  }
}
