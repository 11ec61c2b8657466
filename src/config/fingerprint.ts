import { createHash } from 'node:crypto'
import type { Config } from './schema.ts'

/** JSON with sorted keys and without undefined values: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`)
  return `{${entries.join(',')}}`
}

/**
 * What of a configuration decides the bits of the model (design §1 rule 9). Nothing of `kafka`,
 * `commit`, `snapshot`, `workers`, `http`, `log` or `shutdown` is in it: those may change at any
 * time. `device`: where the kernel computes, if not in this process.
 */
export function decisivePart(
  config: Config,
  device: string | null = null,
): Readonly<Record<string, unknown>> {
  const { format, columns, time, key, from } = config.input
  const { task, sequences, deadLetters } = config
  const model = device === null ? config.model : { ...config.model, device }
  return { input: { format, columns, time, key, from }, task, model, sequences, deadLetters }
}

/**
 * SHA-256 (hex) of all that decides what the model computes from the log (design §1 rule 9): two
 * applications with the same fingerprint that have read the same records hold the same model.
 */
export function fingerprint(
  config: Config,
  numericsVersion: string | number,
  device: string | null = null,
): string {
  const decisive = { numericsVersion: String(numericsVersion), ...decisivePart(config, device) }
  return createHash('sha256').update(canonicalJson(decisive)).digest('hex')
}
