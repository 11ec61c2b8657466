/** A distribution over symbols as one over decisions: its sums below each node of their tree. */
export class BranchSums {
  private readonly leaves: number
  /** Node 1 is the root, 2n and 2n + 1 lie below n; (2 × leaves). */
  private readonly sums: Float64Array

  constructor(depth: number) {
    this.leaves = 1 << depth
    this.sums = new Float64Array(2 * this.leaves)
  }

  /** Takes in probabilities of the symbols, (V), V ≤ leaves. */
  fill(probabilities: Float64Array): void {
    const { sums, leaves } = this
    sums.set(probabilities, leaves)
    for (let node = leaves - 1; node >= 1; node--)
      sums[node] = sums[2 * node]! + sums[2 * node + 1]!
  }

  /** Probability of a one at a node; ½ where nothing lies below it. */
  one(node: number): number {
    const all = this.sums[node]!
    return all > 0 ? this.sums[2 * node + 1]! / all : 0.5
  }
}
