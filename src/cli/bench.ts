import { systemClock } from '../clock.ts'
import type { Cell } from '../rnn/index.ts'
import { benchReplay, type ReplayCase, type ReplayRow } from './bench-replay.ts'
import { benchUpdates, type UpdateCase, type UpdateRow } from './bench-update.ts'
import type { Command } from './command.ts'
import { integerOption, integersOption, parseOptions, usageError } from './options.ts'
import { figure, grouped, table } from './table.ts'

const help = `headrace bench: how fast this machine learns

Usage: headrace bench [--only update,replay] [--cells rnn,gru,lstm] [--hidden 16,32,64]
         [--rows 1,8] [--window 16] [--sequences 1,100] [--records N] [--rounds N] [--json]

update: one update of a recurrent network (8 inputs, one layer): forward over the window, backward
over it, clip, Adam. replay: synthetic records through decoder, model and scoreboard. Every figure
is the median over rounds; each round runs every case once.

  --only LIST        update, replay or both (default)
  --cells LIST       cells of the updates (rnn,gru,lstm)
  --hidden LIST      sizes of the hidden state (16,32,64)
  --rows LIST        sequences that learn together (1,8)
  --window N         steps that gradients flow back (16)
  --sequences LIST   sequences of the replays (1,100)
  --records N        records of a replay (2000)
  --rounds N         (5)
  --json             one array of rows on standard output, nothing else
`

const options = {
  only: { type: 'string' },
  cells: { type: 'string' },
  hidden: { type: 'string' },
  rows: { type: 'string' },
  window: { type: 'string' },
  sequences: { type: 'string' },
  records: { type: 'string' },
  rounds: { type: 'string' },
  json: { type: 'boolean' },
} as const

const benches = ['update', 'replay'] as const
const cells: readonly Cell[] = ['rnn', 'gru', 'lstm']

/** The parts of a list that an option gives, each one of `known`. */
function listOption<T extends string>(name: string, text: string, known: readonly T[]): T[] {
  return text.split(',').map((part) => {
    const found = known.find((each) => each === part.trim())
    if (found === undefined) throw usageError(`${name} takes ${known.join(', ')}, not '${part}'.`)
    return found
  })
}

function updateLines(rows: readonly UpdateRow[]): string[] {
  return table([
    ['update', 'hidden', 'rows', 'window', 'µs', 'GFLOP/s', 'of ceiling'],
    ...rows.map((row) => [
      row.cell,
      String(row.hidden),
      String(row.rows),
      String(row.window),
      figure(row.microseconds),
      row.gigaflops.toFixed(2),
      row.ceilingShare.toFixed(2),
    ]),
  ])
}

function replayLines(rows: readonly ReplayRow[]): string[] {
  return table([
    ['replay', 'sequences', 'records/s', 'bytes a sequence'],
    ...rows.map((row) => [
      row.portfolio,
      grouped(row.sequences),
      grouped(row.recordsPerSecond),
      grouped(row.bytesPerSequence),
    ]),
  ])
}

export const command: Command = {
  summary: 'measures updates and replays on this machine',
  help,
  async run(args, io) {
    const { values } = parseOptions(args, options)
    const only = listOption('--only', values.only ?? 'update,replay', benches)
    const window = integerOption('--window', values.window ?? '16', 1)
    const records = integerOption('--records', values.records ?? '2000', 1)
    const rounds = integerOption('--rounds', values.rounds ?? '5', 1)
    const hidden = integersOption('--hidden', values.hidden ?? '16,32,64', 1)
    const rows = integersOption('--rows', values.rows ?? '1,8', 1)
    const updates: UpdateCase[] = listOption('--cells', values.cells ?? 'rnn,gru,lstm', cells)
      .flatMap((cell) => hidden.map((size) => ({ cell, hidden: size, window })))
      .flatMap((each) => rows.map((count) => ({ ...each, rows: count })))
    const sequences = integersOption('--sequences', values.sequences ?? '1,100', 1)
    const replays: ReplayCase[] = (['network', 'full'] as const).flatMap((portfolio) =>
      sequences.map((count) => ({ portfolio, sequences: count })),
    )
    const updateRows = only.includes('update') ? benchUpdates(updates, rounds, systemClock) : []
    const replayRows = only.includes('replay')
      ? benchReplay(replays, records, rounds, systemClock)
      : []
    if (values.json === true) {
      io.stdout.write(`${JSON.stringify([...updateRows, ...replayRows], null, 2)}\n`)
      return 0
    }
    const lines: string[] = []
    if (updateRows.length > 0) lines.push(...updateLines(updateRows), '')
    if (replayRows.length > 0) lines.push(...replayLines(replayRows), '')
    io.stdout.write(lines.join('\n'))
    return 0
  },
}
