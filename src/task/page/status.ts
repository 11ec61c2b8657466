import type { LabelScore } from '../../model/supervised/scores.ts'
import type { SymbolScore } from '../../model/symbols/scores.ts'
import type { LearningReport } from '../observe.ts'
import type { TaskState } from '../state.ts'
import type { TaskStatus } from '../task-manager.ts'
import type { DeadLetterRow, DeadLetters } from './dead-letters.ts'
import type { EngineView } from './engine-view.ts'
import type { PageChoice } from './viewing.ts'

/** A task's failure is told in its first words; the log has all of them. */
const errorCharacters = 500

export interface TaskRow {
  readonly partition: number
  readonly state: TaskState
  /** Records replayed of those to replay; null where no restore is under way. */
  readonly done: number | null
  readonly total: number | null
  readonly lagRecords: number
  readonly queuedRecords: number
  readonly records: number
  readonly updates: number
  readonly sequences: number
  readonly recordsPerSecond: number
  readonly error: string | null
}

/** How one member fares at what is chosen. */
export interface ScoreRow {
  readonly member: string
  readonly fadingMae: number
  readonly mae: number
  readonly fadingWmape: number
  readonly wmape: number
  /** Its share of the mixture; null for those that only stand beside it. */
  readonly weight: number | null
}

/** What symbols have cost one member: bits per symbol. */
export interface SymbolRow {
  readonly member: string
  readonly fadingBits: number
  readonly bits: number
}

/** How one member fares by all labels of the target that is chosen. */
export type LabelRow = Omit<LabelScore, 'target'>

type Slot = LearningReport['slots'][number]

/** NaN = not known. */
export interface PageStatus {
  readonly timeMs: number
  readonly recordsPerSecond: number
  readonly tasks: readonly TaskRow[]
  readonly deadLetters: { readonly total: number; readonly recent: readonly DeadLetterRow[] }
  /** The mixture first; none before the model has told of any. */
  readonly scores: readonly ScoreRow[]
  /** Of a symbols task; else []. */
  readonly symbols: readonly SymbolRow[]
  /** Of a supervised task; else []. */
  readonly labels: readonly LabelRow[]
  readonly skill: Slot['skill'] | null
  readonly coverage: Slot['intervals']
}

/** Puts together what tasks, their engines and dead letters say at this moment. */
export function statusOf(
  timeMs: number,
  tasks: readonly TaskStatus[],
  engines: ReadonlyMap<number, EngineView>,
  { total, recent }: DeadLetters,
  choice: PageChoice,
): PageStatus {
  const rows = tasks.map((task) => taskRow(task, engines.get(task.partition)))
  const known = rows.filter(({ recordsPerSecond }) => !Number.isNaN(recordsPerSecond))
  const recordsPerSecond =
    known.length === 0 ? Number.NaN : known.reduce((sum, row) => sum + row.recordsPerSecond, 0)
  const learning = engines.get(choice.partition ?? -1)?.learning ?? null
  const slot = learning?.slots.find((each) => isChosen(each, choice))
  return {
    timeMs,
    recordsPerSecond,
    tasks: rows,
    deadLetters: { total, recent },
    scores: learning === null ? [] : scoreRows(learning, slot, choice),
    symbols: mixtureFirst((learning?.symbols ?? []).map(symbolRow)),
    labels: mixtureFirst(labelRows(learning?.labels?.scores ?? [], choice)),
    skill: slot?.skill ?? null,
    coverage: slot?.intervals ?? [],
  }
}

function taskRow(task: TaskStatus, engine: EngineView | undefined): TaskRow {
  const { partition, state, queuedRecords, lagRecords, error } = task
  const progress = state === 'RESTORING' ? task.progress : null
  return {
    partition,
    state,
    done: progress?.done ?? null,
    total: progress?.total ?? null,
    lagRecords,
    queuedRecords,
    records: engine?.records ?? Number.NaN,
    updates: engine?.updates ?? Number.NaN,
    sequences: engine?.learning?.sequences ?? Number.NaN,
    recordsPerSecond: engine?.recordsPerSecond ?? Number.NaN,
    error: error === null ? null : error.message.slice(0, errorCharacters),
  }
}

function scoreRows(
  { errors }: LearningReport,
  slot: Slot | undefined,
  choice: PageChoice,
): ScoreRow[] {
  const weights = new Map(slot?.weights.map(({ member, weight }) => [member, weight]))
  const rows = errors
    .filter((row) => isChosen(row, choice))
    .map(({ member, fadingMae, mae, fadingWmape, wmape }) => {
      return { member, fadingMae, mae, fadingWmape, wmape, weight: weights.get(member) ?? null }
    })
  return mixtureFirst(rows)
}

function symbolRow({ member, fadingBitsPerSymbol, bitsPerSymbol }: SymbolScore): SymbolRow {
  return { member, fadingBits: fadingBitsPerSymbol, bits: bitsPerSymbol }
}

function labelRows(scores: readonly LabelScore[], choice: PageChoice): LabelRow[] {
  return scores.filter(({ target }) => target === choice.target).map(({ target: _, ...row }) => row)
}

function mixtureFirst<T extends { readonly member: string }>(rows: readonly T[]): T[] {
  const isMixture = ({ member }: T): boolean => member === 'mixture'
  return [...rows.filter(isMixture), ...rows.filter((row) => !isMixture(row))]
}

function isChosen(
  row: { readonly target: string; readonly horizon: number },
  { target, horizon }: PageChoice,
): boolean {
  return row.target === target && row.horizon === horizon
}
