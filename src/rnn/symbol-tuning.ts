/**
 * How a network of symbols learns, beyond the learning rate of its layers. Found on the first
 * 200,000 bytes of Moby Dick with one layer of 128 and two of 128 units.
 */
export interface SymbolTuning {
  /** Decay of Adam's second moments, its ε, and the norm at which a mean gradient is clipped. */
  readonly beta2: number
  readonly epsilon: number
  readonly clipNorm: number
  /** The rate is 1 / √(1 + t / ·) of what it was, t updates, and no less than a share of it. */
  readonly decayUpdates: number
  readonly rateFloor: number
  /** Of the softmax: its rate at the start times the number of features, and the same of it. */
  readonly outputRate: number
  readonly outputDecaySymbols: number
  readonly outputRateFloor: number
  /** Decay of the second moments of its columns' errors, and ε. */
  readonly outputBeta2: number
  readonly outputEpsilon: number
  /** Standard deviation of what a symbol feeds to the gates at the start. */
  readonly tableScale: number
  /** Bias of a gru's z at the start: below zero units look at what is new first. */
  readonly keepBias: number
  /** What every symbol is given of the distribution, however sure the network is. */
  readonly floor: number
}

export const SYMBOL_TUNING: SymbolTuning = {
  beta2: 0.9999,
  epsilon: 1e-5,
  clipNorm: 4,
  decayUpdates: 4000,
  rateFloor: 0.1,
  outputRate: 0.28,
  outputDecaySymbols: 2500,
  outputRateFloor: 0.05,
  outputBeta2: 0.9999,
  outputEpsilon: 1e-3,
  tableScale: 0.5,
  keepBias: -1,
  floor: 1e-8,
}
