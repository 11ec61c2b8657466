import { exp, log } from '../../kernels/transcendental.ts'

/** No class is less likely than this: also one that had not been seen. */
export const LEAST = 1e-6

/** ln p, of what is not less likely than anything may be. */
export function logOf(p: number): number {
  return log(Math.max(p, LEAST))
}

/** Makes `count` logits at `p[at…]` probabilities that sum to one. */
export function softmax(p: Float64Array, at: number, count: number): void {
  let most = -Infinity
  for (let c = 0; c < count; c++) most = Math.max(most, p[at + c]!)
  let sum = 0
  for (let c = 0; c < count; c++) {
    const e = exp(p[at + c]! - most)
    p[at + c] = e
    sum += e
  }
  for (let c = 0; c < count; c++) p[at + c]! /= sum
}

/** The most likely of `count` classes at `p[at…]`, the first of equals; −1 without any. */
export function likeliest(p: Float64Array | Float32Array, at: number, count: number): number {
  let best = -1
  for (let c = 0; c < count; c++) if (best < 0 || p[at + c]! > p[at + best]!) best = c
  return best
}
