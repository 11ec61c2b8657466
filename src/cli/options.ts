import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { nearestName } from '../config/nearest.ts'
import { HeadraceError } from '../errors.ts'

/** The options of every command that needs a configuration. */
export const configOptions = {
  config: { type: 'string', short: 'c', multiple: true },
  set: { type: 'string', multiple: true },
  json: { type: 'boolean' },
} as const satisfies ParseArgsOptionsConfig

type Values<O extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ options: O; strict: true; allowPositionals: true }>
>['values']

/** A mistake in the command line: exit code 2. */
export function usageError(message: string): HeadraceError {
  return new HeadraceError('HEADRACE_USAGE', message)
}

/**
 * Parses the arguments of a command.
 * @param maxPositionals how many arguments without a dash it takes
 * @throws HeadraceError HEADRACE_USAGE, with the nearest known option; never quotes a value.
 */
export function parseOptions<const O extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: O,
  maxPositionals = 0,
): { values: Values<O>; positionals: string[] } {
  const parsed = parse(args, options)
  const extra = parsed.positionals[maxPositionals]
  if (extra !== undefined) {
    const nearest = nearestName(extra, Object.keys(options))
    const hint = nearest === undefined ? '' : ` Did you mean --${nearest}?`
    throw usageError(`There is one argument too many: '${extra}'.${hint}`)
  }
  for (const [name, { multiple }] of Object.entries(options)) {
    if (multiple === true) continue
    const given = parsed.tokens.filter((token) => token.kind === 'option' && token.name === name)
    if (given.length > 1) throw usageError(`--${name} is given ${given.length} times.`)
  }
  return { values: parsed.values, positionals: parsed.positionals }
}

function parse<O extends ParseArgsOptionsConfig>(args: readonly string[], options: O) {
  try {
    return parseArgs({
      args: [...args],
      options,
      strict: true,
      allowPositionals: true,
      tokens: true,
    })
  } catch (cause) {
    throw usageError(explain(args, options, cause))
  }
}

/** Finds the offending option again, for the messages of `parseArgs` quote values. */
function explain(args: readonly string[], options: ParseArgsOptionsConfig, cause: unknown): string {
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true })
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const { name, rawName, value } = token
    const known = Object.hasOwn(options, name) ? options[name] : undefined
    if (known === undefined) {
      const nearest = nearestName(name, Object.keys(options))
      const hint = nearest === undefined ? '' : ` Did you mean --${nearest}?`
      return `There is no option ${rawName}.${hint}`
    }
    if (known.type === 'boolean' && value !== undefined) return `${rawName} takes no value.`
    if (known.type === 'string' && (value === undefined || looksLikeOption(token))) {
      return `${rawName} needs a value.`
    }
  }
  return cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause)
}

function looksLikeOption(token: { value?: string | undefined; inlineValue?: boolean | undefined }) {
  return token.inlineValue !== true && token.value !== undefined && /^-./.test(token.value)
}

/**
 * The one configuration of a command that needs exactly one.
 * @throws HeadraceError HEADRACE_USAGE
 */
export function singleConfig(files: readonly string[] | undefined, command: string): string {
  const [file, ...others] = files ?? []
  if (file === undefined) {
    throw usageError(`headrace ${command} needs a configuration: --config FILE.`)
  }
  if (others.length > 0) throw usageError(`headrace ${command} takes one --config only.`)
  return file
}

/**
 * The value of an option that takes a whole number of at least `minimum`.
 * @throws HeadraceError HEADRACE_USAGE
 */
export function integerOption(name: string, text: string, minimum = 0): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < minimum) {
    throw usageError(`${name} needs a whole number of at least ${minimum}, not '${text}'.`)
  }
  return value
}

/**
 * The value of an option that takes whole numbers separated by commas, such as `1,5`.
 * @throws HeadraceError HEADRACE_USAGE
 */
export function integersOption(name: string, text: string, minimum = 0): number[] {
  if (text.trim() === '') return []
  return text.split(',').map((part) => integerOption(name, part.trim(), minimum))
}
