/** Bits in which the number of a history fits. */
export const HISTORY_BITS = 9

/**
 * Bit histories: what a node of a context has seen, as one of at most 512 states. A state stands
 * for counts of zeros and ones, where each bit takes away part of what spoke for the other, and for
 * the last two bits. What a state says about the next bit is learnt (indirect context models:
 * M. Mahoney, "Adaptive weighing of context models for lossless data compression", 2005).
 */
export interface BitHistories {
  /** States; number 0 has seen nothing. */
  readonly count: number
  /** The state after state s and bit b at 2s + b; (count, 2). */
  readonly next: Uint16Array
  /** What a state says about a one before anything is learnt; (count). */
  readonly prior: Float64Array
}

/** MOST[n]: the most that is counted of one bit beside n of the other, which is not the more. */
const MOST = [60, 40, 24, 14, 10, 8, 7, 7]

interface State {
  readonly zeros: number
  readonly ones: number
  /** A leading one and up to two last bits. */
  readonly recent: number
}

/** All states that can be reached from the empty one, in the order in which they are found. */
export function bitHistories(): BitHistories {
  const states: State[] = [{ zeros: 0, ones: 0, recent: 1 }]
  const numbers = new Map<string, number>([[nameOf(states[0]!), 0]])
  const next: number[] = []
  for (let i = 0; i < states.length; i++) {
    for (let bit = 0; bit <= 1; bit++) {
      const follower = stateAfter(states[i]!, bit)
      const name = nameOf(follower)
      const number = numbers.get(name) ?? states.push(follower) - 1
      numbers.set(name, number)
      next.push(number)
    }
  }
  const prior = Float64Array.from(states, ({ zeros, ones }) => (ones + 0.4) / (zeros + ones + 0.8))
  return { count: states.length, next: Uint16Array.from(next), prior }
}

function nameOf({ zeros, ones, recent }: State): string {
  return `${zeros} ${ones} ${recent}`
}

function stateAfter({ zeros, ones, recent }: State, bit: number): State {
  let same = bit === 1 ? ones : zeros
  let other = faded(bit === 1 ? zeros : ones)
  if (other > same || same + 1 <= most(other)) same++
  while (Math.max(same, other) > most(Math.min(same, other))) {
    if (same > other) same--
    else other--
  }
  const last = recent * 2 + bit
  const kept = last < 8 ? last : 4 | (last & 3)
  return { zeros: bit === 1 ? other : same, ones: bit === 1 ? same : other, recent: kept }
}

/** What is left of a count after the other bit was seen. */
function faded(count: number): number {
  if (count <= 2) return count
  return count <= 5 ? count - 1 : 3 + ((count - 3) >> 2)
}

function most(rarer: number): number {
  return MOST[rarer] ?? 0
}
