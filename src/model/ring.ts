/**
 * Place of own step `step` ≥ 0 in a ring of `size` places. Steps come out of the state as doubles,
 * whose remainder costs as much as a dozen multiplications; whole numbers of 32 bits are what
 * sequences count in for their first two thousand million steps.
 */
export function ringIndex(step: number, size: number): number {
  return step <= 0x7fffffff ? (step | 0) % size : step % size
}
