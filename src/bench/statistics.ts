/** The middle value; the mean of the two middle ones of an even number; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted[sorted.length >> 1] ?? Number.NaN
  const lower = sorted[(sorted.length - 1) >> 1] ?? Number.NaN
  return (lower + upper) / 2
}

/**
 * The smallest value that at least `share` of the values do not exceed; NaN of none. Exact: no
 * buckets.
 * @param sorted ascending
 */
export function quantile(sorted: Float64Array, share: number): number {
  const at = Math.ceil(share * sorted.length) - 1
  return sorted[Math.min(Math.max(at, 0), sorted.length - 1)] ?? Number.NaN
}

/**
 * Bounds between which the median of what the values were drawn from lies with at least 95 %,
 * whatever its distribution: two of the values, counted in from the ends; ±∞ of fewer than six.
 */
export function medianInterval(values: readonly number[]): readonly [number, number] {
  const sorted = values.toSorted((a, b) => a - b)
  const { length } = sorted
  let tail = 0
  let term = 2 ** -length
  let rank = 0
  // `tail`: how probable it is that at most `rank` values lie below the median.
  for (; rank < length && tail + term <= 0.025; rank++) {
    tail += term
    term *= (length - rank) / (rank + 1)
  }
  if (rank === 0) return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  return [sorted[rank - 1] ?? Number.NaN, sorted[length - rank] ?? Number.NaN]
}
