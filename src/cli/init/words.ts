const units = [
  [604_800_000, 'week', 'weeks'],
  [86_400_000, 'day', 'days'],
  [3_600_000, 'h', 'h'],
  [60_000, 'min', 'min'],
  [1000, 's', 's'],
] as const

/** A span of time in the largest unit that it is a whole number of: '30 min', '1.5 s', '2 days'. */
export function spanOf(spanMs: number): string {
  for (const [unitMs, one, many] of units) {
    const count = spanMs / unitMs
    if (count >= 1 && Number.isInteger(count)) return `${count} ${count === 1 ? one : many}`
  }
  return spanMs < 1000 ? `${rounded(spanMs)} ms` : `${rounded(spanMs / 1000)} s`
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(4)))
}

/** A share as a percentage: '0 %', 'less than 1 %', '12 %', 'almost 100 %'. */
export function percent(share: number): string {
  if (share > 0 && share < 0.01) return 'less than 1 %'
  if (share < 1 && share > 0.99) return 'almost 100 %'
  return `${Math.round(share * 100)} %`
}

/** 'one row', '1,234 rows'. */
export function counted(count: number, what: string): string {
  if (count === 1) return `one ${what}`
  return `${String(count).replace(/\B(?=(\d{3})+$)/g, ',')} ${what}s`
}
