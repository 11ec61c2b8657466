import { exp, log } from '../../kernels/transcendental.ts'
import type { Domain } from '../domain.ts'
import { ABSENT, Layout } from '../layout.ts'
import { Scaler, withinReach } from '../scaler.ts'
import type { SharedArray } from '../state.ts'

/** Labels of its own after which a sequence counts as much as all others together, within these. */
const OWN_COUNT_MIN = 0.5
const OWN_COUNT_MAX = 50
/** As many more for its scale, which one label does not tell. */
const SCALE_COUNT = 5
/** Smallest weight of the newest label in the variance within sequences. */
const WITHIN_RATE = 1e-3

/** No sequence is so many times larger or smaller than all of them together. */
const UNIT_MAX = 1e3

/**
 * Mean and scale of each target in each domain, of all sequences and of each one: a young sequence
 * is taken to be like the others, the longer the less these differ (empirical Bayes). A domain that
 * does not hold for every value goes once a value has come that it does not hold for.
 */
export class Moments {
  /** Mean and scale as `look` has filled them, (D, domains, 2). */
  readonly now: Float64Array
  private readonly domains: readonly Domain[]
  private readonly targets: number
  private readonly own: Scaler
  private readonly pooled: Scaler
  /** Labels of each sequence, (D, domains) in its core. */
  private readonly countsAt: number
  private readonly pool: Float64Array
  /** (D, domains, [labels, mean square]): how far labels were from their own sequence's mean. */
  private readonly within: Float64Array
  /** (D): 1 once a value below 0 has come. */
  private readonly negative: Float64Array

  constructor(core: Layout, targets: number, domains: readonly Domain[]) {
    const count = targets * domains.length
    const shared = new Layout()
    this.domains = domains
    this.targets = targets
    this.own = new Scaler(core, count)
    this.countsAt = core.claim(count)
    this.pooled = new Scaler(shared, count)
    this.pool = new Float64Array(shared.size)
    this.within = new Float64Array(2 * count)
    this.negative = new Float64Array(targets)
    this.now = new Float64Array(2 * count)
  }

  arrays(): SharedArray[] {
    return [
      { name: 'moments/pool', array: this.pool },
      { name: 'moments/within', array: this.within },
      { name: 'moments/negative', array: this.negative },
    ]
  }

  /** Whether a label of the target has come to any sequence. */
  seen(target: number): boolean {
    return this.pooled.seen(this.pool, target * this.domains.length)
  }

  /** Whether domain `m` holds for all labels of the target so far. */
  holds(target: number, m: number): boolean {
    return this.domains[m]!.unbounded || this.negative[target] === 0
  }

  /** Points `now` at a sequence; ABSENT and 1 where no label of a target has come to any. */
  look(core: Float64Array): void {
    const { domains, now } = this
    for (let d = 0; d < this.targets; d++) {
      for (let m = 0; m < domains.length; m++) {
        const index = d * domains.length + m
        if (this.pooled.seen(this.pool, index)) this.blend(core, index)
        else {
          now[2 * index] = ABSENT
          now[2 * index + 1] = 1
        }
      }
    }
  }

  /**
   * How large target d is in the sequence looked at last beside all of them: what is shared by
   * them is counted in this, so that the large ones do not decide alone. 1 of a lone sequence, also
   * where its labels were constant so far.
   */
  unit(d: number): number {
    const index = d * this.domains.length
    if (!this.pooled.seen(this.pool, index)) return 1
    const ratio = this.now[2 * index + 1]! / this.pooled.scale(this.pool, index)
    return Math.max(1 / UNIT_MAX, Math.min(ratio, UNIT_MAX))
  }

  /** Learns a label; `core` is null where its sequence is gone. */
  learn(core: Float64Array | null, target: number, value: number): void {
    const { domains } = this
    if (value < 0) this.negative[target] = 1
    for (let m = 0; m < domains.length; m++) {
      const domain = domains[m]!
      if (!domain.unbounded && value < 0) continue
      const image = domain.forward(value)
      const index = target * domains.length + m
      this.pooled.update(this.pool, index, image)
      if (core === null) continue
      if (core[this.countsAt + index]! > 0) this.learnWithin(core, index, image)
      this.own.update(core, index, image)
      core[this.countsAt + index]! += 1
    }
  }

  private learnWithin(core: Float64Array, index: number, image: number): void {
    const { own, within } = this
    const count = core[this.countsAt + index]!
    const seen = within[2 * index]! + 1
    const usual = Math.sqrt(within[2 * index + 1]!)
    const far = withinReach(image - own.mean(core, index), seen, usual)
    // The mean of few is off by itself.
    const square = (far * far * count) / (count + 1)
    within[2 * index] = seen
    within[2 * index + 1]! += Math.max(1 / seen, WITHIN_RATE) * (square - within[2 * index + 1]!)
  }

  /** Labels of its own after which a sequence counts as much as all others: within ÷ between. */
  private ownCount(index: number): number {
    const scale = this.pooled.scale(this.pool, index)
    const within = this.within[2 * index + 1]!
    const between = Math.max(scale * scale - within, within / OWN_COUNT_MAX)
    return between === 0 ? OWN_COUNT_MAX : Math.max(OWN_COUNT_MIN, within / between)
  }

  private blend(core: Float64Array, index: number): void {
    const { own, pooled, pool, now } = this
    const count = core[this.countsAt + index]!
    const half = this.ownCount(index)
    const share = count / (count + half)
    const mean = pooled.mean(pool, index)
    const scale = pooled.scale(pool, index)
    now[2 * index] = share * own.mean(core, index) + (1 - share) * mean
    const more = Math.max(0, count - 1)
    const ratio = Math.max(1 / UNIT_MAX, Math.min(own.scale(core, index) / scale, UNIT_MAX))
    // By the logarithm, as sequences may be of very different sizes.
    now[2 * index + 1] = scale * exp((more / (more + half + SCALE_COUNT)) * log(ratio))
  }
}
