import { PAGE_SHIFT, type PageTable } from '../pages.ts'
import { LOGIT_MAX, squash } from './logistic.ts'

const POINTS = 32
const PER_UNIT = (POINTS - 1) / (2 * LOGIT_MAX)
const RATE = 0.02

/**
 * Adaptive probability map: what a probability has turned out to be worth in a small context, as a
 * curve over its logit through 32 points; a word of the pages each.
 */
export class ProbabilityMap {
  /** Probability of a one that the last logit stood for; (1). */
  readonly refined = new Float64Array(1)
  private readonly pages: PageTable
  private readonly points: Float32Array
  private readonly start: number
  private readonly mask: number
  private at = 0
  private readonly share = new Float64Array(1)

  /** 32-bit words of a map of 2^bits contexts. */
  static wordsFor(bits: number): number {
    return (1 << bits) * POINTS
  }

  /** `start`: first of its words in the pages. */
  constructor(pages: PageTable, start: number, bits: number) {
    this.pages = pages
    this.points = new Float32Array(pages.memory.buffer)
    this.start = start
    this.mask = (1 << bits) - 1
    const size = ProbabilityMap.wordsFor(bits)
    for (let i = 0; i < size; i++) {
      this.points[start + i] = squash((i % POINTS) / PER_UNIT - LOGIT_MAX)
    }
  }

  /** Fills `refined` for a logit (1) within ± LOGIT_MAX in this context. */
  refine(logit: Float64Array, context: number): void {
    const place = (logit[0]! + LOGIT_MAX) * PER_UNIT
    const low = Math.min(Math.trunc(place), POINTS - 2)
    const share = place - low
    this.share[0] = share
    this.at = this.start + (context & this.mask) * POINTS + low
    this.refined[0] = this.points[this.at]! * (1 - share) + this.points[this.at + 1]! * share
  }

  /** The last probability that was refined met this bit. */
  learn(bit: number): void {
    const { points, at, pages } = this
    const share = this.share[0]!
    // A curve lies within one page.
    const page = at >>> PAGE_SHIFT
    if (pages.lastChanged[page] !== pages.record) pages.touch(page)
    points[at] = points[at]! + (bit - points[at]!) * RATE * (1 - share)
    points[at + 1] = points[at + 1]! + (bit - points[at + 1]!) * RATE * share
  }
}
