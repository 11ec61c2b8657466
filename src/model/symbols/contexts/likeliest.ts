import type { NextSymbols } from '../../../record/types.ts'

/** Nodes of the tree whose decision is asked for at most, before the search becomes greedy. */
const LOOKS_MAX = 1024

/** Probability that the decision at a node of the tree, `decided` below the root, is a one. */
export type OneAt = (node: number, decided: number) => number

/**
 * The k likeliest leaves of a tree of decisions, found best first: as nothing below a node is
 * likelier than the node, the first leaves to come up are the likeliest. Where the distribution is
 * so flat that this would ask for more than LOOKS_MAX nodes, from then on each node is followed to
 * its likeliest side only.
 */
export class LikeliestSymbols {
  private readonly depth: number
  /** A heap, the likeliest node at place 0, the smaller number first among equals. */
  private readonly nodes: Int32Array
  private readonly decided: Int32Array
  private readonly shares: Float64Array
  private size = 0

  constructor(depth: number) {
    this.depth = depth
    this.nodes = new Int32Array(LOOKS_MAX + 2)
    this.decided = new Int32Array(LOOKS_MAX + 2)
    this.shares = new Float64Array(LOOKS_MAX + 2)
  }

  /** Fills `next` with at most k symbols, the likeliest first. */
  search(oneAt: OneAt, k: number, next: NextSymbols): void {
    const most = Math.min(k, next.symbols.length)
    next.count = 0
    this.size = 0
    this.put(1, 0, 1)
    let looks = 0
    while (next.count < most && this.size > 0) {
      let node = this.nodes[0]!
      let decided = this.decided[0]!
      let share = this.shares[0]!
      this.removeFirst()
      while (decided < this.depth) {
        const one = oneAt(node, decided)
        const bit = one > 0.5 ? 1 : 0
        if (looks < LOOKS_MAX) {
          looks++
          if (one < 1) this.put(2 * node, decided + 1, share * (1 - one))
          if (one > 0) this.put(2 * node + 1, decided + 1, share * one)
          break
        }
        share *= bit === 1 ? one : 1 - one
        node = 2 * node + bit
        decided++
      }
      if (decided < this.depth) continue
      next.symbols[next.count] = node - (1 << this.depth)
      next.probabilities[next.count] = share
      next.count++
    }
  }

  private put(node: number, decided: number, share: number): void {
    let at = this.size++
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!this.isBefore(share, node, above)) break
      this.move(above, at)
      at = above
    }
    this.set(at, node, decided, share)
  }

  private removeFirst(): void {
    this.size--
    const node = this.nodes[this.size]!
    const decided = this.decided[this.size]!
    const share = this.shares[this.size]!
    let at = 0
    for (let below = 1; below < this.size; below = 2 * at + 1) {
      const right = below + 1
      const hasBetter =
        right < this.size && this.isBefore(this.shares[right]!, this.nodes[right]!, below)
      const best = hasBetter ? right : below
      if (!this.isBefore(this.shares[best]!, this.nodes[best]!, -1, share, node)) break
      this.move(best, at)
      at = best
    }
    this.set(at, node, decided, share)
  }

  /** Whether (share, node) comes before the entry at `other`, or before (otherShare, otherNode). */
  private isBefore(
    share: number,
    node: number,
    other: number,
    otherShare = this.shares[other]!,
    otherNode = this.nodes[other]!,
  ): boolean {
    return share === otherShare ? node < otherNode : share > otherShare
  }

  private move(from: number, to: number): void {
    this.set(to, this.nodes[from]!, this.decided[from]!, this.shares[from]!)
  }

  private set(at: number, node: number, decided: number, share: number): void {
    this.nodes[at] = node
    this.decided[at] = decided
    this.shares[at] = share
  }
}
