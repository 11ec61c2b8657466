import { closeSync, openSync, readSync } from 'node:fs'
import { HeadraceError } from '../errors.ts'
import { type Environment, emptyDocument, type RawConfig, readDocument } from './document.ts'
import { describeIssues } from './issues.ts'
import { applyKindDefaults } from './kind-defaults.ts'
import { applyOverride, applySet, type Override } from './overrides.ts'
import { formatProblem, formatProblems, type Problem, sortProblems } from './problem.ts'
import { collectSecrets, redactText } from './redact.ts'
import { type Config, configSchema, type ServiceConfig } from './schema.ts'

export type { Override } from './overrides.ts'

export interface LoadOptions {
  /** Path of a YAML file; with `text` only the name to show. */
  readonly file?: string | undefined
  /** The YAML itself, instead of a file. */
  readonly text?: string | undefined
  /** The values of `--set path=value`, in order. */
  readonly sets?: readonly string[] | undefined
  readonly env: Environment
  /** What a command's own options say: applied last. */
  readonly overrides?: readonly Override[] | undefined
}

export interface LoadedConfig<C extends Config = Config> {
  readonly config: C
  /** Name of the file, or `command line`. */
  readonly source: string
  /** Complete sentences, each with its place. */
  readonly warnings: readonly string[]
  /** Every secret value in it, for `redactText` and the logger. */
  readonly secrets: readonly string[]
}

const maxFileBytes = 1_048_576
const sections = Object.keys(configSchema.shape).filter((key) => key !== 'name')

/**
 * Loads a configuration: file, environment, `--set`, overrides, defaults, all checks.
 * @throws HeadraceError HEADRACE_CONFIG_UNREADABLE; HEADRACE_CONFIG_INVALID, a line for each error.
 */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const result = checkConfig(options)
  if ('loaded' in result) return result.loaded
  throw new HeadraceError('HEADRACE_CONFIG_INVALID', formatProblems(result.problems))
}

/**
 * Loads what `run` needs: `input.topic` too, and for csv the names of the columns.
 * @throws HeadraceError like `loadConfig`.
 */
export function loadServiceConfig(options: LoadOptions): LoadedConfig<ServiceConfig> {
  const result = checkConfig(options, { service: true })
  if (!('loaded' in result)) {
    throw new HeadraceError('HEADRACE_CONFIG_INVALID', formatProblems(result.problems))
  }
  return result.loaded as LoadedConfig<ServiceConfig>
}

/**
 * Like `loadConfig`, but returns what is wrong instead of throwing it.
 * @throws HeadraceError HEADRACE_CONFIG_UNREADABLE.
 */
export function checkConfig(
  options: LoadOptions,
  { service = false } = {},
): { readonly loaded: LoadedConfig } | { readonly problems: readonly Problem[] } {
  const raw = readRaw(options)
  for (const set of options.sets ?? []) applySet(raw, set)
  for (const override of options.overrides ?? []) applyOverride(raw, override)
  const parsed = parseRaw(raw)
  const secrets = new Set([...raw.secrets, ...collectSecrets(raw.value)])
  const problems = [...raw.problems]
  if (parsed !== undefined && !parsed.success) {
    // A value that could not be made up must not be called wrong as well.
    const known = new Set(problems.map(({ path }) => JSON.stringify(path)))
    const found = describeIssues(raw, parsed.error.issues)
    problems.push(...found.filter(({ path }) => !known.has(JSON.stringify(path))))
  }
  if (service && !raw.broken) problems.push(...missingForService(raw))
  if (problems.length > 0 || !parsed?.success) {
    return { problems: sortProblems(problems.map((problem) => scrub(problem, secrets))) }
  }
  const warnings = [...raw.warnings, ...oddities(raw, parsed.data)]
  return {
    loaded: {
      config: parsed.data,
      source: options.file ?? (options.text === undefined ? 'command line' : 'configuration'),
      warnings: warnings.map((warning) => formatProblem(scrub(warning, secrets))),
      secrets: [...secrets],
    },
  }
}

function readRaw({ file, text, env }: LoadOptions): RawConfig {
  if (text !== undefined) return readDocument(text, file ?? 'configuration', env)
  return file === undefined ? emptyDocument() : readDocument(readConfigText(file), file, env)
}

/**
 * The text of a configuration: at most a megabyte, whatever the file's kind says about its size.
 * @throws HeadraceError HEADRACE_CONFIG_UNREADABLE
 */
