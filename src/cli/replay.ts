import type { Command, Io } from './command.ts'
import { labelDelayOption } from './label-delay-option.ts'
import { integerOption, parseOptions, usageError } from './options.ts'
import { hasColour, legend, type PlotHistory, plot } from './plot.ts'
import { refuseOverwriting } from './predictions-file.ts'
import { limitOption, loadReplayConfigs, loadTopicConfigs, sourceOptions } from './replay-config.ts'
import { type ReplayPlan, replayFile } from './replay-file.ts'
import { openInputs } from './replay-input.ts'
import { type NamedReport, plotTitle, type ReplayReport, reportLines } from './replay-report.ts'
import { replayTopic, type TopicResult } from './replay-topic.ts'
import { refuseTopicOptions, topicOptions, topicSelection } from './replay-topic-options.ts'
import { grouped } from './table.ts'

const help = `headrace replay: runs a file or topic through a fresh model, prints how well it did

Usage: headrace replay FILE|- [--config FILE]… [options]
       headrace replay --config FILE… [--partition N]… [--from WHERE] [--until WHERE] [options]

FILE is CSV with a header or JSON lines, plain, gzip or zstd; - is the standard input. Without it
the records come from input.topic, read_committed, outside every consumer group, with a model for
each partition. Nothing outside is touched. Several --config are run one after the other over the
same records and printed side by side.

  -c, --config FILE     a configuration; again for several
  --set PATH=VALUE      overrides a value of each; may be repeated
  --format FORMAT       of the input: csv, jsonl or bytes; a file of bytes needs no configuration
  --target NAME         a field to predict; again for several
  --horizons 1,5        how many steps ahead
  --seasons 48,336      periods in steps, or auto
  --key NAME            the field that names the sequence
  --time NAME           the field with the event time
  --score-from ROW      score rows from this one on (0-based)
  --score-from-step N   score each sequence from its own step N on
  --label-delay 30m     of a supervised task and a file: labels come so much later, by event time
                        (s, m, h, d) or by records (100r)
  --limit N             stop after N records
  --predictions FILE    write what would be published, one JSON object a line
  --json                print the scoreboard as JSON (docs/replay.md)

For a topic, where rows, scores and --limit are those of each partition:
  --partition N         this partition alone; again, or 0,3, for several; by default all
  --from WHERE          earliest (the default), an offset, or a time in ISO 8601
  --until WHERE         up to and without: latest, the end as it is now (the default), an offset,
                        or a time. An offset needs exactly one partition.

Exit codes: 0 fine, also when interrupted, 1 failed, 2 a partition or an offset that is not there,
69 Kafka unreachable or no such topic, 78 mistakes in the configuration.

Examples:
  headrace replay rides.csv --target passengers
  headrace replay rides.csv --target passengers --horizons 1,5 --seasons 48,336 --json
  headrace replay book.txt --format bytes
  headrace replay orders.csv -c orders.yaml --label-delay 24h
  zstd -dc rides.jsonl.zst | headrace replay - --config a.yaml --config b.yaml
  headrace replay -c taxi.yaml -c wider.yaml --from 2024-07-01T00:00Z --until 2024-08-01T00:00Z
`

const replayOptions = {
  ...sourceOptions,
  ...topicOptions,
  'label-delay': { type: 'string' },
  'score-from': { type: 'string' },
  'score-from-step': { type: 'string' },
  predictions: { type: 'string' },
} as const

type Values = ReturnType<typeof parseOptions<typeof replayOptions>>['values']

/** A replay under one configuration, as it is printed. */
interface Replayed extends NamedReport {
  readonly history: PlotHistory
  /** The first dead letter and where it is. */
  readonly firstFailure: TopicResult['firstFailure']
}

/** What a person should know about the input, on stderr. */
function remark({ name, report, firstFailure }: Replayed, io: Io): void {
  if (firstFailure !== null) {
    const { place, failure } = firstFailure
    io.stderr.write(
      `headrace: ${name}: ${grouped(report.deadLetters)} of ${grouped(report.records)} records ` +
        `cannot be used; the first is ${place}: ${failure.code} ${failure.message}\n`,
    )
    if (report.deadLetters === report.records) {
      io.stderr.write(
        'headrace: none of them: is the format right? See --format csv|jsonl|bytes.\n',
      )
    }
  }
  for (const { partition, seasons } of seasonsFound(report)) {
    const found = seasons.length === 0 ? 'no season' : `seasons of ${seasons.join(' and ')} steps`
    const where = partition === undefined ? '' : ` in partition ${partition}`
    io.stderr.write(`headrace: ${name}: ${found} found${where}\n`)
  }
  if (io.signal.aborted) {
    io.stderr.write(`headrace: ${name}: interrupted after ${grouped(report.records)} records\n`)
  }
}

