import { LOGIT_MAX, squash } from './logistic.ts'

/** Step size of the weights, and of those of the second mixer. */
const RATE = 0.004
/** Errors so small teach nothing that would be worth the time. */
const SMALL = 0.005
const FINAL_RATE = 0.0006

/**
 * Gated mixer: logits are added up with weights of which a small context chooses one set among
 * several, in G groups at once; a second mixer adds up what the groups say. The sets in use learn
 * by the gradient of the coding cost, which is error × input (M. Mahoney, "Adaptive weighing of
 * context models for lossless data compression", 2005).
 */
export class GatedMixer {
  /** Logits that enter; (N). */
  readonly inputs: Float64Array
  /** Weights of all groups, one set behind the other; (Σ sets, N). */
  readonly weights: Float32Array
  /** Weights of the second mixer; (final sets, G). */
  readonly finalWeights: Float32Array
  /** Logit of the mixture, within ± LOGIT_MAX; (1), as a number returned would be an object. */
  readonly mixed = new Float64Array(1)
  private readonly firstSets: Int32Array
  /** Place of the first weight of each group's chosen set; (G). */
  private readonly chosen: Int32Array
  private readonly logits: Float64Array
  private finalAt = 0

  /** `start`: first weights, (N); `sets`: sets of each group; `finalSets`: of the second mixer. */
  constructor(start: Float64Array, sets: readonly number[], finalSets: number) {
    const size = start.length
    const groups = sets.length
    this.inputs = new Float64Array(size)
    this.firstSets = new Int32Array(groups)
    let total = 0
    for (let g = 0; g < groups; g++) {
      this.firstSets[g] = total
      total += sets[g] ?? 0
    }
    this.weights = new Float32Array(total * size)
    for (let set = 0; set < total; set++) this.weights.set(start, set * size)
    this.finalWeights = new Float32Array(finalSets * groups).fill(1 / groups)
    this.chosen = new Int32Array(groups)
    this.logits = new Float64Array(groups)
  }

  choose(group: number, set: number): void {
    this.chosen[group] = (this.firstSets[group]! + set) * this.inputs.length
  }

  chooseFinal(set: number): void {
    this.finalAt = set * this.chosen.length
  }

  /** Fills `mixed` from `inputs` under the chosen sets. */
  mix(): void {
    const { inputs, weights, chosen, logits, finalWeights, finalAt } = this
    const size = inputs.length
    let total = 0
    for (let g = 0; g < chosen.length; g++) {
      const from = chosen[g]!
      let even = 0
      let odd = 0
      let i = 0
      for (; i + 1 < size; i += 2) {
        even += weights[from + i]! * inputs[i]!
        odd += weights[from + i + 1]! * inputs[i + 1]!
      }
      if (i < size) even += weights[from + i]! * inputs[i]!
      const logit = Math.max(-LOGIT_MAX, Math.min(LOGIT_MAX, even + odd))
      logits[g] = logit
      total += finalWeights[finalAt + g]! * logit
    }
    this.mixed[0] = Math.max(-LOGIT_MAX, Math.min(LOGIT_MAX, total))
  }

  /** Learns from the bit for which `mix` was asked. */
  learn(bit: number): void {
    const { inputs, weights, chosen, logits, finalWeights, finalAt } = this
    const size = inputs.length
    const finalStep = (bit - squash(this.mixed[0]!)) * FINAL_RATE
    for (let g = 0; g < chosen.length; g++) {
      const logit = logits[g]!
      finalWeights[finalAt + g] = finalWeights[finalAt + g]! + finalStep * logit
      const error = bit - squash(logit)
      if (error < SMALL && error > -SMALL) continue
      const step = error * RATE
      const from = chosen[g]!
      for (let i = 0; i < size; i++) weights[from + i] = weights[from + i]! + step * inputs[i]!
    }
  }
}
