const zero = 48
const minus = 45
const point = 46

/** Up to 15 digits a whole number is exact, and so is the power of ten that divides it. */
const maxDigits = 15
const powersOfTen = Float64Array.from({ length: maxDigits + 1 }, (_, i) => Number(`1e${i}`))

/**
 * Reads the number of the commonest form, `-?(0|[1-9]\d*)(\.\d+)?` with at most 15 digits, that
 * begins at `from` into `out[at]`: exactly what `Number` makes of it, as one correctly rounded
 * division of two exact numbers is (Clinger 1990). Returns the place behind it, or −1 for
 * everything else, be it a number or not. What is handed over in an array is never boxed.
 */
export function readPlainNumber(
  bytes: Uint8Array,
  from: number,
  out: Float64Array,
  at: number,
): number {
  const { length } = bytes
  const isNegative = from < length && bytes[from] === minus
  const first = isNegative ? from + 1 : from
  let end = first
  let value = 0
  for (; end < length; end++) {
    const digit = (bytes[end] as number) - zero
    if (digit < 0 || digit > 9) break
    value = value * 10 + digit
  }
  const whole = end - first
  if (whole === 0 || (whole > 1 && bytes[first] === zero)) return -1
  let decimals = 0
  if (end < length && bytes[end] === point) {
    for (end++; end < length; end++, decimals++) {
      const digit = (bytes[end] as number) - zero
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    if (decimals === 0) return -1
  }
  if (whole + decimals > maxDigits) return -1
  // One expression without a branch: what comes out of one would be boxed.
  out[at] = ((isNegative ? -1 : 1) * value) / (powersOfTen[decimals] as number)
  return end
}
