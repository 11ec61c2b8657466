/** What stands in place of a secret. */
const MASK = '[redacted]'
/** A log line is bounded whatever is logged: strings, lists and nesting are cut at these. */
const MAX_STRING_LENGTH = 4_096
const MAX_LIST_LENGTH = 64
const MAX_DEPTH = 6
/** Shorter values would blank out innocent text; the name of their field protects them. */
const MIN_SECRET_LENGTH = 4

const secretName =
  /passw|passphrase|secret|token|authori[sz]ation|credential|cookie|(api|private)[-_]?key|sasl/i
/** What `ssl` holds under names that mean other things elsewhere. */
const secretInSsl = /^(key|pfx)$/i
const pem = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g
const userInfo = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi

/**
 * Makes a value fit to be logged: a copy of plain JSON in which whatever looks like a secret is
 * masked, by the name of its field, by its form (a private key, user:password in a URL) and by
 * `secrets`, the values the configuration marks as such. Bytes are told by their length, errors by
 * name, code, message, stack and cause; `bigint` becomes a string. Never throws.
 */
export function redact(value: unknown, secrets: readonly string[] = []): unknown {
  const known = secrets
    .filter((secret) => secret.length >= MIN_SECRET_LENGTH)
    .sort((a, b) => b.length - a.length)
  return copy(value, { known, depth: 0, inSsl: false })
}

interface Context {
  readonly known: readonly string[]
  readonly depth: number
  readonly inSsl: boolean
}

function copy(value: unknown, context: Context): unknown {
  switch (typeof value) {
    case 'string':
      return text(value, context.known)
    case 'bigint':
      return String(value)
    case 'function':
    case 'symbol':
      return undefined
    case 'object':
      return value === null ? null : structure(value, { ...context, depth: context.depth + 1 })
    default:
      return value
  }
}

function structure(value: object, context: Context): unknown {
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (context.depth > MAX_DEPTH) return '[nested too deeply]'
  if (Array.isArray(value)) {
    const items = value.slice(0, MAX_LIST_LENGTH).map((item) => copy(item, context))
    if (value.length > MAX_LIST_LENGTH) items.push(`[${value.length - MAX_LIST_LENGTH} more]`)
    return items
  }
  const result: Record<string, unknown> = {}
  for (const [name, item] of entries(value)) {
    if (isSecret(name, item, context)) result[name] = MASK
    else result[name] = copy(item, { ...context, inSsl: /^ssl$/i.test(name) })
  }
  return result
}

/** Numbers and booleans under such a name (`tokens: 12`, `sasl: true`) give nothing away. */
function isSecret(name: string, item: unknown, context: Context): boolean {
  if (item === null || (typeof item !== 'string' && typeof item !== 'object')) return false
  return secretName.test(name) || (context.inSsl && secretInSsl.test(name))
}

function entries(value: object): [string, unknown][] {
  if (!(value instanceof Error)) return Object.entries(value)
  const own = Object.entries(value).filter(([name]) => name !== 'name')
  const fixed: [string, unknown][] = [
    ['name', value.name],
    ['message', value.message],
    ['stack', value.stack],
  ]
  if (value.cause !== undefined) fixed.push(['cause', value.cause])
  return [...fixed, ...own]
}

function text(value: string, known: readonly string[]): string {
  let result = value.replace(pem, MASK).replace(userInfo, `$1${MASK}@`)
  for (const secret of known) result = result.replaceAll(secret, MASK)
  if (result.length <= MAX_STRING_LENGTH) return result
  return `${result.slice(0, MAX_STRING_LENGTH)}… [${result.length} characters]`
}
