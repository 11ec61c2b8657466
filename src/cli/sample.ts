import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { isSymbols } from '../config/kinds.ts'
import { loadServiceConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import type { AnyModel } from '../model/open.ts'
import type { SymbolsModel } from '../model/symbols/model.ts'
import { Random } from '../random.ts'
import { plainName } from '../record/plain-name.ts'
import { openProcessor } from '../task/open-processor.ts'
import type { Command, Io } from './command.ts'
import { integerOption, parseOptions, singleConfig, usageError } from './options.ts'
import { limitOption, loadReplayConfigs, sourceOptions } from './replay-config.ts'
import { replayFile } from './replay-file.ts'
import { openInputs } from './replay-input.ts'
import { sampleSymbols } from './sample-symbols.ts'
import { openState, outsideState } from './state-source.ts'

const help = `headrace sample: continues a stream of symbols from what a model has learnt

Usage: headrace sample FILE|- [--config FILE] [--set PATH=VALUE]… [--format FORMAT] [options]
       headrace sample --config FILE --state FILE [--set PATH=VALUE]… [options]

With FILE, replays it and goes on from its end; with --state from a state that headrace inspect
--export has written. What is drawn has, all of it together, the probability that the model says;
it learns from it as from anything else. The state itself is left alone. Bytes go to the standard
output as they are, other symbols one a line.

  -c, --config FILE     the configuration, of kind symbols
  --set PATH=VALUE      overrides a value of it; may be repeated
  --state FILE          begin with this state
  --format FORMAT       of FILE: bytes, csv or jsonl
  --sequence NAME       the sequence that goes on; by default the one used last
  --prompt TEXT         what comes first, before anything is drawn
  --length N            draw so many symbols (500)
  --temperature T       below 1 bolder, above 1 wilder than the model: a factor on the log odds of
                        each decision (1)
  --seed N              another draw (1)
  --limit N             of FILE: the first N records
  --json                one JSON object: text, or symbols, and the bits that the model gives them

Exit codes: 0 fine; 1 a state that cannot be read; 2 usage; 78 mistakes in the configuration.

Examples:
  headrace sample book.txt --format bytes --length 1000
  headrace sample -c words.yaml --state words-0.state --sequence alice --prompt the
`

const options = {
  ...sourceOptions,
  state: { type: 'string' },
  sequence: { type: 'string' },
  prompt: { type: 'string' },
  length: { type: 'string' },
  temperature: { type: 'string' },
  seed: { type: 'string' },
} as const

type Values = ReturnType<typeof parseOptions<typeof options>>['values']

const defaultLength = 500
/** Symbols between two looks at the signal. */
const SLICE = 64

export const command: Command = {
  summary: 'continues a stream of symbols from what a model has learnt',
  help,
  async run(args, io) {
    const { values, positionals } = parseOptions(args, options, 1)
    const plan = {
      length: integerOption('--length', values.length ?? String(defaultLength), 1),
      temperature: temperatureOption(values.temperature),
      seed: integerOption('--seed', values.seed ?? '1'),
    }
    const { model, config } = await learnt(positionals[0], values, io)
    const isBytes = config.task.kind === 'symbols' && config.task.alphabet === 'bytes'
    const sequence = values.sequence ?? model.view.mostRecent() ?? ''
    if (values.sequence !== undefined && !model.knows(sequence)) {
      throw usageError(`There is no sequence '${sequence}' in this state.`)
    }
    const random = new Random(plan.seed)
    const drawn: number[] = []
    let bits = 0
    if (values.prompt !== undefined) prompt(model, sequence, values.prompt, isBytes)
    while (drawn.length < plan.length && !io.signal.aborted) {
      const count = Math.min(SLICE, plan.length - drawn.length)
      const slice = sampleSymbols(model, { sequence, count, random, temperature: plan.temperature })
      drawn.push(...slice.symbols)
      bits += slice.bits
      if (values.json !== true) await write(io, textOf(model, slice.symbols, isBytes))
      await turn()
    }
    if (values.json === true) {
      const json = { sequence, count: drawn.length, bits, ...shown(model, drawn, isBytes) }
      io.stdout.write(`${JSON.stringify(json, null, 2)}\n`)
    } else if (isBytes && io.stdout.isTTY === true) {
      io.stdout.write('\n')
    }
    return 0
  },
}

/** A model that has learnt from a file, or the one of a state. */
async function learnt(
  file: string | undefined,
  values: Values,
  io: Io,
): Promise<{ model: SymbolsModel; config: Config }> {
  if (file === undefined) return loaded(values, io)
  if (values.state !== undefined) throw usageError('--state takes the place of FILE: name one.')
  const [config, ...others] = loadReplayConfigs(values, io.env)
  if (config === undefined || others.length > 0) {
    throw usageError('headrace sample takes one --config only.')
  }
  refuseOthers(config.config)
  const inputs = await openInputs(file, 1, io)
  try {
    const plan = { limit: limitOption(values) }
    const { model } = await replayFile(config, inputs.next(), plan, io)
    return { model: symbolsModel(model), config: config.config }
  } finally {
    await inputs.close()
  }
}

async function loaded(values: Values, io: Io): Promise<{ model: SymbolsModel; config: Config }> {
  const { state } = values
  if (state === undefined) {
    throw usageError('What is to be continued? headrace sample FILE, or --config and --state FILE.')
  }
  const path = singleConfig(values.config, 'sample')
  const { config } = loadServiceConfig({ file: path, sets: values.set, env: io.env })
  refuseOthers(config)
  const processor = openProcessor(config)
  await outsideState(await openState(state)).load(processor)
  return { model: symbolsModel(processor.model), config }
}

/** @throws HeadraceError HEADRACE_USAGE */
function refuseOthers(config: Config): void {
  if (isSymbols(config)) return
  throw usageError(`headrace sample draws symbols; task.kind is ${config.task.kind}.`)
}

function symbolsModel(model: AnyModel): SymbolsModel {
  if (model.kind === 'symbols') return model
  throw usageError(`headrace sample draws symbols; task.kind is ${model.kind}.`)
}

function prompt(model: SymbolsModel, sequence: string, text: string, isBytes: boolean): void {
  const bytes = isBytes ? Buffer.from(text) : Buffer.alloc(0)
  const tokens = isBytes
    ? [null]
    : text
        .split(/\s+/)
        .filter((token) => token !== '')
        .map(plainName)
  for (const token of tokens) model.step({ sequence, timeMs: null, bytes, token, end: false })
}

function textOf(model: SymbolsModel, symbols: readonly number[], isBytes: boolean): Buffer {
  if (isBytes) return Buffer.from(symbols)
  return Buffer.from(symbols.map((symbol) => `${model.vocabulary.name(symbol) ?? ''}\n`).join(''))
}

function shown(model: SymbolsModel, symbols: readonly number[], isBytes: boolean): object {
  if (isBytes) return { text: Buffer.from(symbols).toString('utf8') }
  return { symbols: symbols.map((symbol) => model.vocabulary.name(symbol)) }
}

async function write(io: Io, bytes: Buffer): Promise<void> {
  if (!io.stdout.write(bytes)) await once(io.stdout as NodeJS.WritableStream, 'drain')
}

function temperatureOption(text = '1'): number {
  const value = Number(text)
  if (text.trim() === '' || !(value > 0) || value > 100) {
    throw usageError(`--temperature needs a number above 0 and up to 100, not '${text}'.`)
  }
  return value
}
