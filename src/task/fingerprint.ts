import {
  canonicalJson,
  fingerprint as configFingerprint,
  decisivePart,
} from '../config/fingerprint.ts'
import type { Config } from '../config/schema.ts'
import type { KernelDevice } from '../kernels/index.ts'

/** Who may go on with a model: equal hashes compute equal bits (design §1 rule 9). */
export interface Fingerprint {
  readonly hash: string
  /** What of the configuration decides, as JSON with sorted keys: to tell what has changed. */
  readonly canonical: string
  /** Where the kernel computes. */
  readonly device: KernelDevice
  /** The hash of the same with another device; null where the kernel has none. */
  readonly elsewhere: string | null
}

/** The fingerprint of a configuration under this version of the arithmetic. */
export function fingerprint(config: Config, numerics: number, device: KernelDevice): Fingerprint {
  if (device === 'host') {
    const canonical = canonicalJson(decisivePart(config))
    return { hash: configFingerprint(config, numerics), canonical, device, elsewhere: null }
  }
  const other = device === 'cpu' ? 'gpu' : 'cpu'
  return {
    hash: configFingerprint(config, numerics, device),
    canonical: canonicalJson(decisivePart(config, device)),
    device,
    elsewhere: configFingerprint(config, numerics, other),
  }
}

/** Whether a model with the fingerprint `hash` was learnt as this says, on whatever device. */
export function isSameButDevice({ hash: own, elsewhere }: Fingerprint, hash: string): boolean {
  return hash === own || hash === elsewhere
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
