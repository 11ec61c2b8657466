import { writeFileSync } from 'node:fs'
import { stringify } from 'yaml'
import { loadConfig } from '../config/load.ts'
import { HeadraceError } from '../errors.ts'
import type { Command } from './command.ts'
import { type FileLook, lookAtFile } from './init-look.ts'
import { parseOptions, usageError } from './options.ts'
import { duration } from './progress.ts'

const help = `headrace init: writes a configuration by looking at a file

Usage: headrace init FILE|- [--target NAME]… [--name NAME] [--topic TOPIC] [--format csv|jsonl]
         [--output FILE]

Looks at the first rows of a CSV or JSON lines file, such as a sample of the topic: which field is
the time, which names the sequence, which are numbers, how long a step is. Without --target the
first number is taken. Looking at a topic is not in this version.

  --target NAME     a field to predict; again for several
  --name NAME       of the application: prefix of the group and of our topics
  --topic TOPIC     the topic to learn from
  --output FILE     where to write; standard output without. An existing file is left alone

Example:
  headrace init rides.csv --target passengers --topic rides --name taxi --output taxi.yaml
`

const options = {
  target: { type: 'string', multiple: true },
  name: { type: 'string' },
  topic: { type: 'string' },
  format: { type: 'string' },
  output: { type: 'string' },
} as const

interface Wishes {
  readonly targets: readonly string[]
  readonly name: string | undefined
  readonly topic: string | undefined
}

function targetsOf(given: readonly string[] | undefined, look: FileLook): readonly string[] {
  const [first] = look.numeric
  if (given === undefined) {
    if (first === undefined) throw usageError('No field of the file holds numbers to predict.')
    return [first]
  }
  const unknown = given.find((name) => !look.numeric.includes(name))
  if (unknown === undefined) return given
  throw usageError(
    `The field '${unknown}' holds no numbers; these do: ${look.numeric.join(', ') || 'none'}.`,
  )
}

/** The configuration as text, with what a user may want next in comments. */
function configText(look: FileLook, { targets, name, topic }: Wishes): string {
  const inline = (value: unknown) =>
    stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim()
  const others = look.numeric.filter((field) => !targets.includes(field))
  const lines = [
    `name: ${inline(name ?? 'headrace')}`,
    'kafka:',
    `  brokers: \${KAFKA_BROKERS:127.0.0.1:9092}`,
    'input:',
    topic === undefined ? '  # topic: needed by headrace run' : `  topic: ${inline(topic)}`,
    `  format: ${look.format}`,
  ]
  if (look.format === 'csv') lines.push(`  columns: ${inline(look.names)}`)
  if (look.time !== undefined) lines.push(`  time: ${inline(look.time)}`)
  if (look.key !== undefined) lines.push(`  key: ${inline(look.key)} # names the sequence`)
  lines.push('task:', `  targets: ${inline(targets)}`)
  if (others.length > 0) {
    lines.push('  # Further numbers that the network may see, or whose future is known:')
    lines.push(`  # inputs: ${inline(others)}`, '  # known: []')
  }
  lines.push('  horizons: [1]')
  const step = look.stepMs === null ? '' : ` # a step takes ${duration(look.stepMs / 1000)}`
  lines.push(`  seasons: ${inline(look.seasons)}${step}`)
  return `${lines.join('\n')}\n`
}

export const command: Command = {
  summary: 'writes a configuration by looking at a file',
  help,
  async run(args, io) {
    const { values, positionals } = parseOptions(args, options, 1)
    const [file] = positionals
    if (file === undefined) {
      throw usageError('Which file? headrace init FILE, or - for the standard input.')
    }
    const { format, output } = values
    if (format !== undefined && format !== 'csv' && format !== 'jsonl') {
      throw usageError(`--format needs csv or jsonl, not '${format}'.`)
    }
    const input = file === '-' ? { stream: io.stdin } : { path: file }
    const look = await lookAtFile(input, format === 'jsonl' ? 'json' : format)
    const targets = targetsOf(values.target, look)
    const text = configText(look, { targets, name: values.name, topic: values.topic })
    // What is wrong with a name that was given is said now and not at the first run.
    loadConfig({ text, file: output ?? 'the new configuration', env: io.env })
    if (output === undefined) {
      io.stdout.write(text)
      return 0
    }
    try {
      writeFileSync(output, text, { flag: 'wx' })
    } catch (cause) {
      const message = `${output} cannot be written: ${(cause as Error).message}`
      throw new HeadraceError('HEADRACE_OUTPUT_UNWRITABLE', message, { cause })
    }
    io.stderr.write(`headrace: ${output} predicts ${targets.join(', ')}\n`)
    return 0
  },
}
