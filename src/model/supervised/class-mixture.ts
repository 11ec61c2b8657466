import { exp } from '../../kernels/transcendental.ts'
import { type Aggregator, Boa, MlPoly } from '../aggregation.ts'
import { Layout } from '../layout.ts'
import type { SharedArray } from '../state.ts'
import { Logistic, type LogisticInput } from './logistic.ts'
import { LEAST, logOf } from './probabilities.ts'

/** What each label leaves of the losses before it, of a Bayesian mixture that forgets. */
const DISCOUNT = 0.98
/** The same for the choice among the candidates, and how sharply it is made. */
const CHOICE_DISCOUNT = 0.999
const CHOICE_RATE = 1
/** Step of what pools the members. */
const POOL_RATE = 0.05
/** Every member keeps this share of the weight, so that one that becomes good is found again. */
const UNIFORM_SHARE = 1e-3
/** Regrets are held within this. */
const REGRET_MAX = 30

/**
 * One distribution out of many. Candidates: weights by regret of the linearised log loss, at
 * several discounts, which compete with the best convex combination of members; members weighed by
 * their discounted likelihoods; their weighted geometric mean, whose weights, and biases of the
 * classes, are learnt online, which calibrates them as well. A hedge chooses among these.
 */
export class ClassMixture {
  private readonly classes: number
  private readonly members: number
  /** (D, M) and (D, candidates): discounted sums of −ln p. */
  private readonly losses: Float64Array
  private readonly choices: Float64Array
  private readonly aggregators: readonly Aggregator[]
  /** What these know. */
  private readonly regretted: Float64Array
  private readonly pool: Logistic
  /** How many there are. */
  readonly candidates: number
  private readonly weights: Float64Array
  private readonly regrets: Float64Array
  /** All members are there. */
  private readonly present: Float64Array
  private readonly input: { -readonly [K in keyof LogisticInput]: LogisticInput[K] }

  constructor(targets: number, classes: number, members: number) {
    const layout = new Layout()
    this.classes = classes
    this.members = members
    this.aggregators = [
      new MlPoly(layout, targets, members, 0.995),
      new MlPoly(layout, targets, members, 0.9995),
      new Boa(layout, targets, members, 0.998),
      new Boa(layout, targets, members, 0.9998),
    ]
    this.regretted = new Float64Array(layout.size)
    this.candidates = this.aggregators.length + 2
    this.losses = new Float64Array(targets * members)
    this.choices = new Float64Array(targets * this.candidates)
    this.pool = new Logistic({
      targets,
      classes,
      dense: 0,
      fields: 0,
      experts: members,
      random: 0,
      seed: 0,
      expertRate: POOL_RATE,
    })
    this.weights = new Float64Array(Math.max(members, this.candidates))
    this.regrets = new Float64Array(members)
    this.present = new Float64Array(members)
    const none = this.present
    this.input = { dense: none, denseAt: 0, names: none, namesAt: 0, experts: none, expertsAt: 0 }
  }

  arrays(): SharedArray[] {
    return [
      { name: 'mixture/losses', array: this.losses },
      { name: 'mixture/choices', array: this.choices },
      { name: 'mixture/regrets', array: this.regretted },
      ...this.pool.arrays('mixture/pool'),
    ]
  }

  /**
   * Mixes what the members say of target d, `table[from…]` (M, C): writes what each candidate makes
   * of it to `table[to…]`, (candidates, C), and behind them what all of them together do, (C).
   */
  mix(d: number, count: number, table: Float64Array, from: number, to: number): void {
    const { classes, candidates, aggregators, input, weights } = this
    for (let a = 0; a < aggregators.length; a++) {
      aggregators[a]!.weigh(this.regretted, d, this.present, 0, weights)
      this.combine(this.members, count, table, from, to + a * classes)
    }
    const rest = to + aggregators.length * classes
    this.weigh(this.losses, d * this.members, this.members, 1)
    this.combine(this.members, count, table, from, rest)
    input.experts = table
    input.expertsAt = from
    this.pool.predict(d, count, input, table, rest + classes)
    this.weigh(this.choices, d * candidates, candidates, CHOICE_RATE)
    const all = to + candidates * classes
    this.combine(candidates, count, table, to, all)
    let sum = 0
    for (let c = 0; c < count; c++) sum += table[all + c]!
    // But for rounding they sum to one.
    for (let c = 0; c < count; c++) table[all + c]! /= sum
  }

  /** Learns a label of target d, with what `mix` was given and has written at its prediction. */
  learn(
    d: number,
    count: number,
    table: Float64Array,
    from: number,
    to: number,
    label: number,
  ): void {
    const { losses, choices, classes, candidates, aggregators, regrets, input } = this
    for (let i = 0; i < candidates; i++) {
      const at = d * candidates + i
      choices[at] = CHOICE_DISCOUNT * choices[at]! - logOf(table[to + i * classes + label]!)
    }
    for (let a = 0; a < aggregators.length; a++) {
      const mixed = Math.max(LEAST, table[to + a * classes + label]!)
      for (let i = 0; i < this.members; i++) {
        const p = Math.max(LEAST, table[from + i * classes + label]!)
        regrets[i] = Math.min(p / mixed - 1, REGRET_MAX)
      }
      aggregators[a]!.learn(this.regretted, d, regrets)
    }
    for (let i = 0; i < this.members; i++) {
      const at = d * this.members + i
      losses[at] = DISCOUNT * losses[at]! - logOf(table[from + i * classes + label]!)
    }
    input.experts = table
    input.expertsAt = from
    this.pool.learn(d, count, input, label)
  }

  /** Writes the sum of `rows` distributions at `table[from…]` by the weights in hand. */
  private combine(
    rows: number,
    count: number,
    table: Float64Array,
    from: number,
    to: number,
  ): void {
    const { classes, weights } = this
    for (let c = 0; c < count; c++) {
      let sum = 0
      for (let i = 0; i < rows; i++) sum += weights[i]! * table[from + i * classes + c]!
      table[to + c] = sum
    }
  }

  /** Weights of `count` who have lost `losses[at…]`. */
  private weigh(losses: Float64Array, at: number, count: number, rate: number): void {
    const { weights } = this
    let least = Infinity
    for (let i = 0; i < count; i++) least = Math.min(least, losses[at + i]!)
    let sum = 0
    for (let i = 0; i < count; i++) {
      weights[i] = exp(rate * (least - losses[at + i]!))
      sum += weights[i]!
    }
    for (let i = 0; i < count; i++) {
      weights[i] = (1 - UNIFORM_SHARE) * (weights[i]! / sum) + UNIFORM_SHARE / count
    }
  }
}
