import {
  canonicalJson,
  fingerprint as configFingerprint,
  decisivePart,
} from '../config/fingerprint.ts'
import type { Config } from '../config/schema.ts'

/** Who may go on with a model: equal hashes compute equal bits (design §1 rule 9). */
export interface Fingerprint {
  readonly hash: string
  /** What of the configuration decides, as JSON with sorted keys: to tell what has changed. */
  readonly canonical: string
}

/** The fingerprint of a configuration under this version of the arithmetic. */
export function fingerprint(config: Config, numerics: number): Fingerprint {
  const canonical = canonicalJson(decisivePart(config))
  return { hash: configFingerprint(config, numerics), canonical }
}

/** Paths at which two configurations differ, with both values: `task.horizons: [1,5], now [1]`. */
export function differences(stored: unknown, current: unknown, path = ''): string[] {
  if (isObject(stored) && isObject(current)) {
    const names = [...new Set([...Object.keys(stored), ...Object.keys(current)])].toSorted()
    return names.flatMap((name) =>
      differences(stored[name], current[name], path === '' ? name : `${path}.${name}`),
    )
  }
  const [was, is] = [stored, current].map((v) => (v === undefined ? 'absent' : canonicalJson(v)))
  return was === is ? [] : [`${path}: ${was}, now ${is}`]
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
