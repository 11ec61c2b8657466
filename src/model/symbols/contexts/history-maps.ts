import type { BitHistories } from './bit-history.ts'

/** Times seen after which the rate of a history's probability stays. */
const SEEN_MAX = 400

/** What each bit history has turned out to say about the next bit, for each of C contexts. */
export class HistoryMaps {
  /** Histories of one context, the next one's begin there. */
  readonly stride: number
  /** Probability of a one, (C, stride). */
  readonly probabilities: Float32Array
  /** Times seen up to SEEN_MAX, (C, stride). */
  readonly counts: Float32Array

  constructor(contexts: number, histories: BitHistories) {
    this.stride = histories.count
    this.probabilities = new Float32Array(contexts * this.stride)
    this.counts = new Float32Array(contexts * this.stride)
    for (let c = 0; c < contexts; c++) this.probabilities.set(histories.prior, c * this.stride)
  }

  /** The history at place `at`, context × stride + number, was followed by this bit. */
  learn(at: number, bit: number): void {
    const { probabilities, counts } = this
    const seen = counts[at]!
    probabilities[at] = probabilities[at]! + (bit - probabilities[at]!) / (seen + 1.5)
    if (seen < SEEN_MAX) counts[at] = seen + 1
  }
}
