import { labelsLines, labelsSideBySide, symbolsLines, symbolsSideBySide } from './kind-lines.ts'
import type { LabelsReport } from './labels-board.ts'
import type { MemberScore, TargetScore } from './scoreboard.ts'
import type { SymbolsReport } from './symbols-board.ts'
import { figure, grouped, table } from './table.ts'

/** What `replay --json` and `demo --json` print: design §6, docs/replay.md. */
export interface ReplayReport {
  records: number
  deadLetters: number
  sequences: number
  seconds: number
  recordsPerSecond?: number
  /** Absent where several partitions have one each. */
  stateHash?: string
  /** Present where the model finds its seasons and there is one: their periods at the end. */
  seasons?: number[]
  /** Present for a topic: one for each partition that was replayed, ascending. */
  partitions?: PartitionReport[]
  scoredFrom: number
  /** Present with --score-from-step: the first own step of a sequence that counts. */
  scoredFromStep?: number
  /** Of a forecast. */
  scores?: TargetScore[]
  /** Of a symbols task. */
  symbols?: SymbolsReport
  /** Of a supervised task. */
  labels?: LabelsReport
}

/** A partition of a topic; each has a model of its own. */
export interface PartitionReport {
  partition: number
  /** The offsets that were asked for: the first, and the first no more. */
  from: number
  until: number
  records: number
  stateHash: string
  /** Present where the model finds its seasons. */
  seasons?: number[]
}

/** One run under the name its column gets. */
export interface NamedReport {
  readonly name: string
  readonly report: ReplayReport
}

/** The scoreboard for people; several runs stand side by side. */
export function reportLines(reports: readonly NamedReport[]): string[] {
  const [only] = reports
  if (only !== undefined && reports.length === 1) {
    const lines = [...summaryLines(only.report), ...partitionLines(only.report)]
    const { scores = [], symbols, labels } = only.report
    for (const score of scores) lines.push('', ...scoreLines(score))
    if (symbols !== undefined) lines.push('', ...symbolsLines(symbols))
    if (labels !== undefined) lines.push('', ...labelsLines(labels))
    return lines
  }
  const lines: string[] = []
  for (const { name, report } of reports) {
    lines.push(`${name}: ${(summaryLines(report)[0] as string).trim()}`)
    lines.push(...partitionLines(report).map((line) => `  ${line}`))
  }
  for (const [target, horizon] of allTargets(reports)) {
    lines.push('', ...sideBySide(reports, target, horizon))
  }
  const has = (part: 'symbols' | 'labels') => reports.some(({ report }) => report[part])
  if (has('symbols')) lines.push('', ...symbolsSideBySide(reports))
  if (has('labels')) lines.push('', ...labelsSideBySide(reports))
  return lines
}

function summaryLines(report: ReplayReport): string[] {
  const { records, deadLetters, sequences, seconds, recordsPerSecond } = report
  const counts = [
    `${grouped(records)} ${records === 1 ? 'record' : 'records'}`,
    `${grouped(deadLetters)} dead ${deadLetters === 1 ? 'letter' : 'letters'}`,
    `${grouped(sequences)} ${sequences === 1 ? 'sequence' : 'sequences'}`,
    `${seconds.toFixed(2)} s`,
  ]
  if (recordsPerSecond !== undefined) counts.push(`${grouped(recordsPerSecond)} records/s`)
  const from = [`scored from row ${grouped(report.scoredFrom)}`]
  if (report.scoredFromStep !== undefined) {
    from.push(`from step ${grouped(report.scoredFromStep)} of each sequence`)
  }
  if (report.stateHash !== undefined) from.push(`state ${report.stateHash}`)
  return [counts.join(', '), from.join(', ')]
}

/** Where there are several: one has all in the summary. */
function partitionLines({ partitions = [] }: ReplayReport): string[] {
  if (partitions.length < 2) return []
  return table([
    ['partition', 'records', 'offsets from', 'until', 'state'],
    ...partitions.map(({ partition, records, from, until, stateHash }) => [
      String(partition),
      grouped(records),
      grouped(from),
      grouped(until),
      stateHash,
    ]),
  ])
}

