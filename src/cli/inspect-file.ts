import type { AnyModel } from '../model/open.ts'
import type { SequenceSummary } from '../model/view.ts'
import type { Io } from './command.ts'
import {
  listLines,
  lookAt,
  normLines,
  normsJson,
  type SequenceLook,
  type SequenceWish,
  sequenceLines,
} from './inspect-sequences.ts'
import { usageError } from './options.ts'
import {
  limitOption,
  loadReplayConfigs,
  type ReplayConfig,
  type SourceValues,
} from './replay-config.ts'
import { replayFile } from './replay-file.ts'
import { openInputs } from './replay-input.ts'
import { reportLines } from './replay-report.ts'
import type { ReplayResult } from './replay-run.ts'
import { grouped } from './table.ts'

/** What `inspect FILE --json` prints. */
interface Inspection extends Pick<ReplayResult['report'], 'scores' | 'symbols' | 'labels'> {
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
  /** ‖∂L_t/∂H_{t−k}‖ for k = 0 … window − 1; empty before a first loss. */
  readonly gradientNormByLag: SequenceLook['gradientNormByLag']
  /** With --sequences. */
  readonly list?: readonly SequenceSummary[]
  /** With --sequence; null where there is none of that name. */
  readonly sequence?: SequenceLook | null
}

function inspectionOf(result: ReplayResult, model: AnyModel, wish: SequenceWish): Inspection {
  const { report } = result
  const { list, name } = wish
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
    ...result.board.report(),
    gradientNormByLag: model.kind === 'forecast' ? normsJson(model.gradientNormByLag(name)) : {},
    ...(list === null ? {} : { list: model.view.sequences(list.order, list.limit) }),
    ...(name === undefined ? {} : { sequence: lookAt(model, name) }),
  }
}

function inspectionLines(inspection: Inspection, result: ReplayResult, name?: string): string[] {
  const { updates, networks, parameters, bytesPerSequence, bytesShared, chainHash } = inspection
  const { list, sequence, gradientNormByLag, sequences } = inspection
  return [
    ...reportLines([{ name: 'inspect', report: result.report }]),
    '',
    `${networks} ${networks === 1 ? 'network' : 'networks'}, ` +
      `${grouped(parameters)} parameters, ${grouped(updates)} updates`,
    `${grouped(bytesPerSequence)} bytes a sequence, ${grouped(bytesShared)} bytes shared`,
    `chain ${chainHash}`,
    '',
    ...(list === undefined ? [] : [...listLines(list, sequences), '']),
    ...(sequence === undefined
      ? normLines(gradientNormByLag)
      : sequence === null
        ? [`there is no sequence '${name}'`]
        : sequenceLines(sequence)),
  ]
}

/** Replays a file, or the standard input, and shows what the model then holds. */
export async function inspectFile(
  file: string,
  values: SourceValues & { readonly json?: boolean | undefined },
  wish: SequenceWish,
  io: Io,
): Promise<number> {
  if ((values.config?.length ?? 0) > 1) {
    throw usageError('headrace inspect takes one --config only.')
  }
  const config = loadReplayConfigs(values, io.env)[0] as ReplayConfig
  const inputs = await openInputs(file, 1, io)
  const plan = { limit: limitOption(values) }
  const { result, model } = await replayFile(config, inputs.next(), plan, io)
  const inspection = inspectionOf(result, model, wish)
  if (values.json === true) io.stdout.write(`${JSON.stringify(inspection, null, 2)}\n`)
  else io.stdout.write(`${inspectionLines(inspection, result, wish.name).join('\n')}\n`)
  return 0
}
