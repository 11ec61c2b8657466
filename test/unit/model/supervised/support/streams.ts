import { Random } from '../../../../../src/random.ts'
import type { Entry } from './driver.ts'

/** Records with inputs, and labels for them that come later, in any order, some never. */
export function lateLabels(
  seed: number,
  count: number,
  { targets = 1, keys = 3, classes = 0 } = {},
): Entry[] {
  const random = new Random(seed)
  const entries: { at: number; entry: Entry }[] = []
  for (let t = 0; t < count; t++) {
    const id = `order-${t}`
    const x = random.normal()
    const sequence = `key ${random.uint32() % keys}`
    const colour = ['red', 'green', 'blue', null][random.uint32() % 4] ?? null
    entries.push({ at: t, entry: { sequence, id, inputs: [x], categories: [colour] } })
    for (let d = 0; d < targets; d++) {
      if (random.uniform() < 0.1) continue
      const value = 3 * x + (colour === 'red' ? 2 : 0) + 0.1 * random.normal() + d
      const label: Entry =
        classes > 0
          ? { classes: only(d, targets, `c${Math.abs(Math.round(value)) % classes}`, null) }
          : { values: only(d, targets, value, Number.NaN) }
      const at = t + 0.5 + 40 * random.uniform() * random.uniform()
      entries.push({ at, entry: { ...label, id } })
      // Some are told twice, the second time otherwise.
      if (random.uniform() < 0.1) {
        const second = random.uniform() < 0.5 ? label : shifted(label)
        entries.push({ at: at + 5 * random.uniform(), entry: { ...second, id } })
      }
    }
    if (random.uniform() < 0.05)
      entries.push({ at: t + 0.1, entry: { id: `nobody ${t}`, values: [1] } })
  }
  return entries.sort((a, b) => a.at - b.at).map(({ entry }) => entry)
}

function only<T>(d: number, count: number, value: T, rest: T): T[] {
  return Array.from({ length: count }, (_, i) => (i === d ? value : rest))
}

function shifted(label: Entry): Entry {
  if (label.values !== undefined) return { values: label.values.map((value) => value + 1) }
  return { classes: (label.classes ?? []).map((name) => (name === null ? null : 'c0')) }
}
