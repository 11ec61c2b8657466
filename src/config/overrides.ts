import { parse } from 'yaml'
import type { RawConfig } from './document.ts'
import { formatPath, type Path, type Place } from './places.ts'
import { collectSecrets, redacted, shownKey } from './redact.ts'
import { isKnownPath } from './schema-lookup.ts'

/** A value that an option of a command gives, such as `--target passengers`. */
export interface Override {
  readonly path: Path
  readonly value: unknown
  /** The option as the user wrote it, for messages. */
  readonly option: string
}

const maxIndex = 10_000

/** Splits `a.b[0].c` or `a.b.0.c`; undefined where it is no path. */
export function parsePath(text: string): Path | undefined {
  if (!/^[^.[\]]+(\.[^.[\]]+|\[\d+\])*$/.test(text)) return undefined
  const parts = text.replaceAll('[', '.').replaceAll(']', '').split('.')
  return parts.map((part) => (/^\d{1,6}$/.test(part) ? Number(part) : part))
}

/** Applies one `--set path=value`; what is wrong with it goes to `raw.problems`. */
export function applySet(raw: RawConfig, set: string): void {
  const equals = set.indexOf('=')
  const path = equals < 0 ? undefined : parsePath(set.slice(0, equals).trim())
  if (path === undefined) {
    const shown = equals < 0 ? '--set' : `--set ${shownKey(set.slice(0, equals))}=…`
    const message = 'expected --set path=value, such as --set model.hidden=64'
    raw.problems.push({ place: { option: shown }, path: [], message })
    return
  }
  const text = set.slice(equals + 1)
  const value = parseValue(text)
  const name = formatPath(path.map((part) => (typeof part === 'string' ? shownKey(part) : part)))
  const place: Place = { option: `--set ${name}=${shownValue(path, text, value)}` }
  if (value === undefined) {
    raw.problems.push({ place, path, message: 'expected a value in YAML' })
    return
  }
  assign(raw, path, value, place)
  if (typeof value !== 'object' || value === null) raw.texts.set(JSON.stringify(path), text)
}

/** Applies what a command's own options say. */
export function applyOverride(raw: RawConfig, { path, value, option }: Override): void {
  assign(raw, path, value, { option })
}

/** Undefined where the text is no YAML. */
function parseValue(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 0, logLevel: 'error' })
  } catch {
    return undefined
  }
}

/** A misspelt path may end in a misspelt password: under `kafka` only what is known is shown. */
function shownValue(path: Path, text: string, value: unknown): string {
  const holder = path.toReversed().reduce<unknown>((inner, part) => ({ [part]: inner }), value)
  const isLogin = path[1] === 'sasl' || collectSecrets(holder).length > 0
  const isKnown = isKnownPath(path) || (path[0] !== 'kafka' && isKnownPath(path.slice(0, 1)))
  if (isLogin || !isKnown || value === undefined) return redacted
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

function assign(raw: RawConfig, path: Path, value: unknown, place: Place): void {
  const fail = (message: string) => raw.problems.push({ place, path, message })
  const last = path.at(-1)
  if (last === undefined) return
  if (typeof raw.value !== 'object' || raw.value === null || Array.isArray(raw.value)) {
    raw.value = Object.create(null)
  }
  let holder = raw.value as Record<string | number, unknown>
  for (const [index, part] of path.slice(0, -1).entries()) {
    if (!fits(holder, part)) return void fail('there is no such place in the list')
    const below = holder[part]
    const isHolder = typeof below === 'object' && below !== null
    // Only a list that exists can be reached into; anything else makes way for a mapping.
    const next = isHolder ? below : typeof path[index + 1] === 'number' ? [] : Object.create(null)
    holder[part] = next
    holder = next as Record<string | number, unknown>
  }
  if (!fits(holder, last)) return void fail('there is no such place in the list')
  holder[last] = value
  raw.places.override(path, place)
  const prefix = JSON.stringify(path).slice(0, -1)
  for (const id of raw.texts.keys()) {
    if (id.startsWith(`${prefix},`) || id === `${prefix}]`) raw.texts.delete(id)
  }
}

/** A list takes the index of an element or of the place behind its last one. */
function fits(holder: object, part: string | number): boolean {
  if (!Array.isArray(holder)) return true
  return typeof part === 'number' && part <= Math.min(holder.length, maxIndex)
}