export function readConfigText(file: string): string {
  const bytes = Buffer.alloc(maxFileBytes + 1)
  let length = 0
  try {
    const descriptor = openSync(file, 'r')
    try {
      for (let read = -1; read !== 0 && length < bytes.length; length += read) {
        read = readSync(descriptor, bytes, length, bytes.length - length, null)
      }
    } finally {
      closeSync(descriptor)
    }
  } catch (cause) {
    const reason = reasonOf(cause as NodeJS.ErrnoException)
    const message = `The configuration ${file} cannot be read: ${reason}.`
    throw new HeadraceError('HEADRACE_CONFIG_UNREADABLE', message, { cause })
  }
  if (length > maxFileBytes) {
    const message = `${file} is larger than ${maxFileBytes} bytes: it is no configuration.`
    throw new HeadraceError('HEADRACE_CONFIG_UNREADABLE', message)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length))
  } catch (cause) {
    throw new HeadraceError('HEADRACE_CONFIG_UNREADABLE', `${file} is not UTF-8.`, { cause })
  }
}

/** Undefined where there is nothing that could be checked, for the text is no YAML. */
function parseRaw(raw: RawConfig) {
  if (raw.broken) return undefined
  raw.value ??= Object.create(null)
  if (typeof raw.value === 'object' && !Array.isArray(raw.value)) {
    // A section that is empty or absent has its defaults, or the errors of what is missing in it.
    const root = raw.value as Record<string, unknown>
    for (const section of sections) root[section] ??= Object.create(null)
    applyKindDefaults(root)
  }
  const first = configSchema.safeParse(raw.value)
  if (first.success || !retypeStrings(raw, first.error.issues)) return first
  return configSchema.safeParse(raw.value)
}

/** A substitution that looks like a number is still a text where the schema wants one. */
function retypeStrings(
  raw: RawConfig,
  issues: readonly { code?: string; path: readonly PropertyKey[]; expected?: unknown }[],
): boolean {
  let changed = false
  for (const { code, path, expected } of issues) {
    const text = raw.texts.get(JSON.stringify(path))
    const last = path.at(-1)
    if (code !== 'invalid_type' || expected !== 'string' || text === undefined) continue
    const holder = path
      .slice(0, -1)
      .reduce<unknown>((value, part) => (value as Record<PropertyKey, unknown>)[part], raw.value)
    ;(holder as Record<PropertyKey, unknown>)[last as PropertyKey] = text
    changed = true
  }
  return changed
}

function missingForService(raw: RawConfig): Problem[] {
  const input = (raw.value as { input?: unknown } | null)?.input
  if (typeof input !== 'object' || input === null) return []
  const { topic, format, columns } = input as Readonly<Record<string, unknown>>
  const problems: Problem[] = []
  const require = (key: string, message: string) => {
    const path = ['input', key]
    problems.push({ place: raw.places.key(path), path, message: `required: expected ${message}` })
  }
  if (topic === undefined) require('topic', 'the name of the Kafka topic to learn from')
  if (format === 'csv' && columns === undefined) {
    require('columns', 'the names of the fields of a line, for csv on a topic')
  }
  return problems
}

/** What is allowed but hardly meant. */
function oddities(raw: RawConfig, { kafka, input, http }: Config): Problem[] {
  const odd: Problem[] = []
  const inClear = ['plain', 'oauthbearer']
  if (kafka.ssl === false && kafka.sasl !== undefined && inClear.includes(kafka.sasl.mechanism)) {
    const message = 'the login goes to the brokers in the clear, for kafka.ssl is false'
    odd.push({ place: raw.places.key(['kafka', 'sasl']), path: ['kafka', 'sasl'], message })
  }
  if (input.columns !== undefined && input.format !== 'csv') {
    const message = `has no effect, for input.format is ${input.format}`
    odd.push({ place: raw.places.key(['input', 'columns']), path: ['input', 'columns'], message })
  }
  if (http.token === undefined && !/^(localhost|::1|127\.[0-9.]+)$/i.test(http.host)) {
    const message = 'whoever reaches it sees data on the live page, for there is no http.token'
    odd.push({ place: raw.places.key(['http', 'host']), path: ['http', 'host'], message })
  }
  return odd
}

function scrub(problem: Problem, secrets: ReadonlySet<string>): Problem {
  const { place } = problem
  return {
    ...problem,
    place: 'option' in place ? { option: redactText(place.option, secrets) } : place,
    message: redactText(problem.message, secrets),
  }
}

function reasonOf(cause: NodeJS.ErrnoException): string {
  if (cause.code === 'ENOENT') return 'there is no such file'
  if (cause.code === 'EISDIR') return 'it is a folder'
  return cause.code ?? String(cause)
}
