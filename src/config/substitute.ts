// A default holds no brace: it could not hold the closing one anyway, and a hostile text of many
// openings is searched in linear time.
const placeholder = /\$\{[A-Za-z_][A-Za-z0-9_]*(?::[^{}\r\n]*)?\}/g
const structural = /[{}[\],:#]/g
const maskBase = 0xe000
const masked = /[\ue000-\ue07f]/g

/**
 * Replaces what YAML takes for structure inside each `${…}`, character by character, so that one
 * can stand unquoted anywhere and all positions stay as they are. `unmask` undoes it.
 */
export function mask(text: string): string {
  return text.replace(placeholder, (match) =>
    match.replace(structural, (char) => String.fromCharCode(maskBase + char.charCodeAt(0))),
  )
}

export function unmask(text: string): string {
  return text.replace(masked, (char) => String.fromCharCode(char.charCodeAt(0) - maskBase))
}

/** Whether the text already holds characters that `mask` uses. */
export function holdsMask(text: string): boolean {
  return text.search(masked) >= 0
}

export interface Substitution {
  /** The text with every variable replaced; a missing one by nothing. */
  readonly text: string
  /** The variables that were looked up, with what they gave. */
  readonly used: readonly { readonly name: string; readonly value: string }[]
  /** Variables that are not set and have no default. */
  readonly missing: readonly string[]
  /** Whether a `${` is no substitution. */
  readonly malformed: boolean
  /** Whether the whole text was one substitution. */
  readonly whole: boolean
}

/**
 * Replaces `${VAR}` and `${VAR:default}` (split at the first colon) by the environment; a variable
 * that is set, be it to nothing, wins over the default. `$${` stands for `${`.
 */
export function substitute(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): Substitution {
  const used: { name: string; value: string }[] = []
  const missing: string[] = []
  let malformed = false
  let whole = false
  const result = text.replace(
    /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::([^{}\r\n]*))?\}|\$\{/g,
    (match, name: string | undefined, fallback: string | undefined) => {
      if (match === '$${') return '${'
      if (name === undefined) {
        malformed = true
        return match
      }
      whole = match.length === text.length
      const value = (Object.hasOwn(env, name) ? env[name] : undefined) ?? fallback
      if (value === undefined) missing.push(name)
      used.push({ name, value: value ?? '' })
      return value ?? ''
    },
  )
  return { text: result, used, missing, malformed, whole }
}

/** The value that a plain scalar of this text has by the core schema of YAML 1.2. */
export function coreScalar(text: string): string | number | boolean | null {
  const trimmed = text.trim()
  if (/^(~|null|Null|NULL|)$/.test(trimmed)) return null
  if (/^(true|True|TRUE)$/.test(trimmed)) return true
  if (/^(false|False|FALSE)$/.test(trimmed)) return false
  if (/^[-+]?[0-9]+$/.test(trimmed)) return Number(trimmed)
  if (/^0o[0-7]+$/.test(trimmed) || /^0x[0-9a-fA-F]+$/.test(trimmed)) return Number(trimmed)
  if (/^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/.test(trimmed)) return Number(trimmed)
  return text
}
