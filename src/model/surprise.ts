import type { Layout } from './layout.ts'

/** Classes of the mass that lies beyond an observed value: eighths, and halvings of the last. */
const EIGHTHS = 7
const HALVINGS = 10
const CLASSES = EIGHTHS + HALVINGS
/** Smallest weight of a new value: a memory of 500, of all sequences together 2,000. */
const RATE_MIN = 2e-3
const POOL_RATE_MIN = 5e-4
/** Values that the histogram which it starts with counts as. */
const PRIOR_COUNT = 50
/** Floats per slot: values seen, then the classes' shares. */
const SIZE = 1 + CLASSES

/** The most mass that can lie beyond a value of each class, from the forecast outwards; then 0. */
const EDGES: readonly number[] = edges()

function edges(): number[] {
  const mass = Array.from({ length: EIGHTHS }, (_, c) => 1 - c / 8)
  for (let i = 0, edge = 0.125; i < HALVINGS; i++, edge /= 2) mass.push(edge)
  return [...mass, 0]
}

/**
 * How unlikely an observed value was: −log density, as the share of the sequence's recent ones
 * that were less so. The density falls with the distance from the forecast, so the mass beyond the
 * value, which the density gives, ranks values as −log density does; a fading histogram of it makes
 * the rank right where the density is not. Its classes grow finer towards the end that matters.
 */
export class SurpriseRank {
  /** One histogram over all sequences per slot. */
  readonly shared: Float64Array
  private readonly at: number

  constructor(layout: Layout, slots: number) {
    this.at = layout.claim(slots * SIZE)
    this.shared = new Float64Array(slots * SIZE)
    for (let at = 0; at < this.shared.length; at += SIZE) {
      this.shared[at] = PRIOR_COUNT
      for (let c = 0; c < CLASSES; c++) this.shared[at + 1 + c] = massOf(c)
    }
  }

  /** A slot of a sequence has its first error: it starts with what all sequences know. */
  begin(core: Float64Array, slot: number): void {
    const at = this.at + slot * SIZE
    for (let i = 0; i < SIZE; i++) core[at + i] = this.shared[slot * SIZE + i]!
    core[at] = PRIOR_COUNT
  }

  /** Rank in [0, 1] of a value beyond which lies `beyond` of the predicted mass; remembers it. */
  rank(core: Float64Array, slot: number, beyond: number): number {
    const at = this.at + slot * SIZE
    const c = classOf(beyond)
    const within = c < CLASSES - 1 ? (EDGES[c]! - beyond) / massOf(c) : inLast(beyond)
    let below = 0
    for (let i = 0; i < c; i++) below += core[at + 1 + i]!
    const rank = Math.max(0, Math.min(below + within * core[at + 1 + c]!, 1))
    take(core, at, c, RATE_MIN)
    return rank
  }

  /** What all sequences share learns from the same value. */
  learn(slot: number, beyond: number): void {
    take(this.shared, slot * SIZE, classOf(beyond), POOL_RATE_MIN)
  }
}

function take(histogram: Float64Array, at: number, c: number, rateMin: number): void {
  const count = histogram[at]! + 1
  histogram[at] = count
  const rate = Math.max(1 / count, rateMin)
  for (let i = 0; i < CLASSES; i++) {
    const share = histogram[at + 1 + i]!
    histogram[at + 1 + i] = share + rate * ((i === c ? 1 : 0) - share)
  }
}

/**
 * Share of the last class that is less unlikely. Much lies there only where the density is far too
 * narrow, and then far out: the root spreads it.
 */
function inLast(beyond: number): number {
  return 1 - Math.sqrt(Math.max(0, beyond) / EDGES[CLASSES - 1]!)
}

/** 0 for the values nearest to the forecast. */
function classOf(beyond: number): number {
  let c = 0
  while (c < CLASSES - 1 && beyond <= EDGES[c + 1]!) c++
  return c
}

/** Mass of class c, were the density right. */
function massOf(c: number): number {
  return EDGES[c]! - EDGES[c + 1]!
}
