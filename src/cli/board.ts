import type { Config } from '../config/schema.ts'
import type { StreamOutcome } from '../task/engine/engine.ts'
import { LabelsBoard } from './labels-board.ts'
import { usageError } from './options.ts'
import type { ReplayReport } from './replay-report.ts'
import { Scoreboard } from './scoreboard.ts'
import { SymbolsBoard } from './symbols-board.ts'

/** Scores of one run, of whichever kind its task is; see docs/replay.md. */
export interface Board {
  /** Names of the members that are scored, the mixture not among them. */
  readonly members: readonly string[]
  /** Takes in what became of the record of `row`, which is not a dead letter. */
  add(row: number, outcome: StreamOutcome): void
  /** Takes in the scores of a board of the same configuration, as of another partition. */
  pool(other: Board): void
  /** Its part of the report; `seconds`: how long the run took. */
  report(seconds?: number): Pick<ReplayReport, 'scores' | 'symbols' | 'labels'>
}

/** From where on rows and own steps count; 0 for all. */
export interface ScoredFrom {
  readonly scoreFrom?: number | undefined
  readonly scoreFromStep?: number | undefined
}

/** The board of a configuration, for members of these names. */
export function openBoard(config: Config, members: readonly string[], from: ScoredFrom): Board {
  const { task } = config
  if (task.kind !== 'forecast' && from.scoreFromStep !== undefined) {
    throw usageError(`--score-from-step is for forecasts; task.kind is ${task.kind}.`)
  }
  const fromRow = from.scoreFrom ?? 0
  const fromStep = from.scoreFromStep ?? 0
  if (task.kind === 'symbols') return new SymbolsBoard(members, fromRow)
  if (task.kind === 'supervised') {
    const { targets, type, labels } = task
    return new LabelsBoard({ targets, type, members, fromRow, maxPending: labels.maxPending })
  }
  const { targets, horizons, intervals: levels, seasons } = task
  const seasonal = seasons === 'auto' || seasons.length > 0
  return new Scoreboard({ targets, horizons, levels, members, seasonal, fromRow, fromStep })
}
