const plainDecimal = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$/

/** Up to 15 digits a decimal has a double of its own; a longer one may be an identifier. */
const maxDigits = 15

/**
 * The text of a name: a plain decimal number of at most 15 digits stands for its number, written
 * the shortest way, so that `1`, `1.0` and the JSON number 1 are one name; so does −0 for 0. All
 * other text stands for itself: `01`, `+1`, `1e3` and ` 1` are no plain decimals.
 */
export function plainName(text: string): string {
  // Sign, point and 15 digits.
  if (text.length > maxDigits + 2 || !plainDecimal.test(text)) return text
  const signs = (text.startsWith('-') ? 1 : 0) + (text.includes('.') ? 1 : 0)
  return text.length - signs > maxDigits ? text : String(Number(text))
}
