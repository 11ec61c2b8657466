import type { Board } from './board.ts'
import { labelsLines, symbolsLines } from './kind-lines.ts'
import { legend, plot } from './plot.ts'
import { progressLine } from './progress.ts'
import { ahead, percent, plotTitle, sortedMembers } from './replay-report.ts'
import type { Rows } from './replay-run.ts'
import type { TargetScore } from './scoreboard.ts'
import { figure, grouped, table } from './table.ts'

export interface DemoState {
  readonly rows: Rows
  /** Records that the demo will send. */
  readonly total: number
  readonly seconds: number
}

const PLOT_LINES = 9
const PLOT_LINES_MIN = 3
/** Lines beside plot and members: progress, legend, blank ones, what frames the scoreboard. */
const OTHER_LINES = 9
/** Members that are shown in any case. */
const MEMBERS_MIN = 3

/** The block that a terminal shows, drawn anew a few times a second. */
export function screenLines(
  state: DemoState,
  { columns, rows, colour }: { columns: number; rows: number; colour: boolean },
): string[] {
  const { history, board, records } = state.rows
  const report = board.report()
  const lines = [progressLine(records, records / state.total, state.seconds), '']
  const most = Math.max(MEMBERS_MIN, rows - PLOT_LINES_MIN - OTHER_LINES)
  const scoreboard = boardLines(report, most)
  const room = rows - lines.length - scoreboard.length - 3
  const drawn = plot(history, {
    width: Math.min(columns - 1, 120),
    height: Math.max(PLOT_LINES_MIN, Math.min(PLOT_LINES, room)),
    colour,
  })
  const title = plotTitle(report)
  if (drawn.length > 0 && title !== null) {
    lines.push(...drawn, legend(title, colour), '')
  }
  lines.push(...scoreboard)
  return lines
}

/** One line for those who have no terminal. */
export function plainLine(state: DemoState): string {
  const { records, board } = state.rows
  const rate = state.seconds > 0 ? `, ${grouped(records / state.seconds)} records/s` : ''
  const { scores = [], symbols, labels } = board.report()
  const told = scores
    .filter(({ count }) => count > 0)
    .map((score) => {
      const persistence = figure(score.members.persistence?.wmape)
      return `${ahead(score.horizon)} ${figure(score.wmape)} (persistence ${persistence})`
    })
  const parts = told.length > 0 ? [`wMAPE ${told.join(', ')}`] : []
  if (symbols?.bitsPerSymbol !== undefined) {
    parts.push(`${figure(symbols.bitsPerSymbol)} bits per symbol`)
  }
  if (labels?.mae !== undefined) {
    parts.push(`MAE ${figure(labels.mae)} (no change ${figure(labels.noChange.mae)})`)
  }
  if (labels?.accuracy !== undefined) {
    const { accuracy, noChange } = labels
    parts.push(`accuracy ${figure(accuracy)} (no change ${figure(noChange.accuracy)})`)
  }
  const done = `${grouped(records)} of ${grouped(state.total)} records${rate}`
  return [done, ...parts].join(', ')
}

/** As much of the scoreboard of any kind of task as there is room for. */
function boardLines(report: ReturnType<Board['report']>, most: number): string[] {
  const { scores = [], symbols, labels } = report
  if (symbols !== undefined) return symbolsLines(symbols).slice(2, 4 + most)
  if (labels !== undefined) return labelsLines(labels).slice(0, 4 + most)
  return scoreboardLines(scores, most)
}

/** The best members down, at most so many, horizons across; coverage of the intervals below. */
function scoreboardLines(scores: readonly TargetScore[], most: number): string[] {
  const [first] = scores
  if (first === undefined) return []
  const rows = [['wMAPE since the first record', ...scores.map(({ horizon }) => ahead(horizon))]]
  rows.push(['mixture', ...scores.map(({ wmape }) => figure(wmape))])
  const members = sortedMembers(first).filter(([, { wmape }]) => wmape !== undefined)
  for (const [name] of members.slice(0, most)) {
    rows.push([`  ${name}`, ...scores.map((score) => figure(score.members[name]?.wmape))])
  }
  for (const level of Object.keys(first.coverage)) {
    const shares = scores.map((score) => {
      const share = score.coverage[level]
      return share === undefined ? '–' : percent(share)
    })
    rows.push([`inside the ${percent(Number(level))} interval`, ...shares])
  }
  return table(rows)
}