/** What the models have found; [] where the configuration names the seasons. */
function seasonsFound(report: ReplayReport): { partition?: number; seasons: readonly number[] }[] {
  const { seasons, partitions = [] } = report
  if (seasons !== undefined) return [{ seasons }]
  return partitions.flatMap(({ partition, seasons: own }) =>
    own === undefined ? [] : [{ partition, seasons: own }],
  )
}

async function replayFiles(
  file: string,
  values: Values,
  plan: ReplayPlan,
  io: Io,
): Promise<Replayed[]> {
  refuseTopicOptions(values)
  const configs = loadReplayConfigs(values, io.env)
  checkPredictions(plan, configs.length, [file, ...(values.config ?? [])])
  const inputs = await openInputs(file, configs.length, io)
  const results: Replayed[] = []
  try {
    for (const [i, config] of configs.entries()) {
      if (i > 0 && io.signal.aborted) break
      const { result } = await replayFile(config, inputs.next(), plan, io)
      const { report, history, firstFailure: first } = result
      const name = configs.length === 1 ? inputs.name : config.source
      const firstFailure = first && { place: `row ${first.row}`, failure: first.failure }
      results.push({ name, report, history, firstFailure })
      remark(results[i] as Replayed, io)
    }
  } finally {
    await inputs.close()
  }
  return results
}

async function replayTopics(values: Values, plan: ReplayPlan, io: Io): Promise<Replayed[]> {
  if (plan.labelDelay !== undefined) {
    throw usageError('--label-delay is for a file: a topic has its labels when they came.')
  }
  const selection = topicSelection(values)
  const configs = loadTopicConfigs(values, io.env)
  checkPredictions(plan, configs.length, values.config ?? [])
  // The brokers' client is loaded for a topic, and not for a file.
  const { openTopics } = await import('./replay-topic-open.ts')
  const { topics, close } = await openTopics(configs, selection, io)
  const results: Replayed[] = []
  try {
    for (const [i, { reader, ranges }] of topics.entries()) {
      if (i > 0 && io.signal.aborted) break
      const config = configs[i] as (typeof configs)[number]
      const result = await replayTopic(config, reader, ranges, plan, io)
      results.push({ name: configs.length === 1 ? reader.topic : config.source, ...result })
      remark(results[i] as Replayed, io)
    }
  } finally {
    await close()
  }
  return results
}

function checkPredictions(plan: ReplayPlan, configs: number, inputs: readonly string[]): void {
  if (plan.predictions === undefined) return
  if (configs > 1) throw usageError('--predictions takes one --config only.')
  refuseOverwriting(plan.predictions, inputs)
}

function plotLines({ report, history }: Replayed, io: Io): string[] {
  const title = plotTitle(report)
  if (io.stdout.isTTY !== true || title === null) return []
  const colour = hasColour(io)
  const width = Math.min((io.stdout.columns ?? 80) - 1, 120)
  const lines = plot(history, { width, height: 10, colour })
  if (lines.length === 0) return []
  return ['', ...lines, legend(title, colour)]
}

export const command: Command = {
  summary: 'runs a file or a topic through a fresh model, prints the scoreboard',
  help,
  async run(args, io) {
    const { values, positionals } = parseOptions(args, replayOptions, 1)
    const [file] = positionals
    const row = (name: 'score-from' | 'score-from-step') =>
      values[name] === undefined ? undefined : integerOption(`--${name}`, values[name])
    const plan: ReplayPlan = {
      scoreFrom: row('score-from'),
      scoreFromStep: row('score-from-step'),
      limit: limitOption(values),
      labelDelay:
        values['label-delay'] === undefined ? undefined : labelDelayOption(values['label-delay']),
      predictions: values.predictions,
    }
    const results =
      file === undefined
        ? await replayTopics(values, plan, io)
        : await replayFiles(file, values, plan, io)
    print(results, (values.config?.length ?? 0) > 1, values.json === true, io)
    return 0
  },
}

function print(results: readonly Replayed[], isArray: boolean, isJson: boolean, io: Io): void {
  if (isJson) {
    const reports = results.map(({ report }) => report)
    io.stdout.write(`${JSON.stringify(isArray ? reports : reports[0], null, 2)}\n`)
    return
  }
  const lines = reportLines(results)
  const [first] = results
  if (first !== undefined && results.length === 1) lines.push(...plotLines(first, io))
  io.stdout.write(`${lines.join('\n')}\n`)
}
