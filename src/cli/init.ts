import { existsSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { HeadraceError } from '../errors.ts'
import type { Command, Io } from './command.ts'
import { configText } from './init/config-text.ts'
import { examine } from './init/findings.ts'
import { applicationName, type KafkaWishes, kafkaOf, verify } from './init/kafka-wishes.ts'
import { readFileSample, type SampleWishes } from './init/read-file.ts'
import { findingLines, findingsJson } from './init/report.ts'
import type { Sample } from './init/sample.ts'
import { parseOptions, usageError } from './options.ts'
import { untilStopped } from './until-stopped.ts'

/** For what has been read of a topic when the signal comes to become a sample. */
const sampleGraceMs = 500

const help = `headrace init: writes a configuration by looking at a file or a topic

Usage: headrace init FILE|- [options]
       headrace init TOPIC --brokers LIST [options]
       headrace init --topic TOPIC [--brokers LIST] [options]

Looks at the first records, 20,000 at most, and finds out which field is the event time, what names
a sequence, which fields are numbers, how long a step is and in which seasons the data repeat. The
configuration has the reason of each guess in a comment; they are told on stderr too.

FILE is CSV or JSON lines, plain, gzip or zstd; - is the standard input. A name that is no file is
taken for a topic where --brokers or KAFKA_BROKERS says where it is. A topic is read_committed, from
the first record of each partition on, outside every group; nothing is written to it.

  --target NAME      a field to predict; again for several. By default one is chosen
  --name NAME        of the application: prefix of the group and of our topics. By default made from
                     the name of the file or topic
  --topic TOPIC      the topic to look at; with FILE the one to learn from later
  --brokers LIST     host:port, separated by commas; by default KAFKA_BROKERS, else 127.0.0.1:9092
  --set PATH=VALUE   how to reach the brokers, such as kafka.ssl=true; may be repeated
  --format csv|jsonl the format of the input; by default it is seen
  --columns a,b,c    names of the columns of CSV without a header
  --output FILE      where to write; standard output without. An existing file is left alone
  --json             print what was found, the configuration included, as JSON (docs/init.md)

Exit codes: 0 fine, 1 the output cannot be written, 2 usage, or an input that tells nothing,
69 Kafka unreachable or no such topic, 78 a name or setting that a configuration cannot have.

Examples:
  headrace init rides.csv --output rides.yaml
  headrace init rides.csv --target passengers --topic taxi.rides --name taxi
  headrace init --topic taxi.rides --brokers broker-1:9092,broker-2:9092 --output taxi.yaml
  zstd -dc rides.jsonl.zst | headrace init - --json
`

const options = {
  target: { type: 'string', multiple: true },
  name: { type: 'string' },
  topic: { type: 'string' },
  brokers: { type: 'string' },
  set: { type: 'string', multiple: true },
  format: { type: 'string' },
  columns: { type: 'string' },
  output: { type: 'string' },
  json: { type: 'boolean' },
} as const

type Values = ReturnType<typeof parseOptions<typeof options>>['values']

export const command: Command = {
  summary: 'writes a configuration by looking at a file or a topic',
  help,
  async run(args, io) {
    const { values, positionals } = parseOptions(args, options, 1)
    const wishes: SampleWishes = {
      format: formatOf(values.format),
      columns: columnsOf(values.columns),
    }
    const place = placeOf(positionals[0], values, io)
    const kafka = kafkaOf({ brokers: values.brokers, sets: values.set, topic: place.topic }, io.env)
    const sample = await readSample(place, kafka, wishes, io)
    const findings = examine(sample, values.target)
    const name = values.name ?? nameOf(place)
    const topic = place.topic ?? values.topic
    const text = configText(findings, { name, topic, ...kafka })
    // What is wrong with a name that was given is said now and not at the first run.
    verify(text, topic, io.env)
    if (values.output !== undefined) write(values.output, text)
    if (values.json === true) {
      io.stdout.write(`${JSON.stringify(findingsJson(findings, text), null, 2)}\n`)
      return 0
    }
    for (const line of findingLines(findings)) io.stderr.write(`headrace: ${line}\n`)
    if (values.output === undefined) io.stdout.write(text)
    else io.stderr.write(`headrace: ${values.output} is written: check it, then headrace replay\n`)
    return 0
  },
}

/** What is looked at: a file, or the topic. */
type Place =
  | { readonly file: string; readonly topic?: undefined }
  | { readonly file?: undefined; readonly topic: string }

function placeOf(argument: string | undefined, { topic, ...values }: Values, io: Io): Place {
  if (argument === undefined) {
    if (topic !== undefined) return { topic }
    throw usageError(
      'Which file or topic? headrace init FILE, - for the standard input, or --topic TOPIC.',
    )
  }
  const isPlace = argument === '-' || existsSync(argument)
  const isFileName = /[/\\]|\.(csv|jsonl?|ndjson|tsv|txt|gz|gzip|zst|zstd)$/i.test(argument)
  if (isPlace || isFileName || topic !== undefined) return { file: argument }
  const isSet = values.set?.some((set) => /^\s*kafka\.brokers\s*=/.test(set)) ?? false
  if (isSet || values.brokers !== undefined || io.env.KAFKA_BROKERS) return { topic: argument }
  throw new HeadraceError(
    'HEADRACE_INPUT_UNREADABLE',
    `There is no file ${argument}. If it is a topic, say where: --brokers HOST:PORT, or set ` +
      'KAFKA_BROKERS.',
  )
}

async function readSample(
  place: Place,
  kafka: KafkaWishes,
  wishes: SampleWishes,
  io: Io,
): Promise<Sample> {
  if (place.file !== undefined) {
    const input = place.file === '-' ? { stream: io.stdin } : { path: place.file }
    return readFileSample(input, wishes, io.signal)
  }
  // The brokers' client is loaded for a topic, and not for a file.
  const { openTopicReader } = await import('../kafka/topic-reader.ts')
  const { isCompacted } = await import('../kafka/topic-facts.ts')
  const { readTopicSample } = await import('./init/read-topic.ts')
  const { signal } = io
  const reader = openTopicReader(kafka.settings, place.topic)
  const read = async (): Promise<Sample> => {
    // In this order: a topic that is missing is missed by the first, which knows its name.
    await reader.partitions()
    const compacted = await isCompacted(kafka.settings, place.topic)
    return await readTopicSample(reader, compacted, wishes, signal)
  }
  try {
    const sample = await untilStopped(read(), signal, sampleGraceMs)
    if (sample !== 'stopped') return sample
    throw new HeadraceError(
      'HEADRACE_INPUT_UNREADABLE',
      `Topic ${place.topic} tells nothing: no broker had answered when the signal came.`,
    )
  } finally {
    await reader.close()
  }
}

function nameOf(place: Place): string {
  if (place.file === undefined) return applicationName(place.topic)
  return place.file === '-' ? 'headrace' : applicationName(basename(place.file))
}

function formatOf(format: string | undefined): 'csv' | 'json' | undefined {
  if (format === undefined || format === 'csv') return format
  if (format === 'jsonl' || format === 'json') return 'json'
  throw usageError(`--format needs csv or jsonl, not '${format}'.`)
}

function columnsOf(columns: string | undefined): string[] | undefined {
  const names = columns?.split(',').map((name) => name.trim())
  if (names === undefined) return undefined
  const bad = names.find((name, i) => name === '' || names.indexOf(name) < i)
  if (bad === undefined) return names
  throw usageError(`--columns needs names, each once, such as a,b,c: not '${bad}' so.`)
}

function write(output: string, text: string): void {
  try {
    writeFileSync(output, text, { flag: 'wx' })
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const reason = code === 'EEXIST' ? 'it is there already, and is left alone' : message
    throw new HeadraceError(
      'HEADRACE_OUTPUT_UNWRITABLE',
      `${output} cannot be written: ${reason}.`,
      {
        cause,
      },
    )
  }
}
