/** A value's own defaults under a kind of task, where they differ from those of the schema. */
type Defaults = Readonly<Record<string, Readonly<Record<string, unknown>>>>

/**
 * What a kind of task wants otherwise than the schema says: of symbols, normalised gates, more
 * width and depth, and updates half as often, chosen on text (docs/symbols.md).
 */
export const kindDefaults: Readonly<Record<string, Defaults>> = {
  symbols: {
    model: { hidden: 128, layers: 2, normalise: true, updateEvery: 16, learningRates: [4e-3] },
  },
}

/** Fills in what the task's kind wants where the user has said nothing. */
export function applyKindDefaults(root: Record<string, unknown>): void {
  const { task } = root
  const kind = isMapping(task) && typeof task.kind === 'string' ? task.kind : 'forecast'
  const defaults = Object.hasOwn(kindDefaults, kind) ? (kindDefaults[kind] as Defaults) : {}
  for (const [section, values] of Object.entries(defaults)) {
    const target = root[section]
    if (!isMapping(target)) continue
    for (const [key, value] of Object.entries(values)) target[key] ??= value
  }
  const isBytes = isMapping(root.input) && root.input.format === 'bytes'
  if (kind === 'symbols' && isBytes && isMapping(task)) task.alphabet ??= 'bytes'
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
