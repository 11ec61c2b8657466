/** From these lengths on a match is another context. */
const LENGTHS = [1, 7, 8, 9, 10, 11, 12, 14, 16, 20, 24, 28, 32, 40, 64, 128]
const RATE = 0.005

/** How often the symbol that a match expects comes, by the number of symbols that agree. */
export class MatchMap {
  /** Contexts, 0 for no match. */
  static readonly contexts = LENGTHS.length + 1
  /** Probability that the expected bit comes, (contexts). */
  readonly probabilities = Float32Array.from({ length: MatchMap.contexts }, (_, i) => {
    return 1 - 1 / (i + 2)
  })

  /** Context of a match of `length` symbols. */
  contextOf(length: number): number {
    let context = 0
    while (context < LENGTHS.length && length >= LENGTHS[context]!) context++
    return context
  }

  learn(context: number, isRight: boolean): void {
    const p = this.probabilities[context]!
    this.probabilities[context] = p + ((isRight ? 1 : 0) - p) * RATE
  }
}
