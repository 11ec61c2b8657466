/**
 * Root mean square normalisation (Zhang & Sennrich 2019) of a layer's pre-activations, gate by gate
 * as in cmix and lstm-compress. For each block of H products a, with gains g and biases b:
 *
 *   s = 1 / √(mean_i a_i² + ε)   â = s a   gates = g ⊙ â + b
 *
 * There are as many blocks as bias blocks: of a gru's candidate the input half and, inside the
 * reset, the recurrent half each have their own.
 *
 * Letters: a products, â `normalised`, s `scales`, H hidden, T window.
 */

import type { LayerTape } from './layer-tape.ts'

/** ε */
export const NORMALISE_EPSILON = 1e-5

/** Turns row t of `gates` (biases, H) from products into what the cell takes. */
export function normaliseForward(tape: LayerTape, parameters: Float32Array, t: number): void {
  const { hidden, biases, gates, normalised, scales } = tape
  const { biasesAt, gainsAt } = tape.layout
  for (let block = 0; block < biases; block++) {
    const first = block * hidden
    const at = t * biases * hidden + first
    let squares = 0
    for (let i = 0; i < hidden; i++) squares += gates[at + i]! * gates[at + i]!
    const scale = 1 / Math.sqrt(squares / hidden + NORMALISE_EPSILON)
    scales[t * biases + block] = scale
    for (let i = 0; i < hidden; i++) {
      const a = scale * gates[at + i]!
      normalised[at + i] = a
      gates[at + i] = parameters[gainsAt + first + i]! * a + parameters[biasesAt + first + i]!
    }
  }
}

/**
 * Row t of `deltas` (biases, H) → row t of `productDeltas`: with δ̂ = g ⊙ δ, through
 * ∂s/∂a_k = −s³ a_k / H, δa = s (δ̂ − â mean_i δ̂_i â_i).
 */
export function normaliseBackward(tape: LayerTape, parameters: Float32Array, t: number): void {
  const { hidden, biases, deltas, productDeltas, normalised, scales } = tape
  const { gainsAt } = tape.layout
  for (let block = 0; block < biases; block++) {
    const gains = gainsAt + block * hidden
    const at = (t * biases + block) * hidden
    const scale = scales[t * biases + block]!
    let along = 0
    for (let i = 0; i < hidden; i++) {
      along += parameters[gains + i]! * deltas[at + i]! * normalised[at + i]!
    }
    const mean = along / hidden
    for (let i = 0; i < hidden; i++) {
      const d = parameters[gains + i]! * deltas[at + i]!
      productDeltas[at + i] = scale * (d - normalised[at + i]! * mean)
    }
  }
}

/** Gradient of the gains, (biases H) += Σ_t δ_t ⊙ â_t over `steps` steps, first step first. */
export function addGainGradients(tape: LayerTape, gradient: Float64Array, steps: number): void {
  const { hidden, biases, deltas, normalised } = tape
  const { gainsAt } = tape.layout
  const pre = biases * hidden
  for (let i = 0; i < pre; i++) {
    let sum = gradient[gainsAt + i]!
    for (let t = 0; t < steps; t++) sum += deltas[t * pre + i]! * normalised[t * pre + i]!
    gradient[gainsAt + i] = sum
  }
}
