import { loadServiceConfig } from '../config/load.ts'
import type { Command, Io } from './command.ts'
import { inspectFile } from './inspect-file.ts'
import { type SequenceWish, sequenceOptions, sequenceWish } from './inspect-sequences.ts'
import { parseOptions, singleConfig, usageError } from './options.ts'
import { limitOption, sourceOptions } from './replay-config.ts'
import { verifySelection } from './verify-options.ts'

const help = `headrace inspect: shows what an application, or a model after a file, holds

Usage: headrace inspect --config FILE [--set PATH=VALUE]… [--partition N]… [--sequences]
         [--sort used|changed|name] [--limit N] [--sequence NAME] [--replay] [--export FILE]
         [--json]
       headrace inspect FILE|- [--config FILE] [--set PATH=VALUE]… [--format csv|jsonl]
         [--target NAME]… [--horizons 1,5] [--seasons 48,336] [--key NAME] [--time NAME]
         [--sequences] [--sort used|changed|name] [--sequence NAME] [--limit N] [--json]

Without FILE, the changelog of an application, which may be running: for each partition its newest
commit, how far it is behind the input, both snapshots, and what takes how much room. Joins no group
and writes nothing to Kafka. The views of sequences show the newest sealed state.

With FILE, replays it and shows counts, sizes, the scoreboard, and how far back the networks reach.

  --partition N     only this partition; may be repeated
  --sequences       the sequences: own steps, when they were last used and changed
  --sort ORDER      used (the default) or changed: the newest first; name
  --limit N         so many of them, 50 by default; of FILE: stop after N records
  --sequence NAME   one sequence: newest predictions, values by lag, hidden state and gates of each
                    network, and the norm of ∂L_t/∂H_{t−k}, the gradient of its newest loss by the
                    hidden state k steps before. Where it fades slowly the network uses its memory
  --replay          bring the state up to the newest commit, by replaying the input
  --export FILE     write the newest sealed state of one partition, for headrace verify --state
  --json            print one JSON object

Exit codes: 0 fine; 1 no such sequence, or no state that can be read; 2 usage; 69 Kafka unreachable
or no such topic; 78 mistakes in the configuration, or a state of another configuration.

Examples:
  headrace inspect -c taxi.yaml
  headrace inspect -c taxi.yaml --partition 0 --sequence jfk
  headrace inspect -c taxi.yaml --partition 0 --export taxi-0.state
  headrace inspect rides.csv --target passengers --seasons 48,336
`

const options = {
  ...sourceOptions,
  ...sequenceOptions,
  partition: { type: 'string', multiple: true },
  replay: { type: 'boolean' },
  export: { type: 'string' },
} as const

type Values = ReturnType<typeof parseOptions<typeof options>>['values']

/** Options that say how to read a file, and those that a file cannot have. */
const ofFile = ['format', 'target', 'horizons', 'seasons', 'key', 'time'] as const
const ofChangelog = ['partition', 'replay', 'export'] as const

export const command: Command = {
  summary: 'shows what an application, or a model after a file, holds',
  help,
  async run(args, io) {
    const { values, positionals } = parseOptions(args, options, 1)
    const [file] = positionals
    if (file === undefined) return inspectApplication(values, io)
    refuse(values, ofChangelog, 'belongs to a changelog: it cannot go with FILE')
    return inspectFile(file, values, sequenceWish(values), io)
  },
}

async function inspectApplication(values: Values, io: Io): Promise<number> {
  if (values.config === undefined) {
    throw usageError(
      'What is to be inspected? headrace inspect FILE, - for the standard input, or --config ' +
        'FILE for the changelog of an application.',
    )
  }
  refuse(values, ofFile, 'says how to read a file: name one')
  const wish = sequenceWish(values, limitOption(values))
  if (values.limit !== undefined && wish.list === null) {
    throw usageError('--limit goes with --sequences, or with FILE.')
  }
  const { partitions } = verifySelection({ partition: values.partition })
  const { replay = false, export: exportTo } = values
  if (replay && exportTo !== undefined) {
    throw usageError('--export writes a sealed state: it cannot go with --replay.')
  }
  if (replay && wish.list === null && wish.name === undefined) {
    throw usageError('--replay goes with --sequences or --sequence.')
  }
  const path = singleConfig(values.config, 'inspect')
  const { config } = loadServiceConfig({ file: path, sets: values.set, env: io.env })
  // The brokers' client is loaded for a changelog, and not for a file.
  const { inspectChangelog } = await import('./inspect-changelog.ts')
  const { changelogJson, changelogLines } = await import('./inspect-report.ts')
  const looks = await inspectChangelog(config, { partitions, wish, exportTo, replay }, io)
  if (values.json === true) {
    const json = changelogJson(config.name, config.input.topic, looks)
    io.stdout.write(`${JSON.stringify(json, null, 2)}\n`)
  } else {
    io.stdout.write(`${changelogLines(looks).join('\n')}\n`)
  }
  return isFound(wish, looks) ? 0 : 1
}

/** Whether the sequence that was asked for is there, in one of the partitions. */
function isFound(
  { name }: SequenceWish,
  looks: readonly { readonly state: { readonly sequence: unknown } | null }[],
): boolean {
  return name === undefined || looks.some(({ state }) => (state?.sequence ?? null) !== null)
}

function refuse(values: Values, names: readonly (keyof Values)[], why: string): void {
  const name = names.find((each) => values[each] !== undefined)
  if (name !== undefined) throw usageError(`--${name} ${why}.`)
}
