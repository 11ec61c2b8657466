import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import { systemClock } from '../clock.ts'
import { loadServiceConfig } from '../config/load.ts'
import type { ServiceConfig } from '../config/schema.ts'
import { HeadraceError } from '../errors.ts'
import { type ApplicationReader, openApplicationReader } from '../kafka/application-reader.ts'
import { kernelDevice } from '../kernels/index.ts'
import { NUMERICS_VERSION } from '../model/version.ts'
import { createOutputEncoder } from '../task/engine/output-encoder.ts'
import { fingerprint } from '../task/fingerprint.ts'
import { openProcessor } from '../task/open-processor.ts'
import { auditPartition } from '../task/verify/audit.ts'
import type { Command, Io } from './command.ts'
import { configOptions, parseOptions, singleConfig, usageError } from './options.ts'
import { Progress } from './progress.ts'
import { openState, outsideState, type StateFile } from './state-source.ts'
import {
  choosePartitions,
  type VerifySelection,
  verifyOptions,
  verifySelection,
} from './verify-options.ts'
import { isProven, type PartitionOutcome, verifyJson, verifyLines } from './verify-report.ts'

const help = `headrace verify: proves that what was published is what the model says

Usage: headrace verify --config FILE [--set path=value]… [--partition N]… [--from OFFSET]
         [--until OFFSET] [--state FILE]… [--json]

Reads the input, the predictions, the dead letters and the changelog of an application, computes
everything anew, and compares it byte for byte and in order, the hashes that stand in the commits
too. Begins at the first record of the application; where the input no longer holds it, at the
oldest whole snapshot in the changelog. Ends at the newest commit: the service may be running.
Joins no group and writes nothing. Prints for each partition what can be proven and is, or the
first difference with its place.

  -c, --config FILE   the configuration of the application
  --set path=value    overrides a value of it; may be repeated
  --partition N       only this partition; may be repeated, and be a list: 0,3
  --from OFFSET       compare from this input offset on
  --until OFFSET      and up to this one, not included
  --state FILE        begin with the state that headrace inspect --export has written; one a
                      partition
  --json              print one JSON object

Exit codes: 0 proven; 1 a difference, or something that was asked for cannot be proven, also after
Ctrl-C; 2 usage; 69 Kafka unreachable or no such topic; 78 mistakes in the configuration, or another
configuration or version has learnt here.

Examples:
  headrace verify -c taxi.yaml
  headrace verify -c taxi.yaml --partition 2 --from 1000000 --json
  headrace verify -c taxi.yaml --state taxi-2.state --partition 2
`

export const command: Command = {
  summary: 'proves that what was published is what the model says',
  help,
  run,
}

async function run(args: readonly string[], io: Io): Promise<number> {
  const { values } = parseOptions(args, { ...configOptions, ...verifyOptions })
  const selection = verifySelection(values)
  const file = singleConfig(values.config, 'verify')
  const { config, warnings } = loadServiceConfig({ file, sets: values.set, env: io.env })
  for (const warning of warnings) io.stderr.write(`headrace: ${warning}\n`)
  const states = await openStates(values.state ?? [], config)
  const reader = openApplicationReader(config)
  try {
    const outcomes = await verifyAll(config, reader, selection, states, io)
    if (values.json === true) {
      io.stdout.write(`${JSON.stringify(verifyJson(config.name, outcomes), null, 2)}\n`)
    } else {
      io.stdout.write(`${verifyLines(outcomes).join('\n')}\n`)
    }
    return outcomes.every(isProven) && !io.signal.aborted ? 0 : 1
  } finally {
    await reader.close()
  }
}

/** The states by partition. */
async function openStates(
  paths: readonly string[],
  { name, input }: ServiceConfig,
): Promise<Map<number, StateFile>> {
  const states = new Map<number, StateFile>()
  for (const path of paths) {
    const state = await openState(path)
    const { application, topic, partition } = state.header
    if (application !== name || topic !== input.topic) {
      throw usageError(
        `${path} is a state of application ${application} on topic ${topic}, not of ${name} on ` +
          `${input.topic}.`,
      )
    }
    if (states.has(partition)) throw usageError(`Two states are of partition ${partition}.`)
    states.set(partition, state)
  }
  return states
}

async function verifyAll(
  config: ServiceConfig,
  reader: ApplicationReader,
  selection: VerifySelection,
  states: ReadonlyMap<number, StateFile>,
  io: Io,
): Promise<PartitionOutcome[]> {
  const { topic } = config.input
  const partitions = choosePartitions(topic, await reader.partitions(), selection)
  const unused = [...states.keys()].find((partition) => !partitions.includes(partition))
  if (unused !== undefined) {
    throw usageError(
      `${states.get(unused)?.path} is of partition ${unused}, which is not verified.`,
    )
  }
  const outcomes: PartitionOutcome[] = []
  const progress = new Progress(io.stderr, systemClock)
  let before = 0
  try {
    for (const [i, partition] of partitions.entries()) {
      if (io.signal.aborted) break
      const onProgress = (records: number, total: number): void => {
        progress.update(before + records, (i + Math.min(1, records / total)) / partitions.length)
      }
      const state = states.get(partition)
      const request = { partition, selection, state, onProgress }
      outcomes.push(await verifyOne(config, reader, request, io.signal))
      before += outcomes.at(-1)?.result?.records ?? 0
    }
  } finally {
    progress.clear()
  }
  return outcomes
}

interface Request {
  readonly partition: number
  readonly selection: VerifySelection
  readonly state: StateFile | undefined
  readonly onProgress: (records: number, total: number) => void
}

async function verifyOne(
  config: ServiceConfig,
  reader: ApplicationReader,
  { partition, selection, state, onProgress }: Request,
  signal: AbortSignal,
): Promise<PartitionOutcome> {
  const beganMs = systemClock.monotonicMs()
  const seconds = (): number => (systemClock.monotonicMs() - beganMs) / 1000
  try {
    const report = await auditPartition({
      topics: reader,
      partition,
      topic: config.input.topic,
      fingerprint: fingerprint(config, NUMERICS_VERSION, kernelDevice(config.model.kernel)),
      numerics: NUMERICS_VERSION,
      createProcessor: () => openProcessor(config),
      encoder: createOutputEncoder(config, partition),
      state: state === undefined ? null : outsideState(state),
      from: selection.from,
      until: selection.until,
      signal,
      pause: () => turn(),
      wait: (delayMs) => delay(delayMs),
      onProgress,
    })
    return { ...report, error: null, seconds: seconds() }
  } catch (error) {
    if (!isOfPartition(error)) throw error
    const nothing = { provable: null, begin: null, result: null, reason: null }
    const { code, message } = error
    const refused = { partition, status: 'unprovable', ...nothing } as const
    return { ...refused, error: { code, message }, seconds: seconds() }
  }
}

/** Bound to the data of one partition: the others may still be verified. */
function isOfPartition(error: unknown): error is HeadraceError {
  if (!(error instanceof HeadraceError)) return false
  return error.code.startsWith('HEADRACE_TASK_') && error.exitCode === 1 && !error.canRetry
}
