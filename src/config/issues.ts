import type { z } from 'zod'
import type { RawConfig } from './document.ts'
import { laterValue } from './later.ts'
import { nearestName } from './nearest.ts'
import type { Path } from './places.ts'
import type { Problem } from './problem.ts'
import { isSecretPath, redacted, shownKey } from './redact.ts'
import {
  expectedAt,
  kindsWith,
  knownKeys,
  namesAt,
  nearestKey,
  taskKinds,
} from './schema-lookup.ts'

type Issue = z.core.$ZodIssue

const maxQuoteLength = 60

/** What is said of a whole value that is of another kind: no list, none of the names. */
const misfits: readonly string[] = ['invalid_type', 'invalid_value']

function toPath(path: readonly PropertyKey[]): Path {
  return path.map((part) => (typeof part === 'number' ? part : String(part)))
}

/** The value at `path`, or undefined where there is none; a part of a scalar is the scalar. */
function valueAt(root: unknown, path: Path): unknown {
  let value = root
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return value
    value = Object.hasOwn(value, part) ? (value as Record<string, unknown>)[part] : undefined
  }
  return value
}

/** What is there, in a few words and without secrets. */
function describeValue(value: unknown, path: Path): string {
  if (value === undefined || value === null) return 'nothing'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return 'a mapping'
  if (isSecretPath(path) || path[1] === 'sasl') return redacted
  if (typeof value !== 'string') return String(value)
  const isLong = value.length > maxQuoteLength
  return JSON.stringify(isLong ? `${value.slice(0, maxQuoteLength)}…` : value)
}

/** The kind of task that was asked for; the default one where that is none. */
function kindOf(raw: RawConfig): string {
  const kind = valueAt(raw.value, ['task', 'kind'])
  const isKind = typeof kind === 'string' && taskKinds.includes(kind)
  return isKind ? kind : (taskKinds[0] as string)
}

/** The branch of a union that was meant: the one that likes the value's kind. */
function meantBranch(issue: z.core.$ZodIssueInvalidUnion): readonly Issue[] | undefined {
  const meant = issue.errors.filter(
    (branch) => !branch.some(({ code, path }) => path.length === 0 && misfits.includes(code)),
  )
  return meant.length === 1 ? meant[0] : undefined
}

function unknownKey(raw: RawConfig, holder: Path, key: string): Problem {
  const path = [...holder, key]
  const place = raw.places.key(path)
  const kind = kindOf(raw)
  const kinds = kindsWith(path)
  if (kinds.length > 0 && !kinds.includes(kind)) {
    const message = `belongs to task.kind ${kinds.join(' or ')}; this task is of kind ${kind}`
    return { place, path, message }
  }
  const nearest = nearestKey(holder, key.split(/\s/, 1)[0] ?? '', kind)
  const hint = nearest === undefined ? '' : `; nearest known name: ${nearest}`
  const message = `unknown key, expected one of ${knownKeys(holder, kind).join(', ')}${hint}`
  return { place, path: [...holder, shownKey(key)], message }
}

function wrongValue(raw: RawConfig, issue: Issue, path: Path): Problem {
  const value = valueAt(raw.value, path)
  const kind = kindOf(raw)
  if (value === undefined && issue.code === 'custom') {
    const isRequired = issue.message.startsWith('required')
    const message = isRequired ? issue.message : `${issue.message}; the default does not fit`
    return { place: raw.places.key(path), path, message }
  }
  if (value === undefined) {
    const message = `required: expected ${expectedAt(path, kind)}`
    return { place: raw.places.key(path), path, message }
  }
  const place = raw.places.value(path)
  const later = laterValue(path, value)
  const own = issue.code === 'custom' || issue.code === 'invalid_format'
  const isOwnSentence = own || issue.message.startsWith('expected')
  const expected = isOwnSentence ? issue.message : `expected ${expectedAt(path, kind)}`
  const got = expected.startsWith('expected') ? `, got ${describeValue(value, path)}` : ''
  const isText = typeof value === 'string' && later === undefined
  const names = isText ? namesAt(path, kind) : []
  const nearest = isText && !names.includes(value) ? nearestName(value, names) : undefined
  const hint = later ?? (nearest === undefined ? undefined : `nearest known name: ${nearest}`)
  return { place, path, message: `${expected}${got}${hint === undefined ? '' : `; ${hint}`}` }
}

/** Says in the user's words what the schema found: place, path, expected, got, nearest name. */
export function describeIssues(
  raw: RawConfig,
  issues: readonly Issue[],
  above: Path = [],
): Problem[] {
  return issues.flatMap((issue) => {
    const path = [...above, ...toPath(issue.path)]
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => unknownKey(raw, path, key))
    }
    if (issue.code === 'invalid_union') {
      const branch = meantBranch(issue)
      if (branch !== undefined) return describeIssues(raw, branch, path)
    }
    return [wrongValue(raw, issue, path)]
  })
}
