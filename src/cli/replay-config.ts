import { readDocument } from '../config/document.ts'
import {
  type LoadedConfig,
  loadConfig,
  loadServiceConfig,
  type Override,
  readConfigText,
} from '../config/load.ts'
import type { ServiceConfig } from '../config/schema.ts'
import { integerOption, integersOption, usageError } from './options.ts'

/** The options that say what to learn from a file; `replay` and `inspect` have them. */
export const sourceOptions = {
  config: { type: 'string', short: 'c', multiple: true },
  set: { type: 'string', multiple: true },
  json: { type: 'boolean' },
  format: { type: 'string' },
  target: { type: 'string', multiple: true },
  horizons: { type: 'string' },
  seasons: { type: 'string' },
  key: { type: 'string' },
  time: { type: 'string' },
  limit: { type: 'string' },
} as const

export interface SourceValues {
  readonly config?: string[] | undefined
  readonly set?: string[] | undefined
  readonly format?: string | undefined
  readonly target?: string[] | undefined
  readonly horizons?: string | undefined
  readonly seasons?: string | undefined
  readonly key?: string | undefined
  readonly time?: string | undefined
  readonly limit?: string | undefined
}

/** What a file may hold. */
type FileFormat = 'csv' | 'jsonl' | 'bytes'

/** One configuration to replay under. */
export interface ReplayConfig extends LoadedConfig {
  /** `--format`, else the configuration's own, else undefined: the input itself tells. */
  readonly format: FileFormat | undefined
}

/**
 * The configurations that the options name, without any: the one that they make.
 * @throws HeadraceError HEADRACE_USAGE, HEADRACE_CONFIG_INVALID, HEADRACE_CONFIG_UNREADABLE
 */
export function loadReplayConfigs(
  values: SourceValues,
  env: Readonly<Record<string, string | undefined>>,
): ReplayConfig[] {
  const format = formatOption(values.format)
  const overrides = overridesOf(values)
  const sets = values.set ?? []
  const files = values.config ?? []
  if (format === 'bytes') overrides.push(...bytesOverrides(files.length === 0))
  if (files.length === 0 && values.target === undefined && format !== 'bytes') {
    const hasTargets = sets.some((set) => /^\s*task(\.targets|\.kind|\s*=)/.test(set))
    if (!hasTargets) {
      throw usageError(
        'What is to be predicted? Name a field: --target NAME, or give --config FILE.',
      )
    }
  }
  const load = (file: string | undefined): ReplayConfig => {
    // Read once: a configuration may come through a pipe.
    const text = file === undefined ? undefined : readConfigText(file)
    const loaded = loadConfig({ file, text, sets, env, overrides })
    const isSet = sets.some((set) => /^\s*input\.format\s*=/.test(set))
    const isGiven = isSet || (text !== undefined && namesFormat(text, env))
    const { format: named } = loaded.config.input
    const own = isGiven ? (named === 'json' ? 'jsonl' : named) : undefined
    return { ...loaded, format: format ?? own }
  }
  return files.length === 0 ? [load(undefined)] : files.map(load)
}

/**
 * The configurations whose topics are to be replayed: `input.topic` must be there.
 * @throws HeadraceError HEADRACE_USAGE, HEADRACE_CONFIG_INVALID, HEADRACE_CONFIG_UNREADABLE
 */
export function loadTopicConfigs(
  values: SourceValues,
  env: Readonly<Record<string, string | undefined>>,
): LoadedConfig<ServiceConfig>[] {
  const sets = values.set ?? []
  const files = values.config ?? []
  if (files.length === 0 && !sets.some((set) => /^\s*input(\.topic|\s*=)/.test(set))) {
    throw usageError(
      'What is to be replayed? headrace replay FILE, - for the standard input, ' +
        'or --config FILE for the topic that it names.',
    )
  }
  const format = formatOption(values.format)
  const overrides = overridesOf(values)
  if (format !== undefined) {
    const value = format === 'jsonl' ? 'json' : format
    overrides.push({ path: ['input', 'format'], value, option: `--format ${values.format}` })
  }
  const load = (file?: string) => loadServiceConfig({ file, sets, env, overrides })
  return files.length === 0 ? [load()] : files.map(load)
}

/** Whether the text has `input.format`: the schema's default must not hide the file's ending. */
function namesFormat(text: string, env: Readonly<Record<string, string | undefined>>): boolean {
  const raw = readDocument(text, 'configuration', env).value
  const input = (raw as { input?: { format?: unknown } | null } | null)?.input
  return input?.format !== undefined && input.format !== null
}

function formatOption(text: string | undefined): FileFormat | undefined {
  if (text === undefined || text === 'csv' || text === 'jsonl' || text === 'bytes') return text
  if (text === 'json') return 'jsonl'
  throw usageError(`--format needs csv, jsonl or bytes, not '${text}'.`)
}

/** A file of bytes; without a configuration, of a symbols task. */
function bytesOverrides(isAlone: boolean): Override[] {
  const option = '--format bytes'
  const format = { path: ['input', 'format'], value: 'bytes', option }
  return isAlone ? [format, { path: ['task', 'kind'], value: 'symbols', option }] : [format]
}

function overridesOf(values: SourceValues): Override[] {
  const overrides: Override[] = []
  const set = (path: string, value: unknown, option: string) =>
    overrides.push({ path: path.split('.'), value, option })
  const { target, horizons, seasons, key, time } = values
  if (target !== undefined)
    set('task.targets', target, target.map((t) => `--target ${t}`).join(' '))
  if (horizons !== undefined) {
    set('task.horizons', integersOption('--horizons', horizons, 1), `--horizons ${horizons}`)
  }
  if (seasons !== undefined) {
    const periods = seasons === 'auto' ? seasons : integersOption('--seasons', seasons, 2)
    set('task.seasons', periods, `--seasons ${seasons}`)
  }
  if (key !== undefined) set('input.key', key, `--key ${key}`)
  if (time !== undefined) set('input.time', time, `--time ${time}`)
  return overrides
}

/** `--limit`, undefined without. */
export function limitOption(values: SourceValues): number | undefined {
  return values.limit === undefined ? undefined : integerOption('--limit', values.limit, 1)
}
