import { updateInputs } from '../../../src/bench/open-update.ts'
import type { KernelName, PeerRow, UpdateCase } from '../../../src/bench/rows.ts'
import { median } from '../../../src/bench/statistics.ts'
import { benchTables } from '../../../src/cli/bench-tables.ts'
import { table } from '../../../src/cli/table.ts'

/** One round of a case, both sides right after each other. */
export interface PeerRound {
  readonly ours: number
  readonly theirs: number
}

/** The peer of a row and what it ran on. */
export interface Peer {
  readonly peer: string
  readonly peerVersion: string
}

/** Medians over rounds, of the times and of the ratio of the two. */
export function peerRow(
  kernel: KernelName,
  { peer, peerVersion }: Peer,
  each: UpdateCase,
  rounds: readonly PeerRound[],
): PeerRow {
  return {
    bench: 'peer',
    kernel,
    peer,
    peerVersion,
    cell: each.cell,
    hidden: each.hidden,
    inputs: updateInputs,
    rows: each.rows,
    window: each.window,
    microseconds: median(rounds.map(({ ours }) => ours)),
    peerMicroseconds: median(rounds.map(({ theirs }) => theirs)),
    times: median(rounds.map(({ ours, theirs }) => theirs / ours)),
  }
}

/** To stdout: one array of rows as JSON, or a table for each peer. */
export function printPeers(rows: readonly PeerRow[], json: boolean): void {
  const tables = benchTables(rows).map(({ title, cells }) => [title, ...table(cells)].join('\n'))
  process.stdout.write(json ? `${JSON.stringify(rows, null, 2)}\n` : `${tables.join('\n\n')}\n`)
}