/** What the plot of a run shows; null where nothing was scored that could be drawn. */
export function plotTitle({
  scores,
  symbols,
  labels,
}: Pick<ReplayReport, 'scores' | 'symbols' | 'labels'>): string | null {
  const [first] = scores ?? []
  if (first !== undefined) return `${first.target}, ${ahead(first.horizon)}`
  if (symbols !== undefined) return 'bits per symbol'
  if (labels === undefined) return null
  return labels.accuracy === undefined ? 'labels' : 'log loss of labels'
}

/** '1 ahead' */
export function ahead(horizon: number): string {
  return `${horizon} ahead`
}

function scoreLines(score: TargetScore): string[] {
  const title = `${score.target}, ${ahead(score.horizon)} (${grouped(score.count)} scored)`
  const rows = [[title, 'wMAPE', 'MAE', 'RMSE']]
  const root = (mse: number | undefined) => (mse === undefined ? undefined : Math.sqrt(mse))
  rows.push(['mixture', figure(score.wmape), figure(score.mae), figure(score.rmse)])
  for (const [name, member] of sortedMembers(score)) {
    const row = [`  ${name}`, figure(member.wmape), figure(member.mae), figure(root(member.mse))]
    if (member.count !== undefined) row.push(`(${grouped(member.count)} rows)`)
    rows.push(row)
  }
  const lines = table(rows)
  const mase = Object.entries(score.mase).map(
    ([name, value]) => `${figure(value)} (${label(name)})`,
  )
  if (mase.length > 0) lines.push(`MASE ${mase.join(', ')}`)
  const intervals = coverages(score).map(
    ([level, share, width]) =>
      `${percent(Number(level))}: ${percent(share)} inside, width ${width}`,
  )
  if (intervals.length > 0) lines.push(`intervals ${intervals.join('; ')}`)
  if (score.crps !== undefined) lines.push(`CRPS ${figure(score.crps)}, NLL ${figure(score.nll)}`)
  return lines
}

function label(mase: string): string {
  return mase === 'perSequence' ? 'mean over sequences' : `to ${mase}`
}

function coverages(score: TargetScore): [string, number, string][] {
  return Object.entries(score.coverage).map(([level, share]) => [
    level,
    share,
    figure(score.width[level]),
  ])
}

/** '80 %', '95.5 %' */
export function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`
}

/** Members by wMAPE, the best first, those without one last. */
export function sortedMembers(score: TargetScore): [string, MemberScore][] {
  const rank = (member: MemberScore) => member.wmape ?? member.mae ?? Number.POSITIVE_INFINITY
  return Object.entries(score.members).sort(([, a], [, b]) => {
    const [left, right] = [rank(a), rank(b)]
    return left === right ? 0 : left - right
  })
}

function allTargets(reports: readonly NamedReport[]): [string, number][] {
  const seen = new Map<string, [string, number]>()
  for (const { report } of reports) {
    for (const { target, horizon } of report.scores ?? []) {
      seen.set(`${horizon} ${target}`, [target, horizon])
    }
  }
  return [...seen.values()]
}

/** wMAPE of every member under every configuration, then the mixture's MAE and coverage. */
function sideBySide(reports: readonly NamedReport[], target: string, horizon: number): string[] {
  const scores = reports.map(({ report }) =>
    report.scores?.find((score) => score.target === target && score.horizon === horizon),
  )
  const row = (name: string, of: (score: TargetScore) => string | undefined) => [
    name,
    ...scores.map((score) => (score === undefined ? '–' : (of(score) ?? '–'))),
  ]
  const rows = [[`${target}, ${ahead(horizon)}: wMAPE`, ...reports.map(({ name }) => name)]]
  rows.push(row('mixture', (score) => figure(score.wmape)))
  const names = new Set(
    scores.flatMap((score) =>
      score === undefined ? [] : sortedMembers(score).map(([name]) => name),
    ),
  )
  for (const name of names) rows.push(row(`  ${name}`, (s) => figure(s.members[name]?.wmape)))
  rows.push(row('scored', (score) => grouped(score.count)))
  rows.push(row('MAE', (score) => figure(score.mae)))
  const levels = new Set(scores.flatMap((score) => Object.keys(score?.coverage ?? {})))
  for (const level of levels) {
    rows.push(
      row(`inside ${percent(Number(level))}`, (score) => {
        const share = score.coverage[level]
        return share === undefined ? undefined : percent(share)
      }),
    )
  }
  return table(rows)
}
