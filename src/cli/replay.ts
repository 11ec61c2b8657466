import type { Command, Io } from './command.ts'
import { integerOption, parseOptions, usageError } from './options.ts'
import { hasColour, legend, plot } from './plot.ts'
import { refuseOverwriting } from './predictions-file.ts'
import { limitOption, loadReplayConfigs, sourceOptions } from './replay-config.ts'
import { type ReplayPlan, replayFile } from './replay-file.ts'
import { openInputs } from './replay-input.ts'
import { ahead, type NamedReport, reportLines } from './replay-report.ts'
import type { ReplayResult } from './replay-run.ts'
import { grouped } from './table.ts'

const help = `headrace replay: runs a file through a fresh model and prints how well it predicted

Usage: headrace replay FILE|- [--config FILE]… [--set PATH=VALUE]… [--format csv|jsonl]
         [--target NAME]… [--horizons 1,5] [--seasons 48,336] [--key NAME] [--time NAME]
         [--score-from ROW] [--score-from-step N] [--limit N] [--predictions FILE] [--json]

Nothing outside is touched. FILE is CSV with a header or JSON lines, plain, gzip or zstd; - is the
standard input. Several --config are run one after the other and printed side by side.

  --target NAME         a field to predict; again for several
  --horizons 1,5        how many steps ahead
  --seasons 48,336      periods in steps
  --key NAME            the field that names the sequence
  --time NAME           the field with the event time
  --score-from ROW      score rows from this one on (0-based)
  --score-from-step N   score each sequence from its own step N on
  --limit N             stop after N records
  --predictions FILE    write what would be published, one JSON object a line
  --json                print the scoreboard as JSON (docs/replay.md)

Examples:
  headrace replay rides.csv --target passengers
  headrace replay rides.csv --target passengers --horizons 1,5 --seasons 48,336 --json
  zstd -dc rides.jsonl.zst | headrace replay - --config a.yaml --config b.yaml
`

const replayOptions = {
  ...sourceOptions,
  'score-from': { type: 'string' },
  'score-from-step': { type: 'string' },
  predictions: { type: 'string' },
} as const

/** What a person should know about the input, on stderr. */
function remark(name: string, result: ReplayResult, io: Io): void {
  const { report, firstFailure } = result
  if (firstFailure !== null) {
    const { row, failure } = firstFailure
    io.stderr.write(
      `headrace: ${name}: ${grouped(report.deadLetters)} of ${grouped(report.records)} records ` +
        `cannot be used; the first is row ${row}: ${failure.code} ${failure.message}\n`,
    )
    if (report.deadLetters === report.records) {
      io.stderr.write('headrace: none of them: is the format right? See --format csv|jsonl.\n')
    }
  }
  if (io.signal.aborted) {
    io.stderr.write(`headrace: ${name}: interrupted after ${grouped(report.records)} records\n`)
  }
}

function plotLines(result: ReplayResult, io: Io): string[] {
  const [first] = result.report.scores
  if (io.stdout.isTTY !== true || first === undefined) return []
  const colour = hasColour(io)
  const width = Math.min((io.stdout.columns ?? 80) - 1, 120)
  const lines = plot(result.history, { width, height: 10, colour })
  if (lines.length === 0) return []
  return ['', ...lines, legend(`${first.target}, ${ahead(first.horizon)}`, colour)]
}

export const command: Command = {
  summary: 'runs a file through a fresh model and prints the scoreboard',
  help,
  async run(args, io) {
    const { values, positionals } = parseOptions(args, replayOptions, 1)
    const [file] = positionals
    if (file === undefined) {
      throw usageError(
        'Which file? headrace replay FILE, or - for the standard input. ' +
          'A topic as source is not in this version.',
      )
    }
    const row = (name: 'score-from' | 'score-from-step') =>
      values[name] === undefined ? undefined : integerOption(`--${name}`, values[name])
    const plan: ReplayPlan = {
      scoreFrom: row('score-from'),
      scoreFromStep: row('score-from-step'),
      limit: limitOption(values),
      predictions: values.predictions,
    }
    const configs = loadReplayConfigs(values, io.env)
    if (configs.length > 1 && plan.predictions !== undefined) {
      throw usageError('--predictions takes one --config only.')
    }
    if (plan.predictions !== undefined) {
      refuseOverwriting(plan.predictions, [file, ...(values.config ?? [])])
    }
    const inputs = await openInputs(file, configs.length, io)
    const results: (NamedReport & { result: ReplayResult })[] = []
    try {
      for (const [i, config] of configs.entries()) {
        if (i > 0 && io.signal.aborted) break
        const { result } = await replayFile(config, inputs.next(), plan, io)
        const name = configs.length === 1 ? inputs.name : config.source
        remark(name, result, io)
        results.push({ name, report: result.report, result })
      }
    } finally {
      await inputs.close()
    }
    print(results, values.config !== undefined && configs.length > 1, values.json === true, io)
    return 0
  },
}

function print(
  results: readonly (NamedReport & { readonly result: ReplayResult })[],
  isArray: boolean,
  isJson: boolean,
  io: Io,
): void {
  if (isJson) {
    const reports = results.map(({ report }) => report)
    io.stdout.write(`${JSON.stringify(isArray ? reports : reports[0], null, 2)}\n`)
    return
  }
  const lines = reportLines(results)
  const [first] = results
  if (first !== undefined && results.length === 1) lines.push(...plotLines(first.result, io))
  io.stdout.write(`${lines.join('\n')}\n`)
}
