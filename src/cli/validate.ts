import { stringify } from 'yaml'
import { checkConfig, type LoadedConfig } from '../config/load.ts'
import { formatPath } from '../config/places.ts'
import { formatProblems, type Problem } from '../config/problem.ts'
import { redactConfig } from '../config/redact.ts'
import { HeadraceError } from '../errors.ts'
import type { checkTopics } from '../kafka/check.ts'
import type { describeModel } from '../model/describe.ts'
import type { Command, Io } from './command.ts'
import { configOptions, parseOptions, singleConfig } from './options.ts'

const help = `headrace validate: checks a configuration, the brokers and the topics

Usage: headrace validate --config FILE [--set path=value]… [--offline] [--json]

Prints the effective configuration (defaults filled in, secrets left out), the number of parameters
and the memory that a sequence takes. Shows every mistake at once, with file, line and column.

  -c, --config FILE   the configuration
  --set path=value    overrides a value of it; may be repeated
  --offline           leave the brokers alone
  --json              print one JSON object

Exit codes: 0 fine, 69 brokers or topics not as they must be, 78 mistakes in the configuration.

Example:
  headrace validate -c taxi.yaml --set model.hidden=64 --offline
`

/** What `validate` asks of folders that know more than the configuration. */
export interface Inspectors {
  readonly describeModel: typeof describeModel
  readonly checkTopics: typeof checkTopics
}

interface Findings {
  readonly model: ReturnType<typeof describeModel>
  /** Absent offline. */
  readonly topics?: Awaited<ReturnType<typeof checkTopics>>
  /** Why the topics could not be looked at. */
  readonly failure?: HeadraceError
}

const exitUnavailable = 69

/** The brokers' client is loaded for a check that needs it, and not before. */
async function loadInspectors(): Promise<Inspectors> {
  const { describeModel } = await import('../model/describe.ts')
  return {
    describeModel,
    checkTopics: async (config) => (await import('../kafka/check.ts')).checkTopics(config),
  }
}

export const command: Command = validateCommand(loadInspectors)

/** `validate` with the given inspectors, so that a test can bring its own. */
export function validateCommand(load: () => Promise<Inspectors>): Command {
  return {
    summary: 'checks a configuration, the brokers and the topics',
    help,
    run: (args, io) => run(args, io, load),
  }
}

async function run(args: readonly string[], io: Io, load: () => Promise<Inspectors>) {
  const { values } = parseOptions(args, { ...configOptions, offline: { type: 'boolean' } })
  const file = singleConfig(values.config, 'validate')
  const json = values.json === true
  const isOffline = values.offline === true
  const options = { file, sets: values.set, env: io.env }
  const result = checkConfig(options, { service: !isOffline })
  if ('problems' in result) {
    if (json) writeJson(io, { valid: false, errors: result.problems.map(plainProblem) })
    throw new HeadraceError('HEADRACE_CONFIG_INVALID', formatProblems(result.problems))
  }
  const { loaded } = result
  const inspectors = await load()
  const model = inspectors.describeModel(loaded.config)
  const findings = isOffline ? { model } : await inspectTopics(loaded, inspectors, model)
  const warnings = [
    ...loaded.warnings,
    ...ownWarnings(loaded),
    ...(findings.topics?.warnings ?? []),
  ]
  const problems = findings.topics?.problems ?? []
  const isValid = problems.length === 0 && findings.failure === undefined
  if (json) writeJson(io, report(loaded, findings, { isValid, warnings }))
  else io.stdout.write(text(loaded, findings))
  for (const warning of warnings) io.stderr.write(`headrace: warning: ${warning}\n`)
  for (const problem of problems) io.stderr.write(`headrace: ${problem}\n`)
  if (findings.failure !== undefined) throw findings.failure
  return isValid ? 0 : exitUnavailable
}

async function inspectTopics(
  { config }: LoadedConfig,
  inspectors: Inspectors,
  model: Findings['model'],
): Promise<Findings> {
  try {
    return { model, topics: await inspectors.checkTopics(config) }
  } catch (error) {
    // What is known already is worth printing before the failure ends the command.
    if (error instanceof HeadraceError) return { model, failure: error }
    throw error
  }
}

function ownWarnings({ config }: LoadedConfig): string[] {
  if (config.input.topic !== undefined) return []
  return ['input.topic is absent: a file can be replayed with this, `run` needs a topic.']
}

function report(
  loaded: LoadedConfig,
  { model, topics, failure }: Findings,
  { isValid, warnings }: { isValid: boolean; warnings: readonly string[] },
): object {
  const { partitions, problems } = topics ?? {}
  return {
    valid: isValid,
    source: loaded.source,
    config: redactConfig(loaded.config, loaded.secrets),
    model,
    ...(topics === undefined ? {} : { topics: { partitions, problems } }),
    ...(failure === undefined ? {} : { failure: { code: failure.code, message: failure.message } }),
    warnings,
  }
}

function text({ config, secrets }: LoadedConfig, { model, topics }: Findings): string {
  const { parameters, networks, parametersPerNetwork, bytesPerSequence } = model
  const bytesShared = model.bytesShared + model.bytesKernel
  const { max } = config.sequences
  const full = bytesPerSequence * max + bytesShared
  const lines = [
    stringify(redactConfig(config, secrets)).trimEnd(),
    `# parameters: ${parameters} (${networks} networks of ${parametersPerNetwork})`,
    `# memory of a sequence: ${formatBytes(bytesPerSequence)}`,
    `# memory of a partition: ${formatBytes(bytesShared)} without sequences`,
    `# memory of a partition: ${formatBytes(full)} with sequences.max = ${max} of them`,
  ]
  if (config.model.kernel === 'tensorflow') {
    const device = formatBytes(model.bytesOnDevice * max + model.bytesKernel)
    lines.push(
      `# memory on the device: ${device} a partition with as many; up to twice that while it`,
      '#   grows, and up to 0.5 GB for an update',
    )
    if (config.model.block === 'auto') {
      lines.push('# model.block is auto, at most 8 records: set it for this kernel (docs/gpu.md)')
    }
  }
  if (topics !== undefined) {
    const state = topics.problems.length === 0 ? 'fine' : 'not as they must be'
    lines.push(`# topics: ${state}, ${topics.partitions} partitions of ${config.input.topic}`)
  }
  return `${lines.join('\n')}\n`
}

function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3))
  const digits = power === 0 ? 0 : 1
  return `${(bytes / 1000 ** power).toFixed(digits)} ${units[power]}`
}

function plainProblem({ place, path, message }: Problem): object {
  return { ...place, path: formatPath(path), message }
}

function writeJson(io: Io, value: unknown): void {
  io.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}
