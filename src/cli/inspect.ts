import type { LagNorms } from '../model/gradient-norms.ts'
import type { Model } from '../model/model.ts'
import type { Command } from './command.ts'
import { parseOptions, usageError } from './options.ts'
import {
  limitOption,
  loadReplayConfigs,
  type ReplayConfig,
  sourceOptions,
} from './replay-config.ts'
import { replayFile } from './replay-file.ts'
import { openInputs } from './replay-input.ts'
import { reportLines } from './replay-report.ts'
import type { ReplayResult } from './replay-run.ts'
import { figure, grouped, table } from './table.ts'

const help = `headrace inspect: replays a file and shows what the model then holds

Usage: headrace inspect FILE|- [--config FILE] [--set PATH=VALUE]… [--format csv|jsonl]
         [--target NAME]… [--horizons 1,5] [--seasons 48,336] [--key NAME] [--time NAME]
         [--sequence NAME] [--limit N] [--json]

Shows counts, sizes, the scoreboard, and how far back the networks reach: the norm of
∂L_t/∂H_{t−k}, the gradient of a sequence's newest loss by the hidden state k steps before, for
k from 0 to model.window − 1. Where it fades slowly the network uses its memory.

  --sequence NAME   the sequence of the gradient norms; by default the last one in the file

The other options are those of headrace replay. A changelog as source is not in this version.

Example:
  headrace inspect rides.csv --target passengers --seasons 48,336
`

const options = { ...sourceOptions, sequence: { type: 'string' } } as const
const BAR = 40

/** What `inspect --json` prints. */
interface Inspection {
  readonly records: number
  readonly deadLetters: number
  readonly sequences: number
  readonly updates: number
  readonly parameters: number
  readonly networks: number
  readonly bytesPerSequence: number
  readonly bytesShared: number
  readonly chainHash: string
  readonly stateHash: string | undefined
  readonly scores: ReplayResult['report']['scores']
  /** ‖∂L_t/∂H_{t−k}‖ for k = 0 … window − 1; empty before a first loss. */
  readonly gradientNormByLag: Readonly<Record<string, readonly number[]>>
}

function inspectionOf(result: ReplayResult, model: Model, norms: readonly LagNorms[]): Inspection {
  const { report } = result
  return {
    records: report.records,
    deadLetters: report.deadLetters,
    sequences: report.sequences,
    updates: model.updates,
    parameters: model.parameters,
    networks: model.networkCount,
    bytesPerSequence: model.bytesPerSequence,
    bytesShared: model.bytesShared,
    chainHash: model.chainHash(),
    stateHash: report.stateHash,
    scores: report.scores,
    gradientNormByLag: Object.fromEntries(norms.map((lag) => [lag.network, [...lag.norms]])),
  }
}

/** Norms down the lags, one column a network, and a bar on a logarithmic scale for the first. */
function lagLines(norms: readonly LagNorms[]): string[] {
  const [first] = norms
  if (first === undefined) return ['no loss of this sequence has been learnt yet']
  const all = norms.flatMap((lag) => [...lag.norms]).filter((norm) => norm > 0)
  const high = Math.log10(Math.max(...all))
  const low = Math.min(Math.log10(Math.min(...all)), high - 1)
  const bar = (norm: number) =>
    norm > 0 ? '█'.repeat(Math.round(((Math.log10(norm) - low) / (high - low)) * BAR)) : ''
  const rows = [['gradient norm by lag k', ...norms.map(({ network }) => network)]]
  for (let k = 0; k < first.norms.length; k++) {
    rows.push([String(k), ...norms.map((lag) => figure(lag.norms[k]))])
  }
  const middle = norms[Math.floor((norms.length - 1) / 2)] as LagNorms
  const lines = table(rows)
  const width = Math.max(...lines.map((line) => line.length))
  return lines.map((line, i) =>
    i === 0
      ? `${line.padEnd(width)}  ${middle.network}, logarithmic`
      : `${line.padEnd(width)}  ${bar(middle.norms[i - 1] as number)}`.trimEnd(),
  )
}

function inspectionLines(
  inspection: Inspection,
  result: ReplayResult,
  norms: readonly LagNorms[],
): string[] {
  const { updates, networks, parameters, bytesPerSequence, bytesShared, chainHash } = inspection
  return [
    ...reportLines([{ name: 'inspect', report: result.report }]),
    '',
    `${networks} ${networks === 1 ? 'network' : 'networks'}, ` +
      `${grouped(parameters)} parameters, ${grouped(updates)} updates`,
    `${grouped(bytesPerSequence)} bytes a sequence, ${grouped(bytesShared)} bytes shared`,
    `chain ${chainHash}`,
    '',
    ...lagLines(norms),
  ]
}

export const command: Command = {
  summary: 'replays a file and shows what the model holds',
  help,
  async run(args, io) {
    const { values, positionals } = parseOptions(args, options, 1)
    const [file] = positionals
    if (file === undefined) {
      throw usageError(
        'Which file? headrace inspect FILE, or - for the standard input. ' +
          'A changelog as source is not in this version.',
      )
    }
    if ((values.config?.length ?? 0) > 1) {
      throw usageError('headrace inspect takes one --config only.')
    }
    const config = loadReplayConfigs(values, io.env)[0] as ReplayConfig
    const limit = limitOption(values)
    const inputs = await openInputs(file, 1, io)
    const { result, model } = await replayFile(config, inputs.next(), { limit }, io)
    const norms = model.gradientNormByLag(values.sequence)
    const inspection = inspectionOf(result, model, norms)
    if (values.json === true) io.stdout.write(`${JSON.stringify(inspection, null, 2)}\n`)
    else io.stdout.write(`${inspectionLines(inspection, result, norms).join('\n')}\n`)
    return 0
  },
}
