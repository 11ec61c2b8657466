import type { Path } from './places.ts'

/** What stands in every output in the place of a secret. */
export const redacted = '[redacted]'

const secretName = /(password|passphrase|passwd|secret|token|credentials?)$/i
const secretVariable =
  /(^|_)(pass|passwd|password|passphrase|pwd|pw|secret|token|credentials?|key|apikey)(_|$)/i

/** Whether the value at this path must never be shown: a key, password, secret or token. */
export function isSecretPath(path: Path): boolean {
  const names = path.filter((part) => typeof part === 'string')
  return names.some((name) => secretName.test(name)) || names.join('.').startsWith('kafka.ssl.key')
}

/** A key for messages: only its first word, for `password hunter2` lacks but a colon. */
export function shownKey(key: string): string {
  const [word = ''] = key.split(/\s/, 1)
  return word.length < key.length || word.length > 64 ? `${word.slice(0, 64)}…` : word
}

/** Whether an environment variable of this name may hold a secret. */
export function isSecretVariable(name: string): boolean {
  return secretVariable.test(name)
}

/**
 * A copy for people to read: what stands in a secret's place and every occurrence of `secrets`
 * (`LoadedConfig.secrets`) is replaced, everything else is as it was.
 */
export function redactConfig(value: unknown, secrets: readonly string[] = []): unknown {
  return copy(value, secrets, [])
}

function copy(value: unknown, secrets: readonly string[], path: Path): unknown {
  if (isSecretPath(path) && value !== undefined && value !== null) return redacted
  if (typeof value === 'string') return redactText(value, secrets)
  if (Array.isArray(value)) {
    return value.map((item, index) => copy(item, secrets, [...path, index]))
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, copy(item, secrets, [...path, key])]),
  )
}

/** All secret scalars below `value`, as text. */
export function collectSecrets(value: unknown, path: Path = []): string[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => collectSecrets(item, [...path, index]))
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([key, item]) => collectSecrets(item, [...path, key]))
  }
  const isScalar = typeof value === 'string' || typeof value === 'number'
  return isScalar && isSecretPath(path) ? [String(value)] : []
}

/**
 * Replaces every occurrence of the secrets in a text: the last defence, for messages that others
 * have made. Secrets below four characters are left alone: they would blot out ordinary words.
 */
export function redactText(text: string, secrets: Iterable<string>): string {
  const longestFirst = [...secrets].toSorted((a, b) => b.length - a.length)
  return longestFirst
    .filter((secret) => secret.length >= 4)
    .reduce((result, secret) => result.replaceAll(secret, redacted), text)
}
