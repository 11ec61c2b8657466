import type { LabelScore, LabelsReport } from './labels-board.ts'
import type { NamedReport } from './replay-report.ts'
import type { SymbolsReport } from './symbols-board.ts'
import { figure, grouped, table } from './table.ts'

const bitsOf = (report: { bitsPerSymbol?: number } | undefined) => figure(report?.bitsPerSymbol)

/** Code lengths for people. */
export function symbolsLines(symbols: SymbolsReport): string[] {
  const { count, bits, bitsPerSymbolBy100k: stretches } = symbols
  const lines = [
    `${grouped(count)} symbols scored, ${grouped(Math.ceil(bits / 8))} bytes of code` +
      (symbols.symbolsPerSecond === undefined
        ? ''
        : `, ${grouped(symbols.symbolsPerSecond)} symbols/s`),
    '',
    ...table([
      ['', 'bits per symbol'],
      ['mixture', bitsOf(symbols)],
      ...sortedBits(symbols).map(([name, member]) => [`  ${name}`, bitsOf(member)]),
    ]),
  ]
  if (stretches.length > 1) {
    lines.push(`by 100,000 symbols: ${stretches.map((mean) => mean.toFixed(3)).join(' ')}`)
  }
  return lines
}

/** Members by code length, the shortest first. */
function sortedBits({ members }: SymbolsReport): [string, { bitsPerSymbol: number }][] {
  return Object.entries(members).sort(([, a], [, b]) => a.bitsPerSymbol - b.bitsPerSymbol)
}

/** What stands in a column of scores. */
interface Column {
  readonly name: string
  readonly of: (score: LabelScore) => number | undefined
}

const regression: readonly Column[] = [
  { name: 'MAE', of: ({ mae }) => mae },
  { name: 'RMSE', of: ({ rmse }) => rmse },
]
const classification: readonly Column[] = [
  { name: 'accuracy', of: ({ accuracy }) => accuracy },
  { name: 'balanced', of: ({ balancedAccuracy }) => balancedAccuracy },
  { name: 'kappa', of: ({ kappa }) => kappa },
  { name: 'log loss', of: ({ logLoss }) => logLoss },
]

function columnsOf(labels: LabelScore): readonly Column[] {
  return labels.mae === undefined && labels.accuracy !== undefined ? classification : regression
}

/** Members, the best first. */
function sortedScores({ members }: LabelsReport): [string, LabelScore][] {
  const rank = ({ mae, logLoss, accuracy }: LabelScore) =>
    mae ?? logLoss ?? (accuracy === undefined ? Number.POSITIVE_INFINITY : 1e9 - accuracy)
  return Object.entries(members).sort(([, a], [, b]) => rank(a) - rank(b))
}

/** Scores of labels for people; with several targets all of them together and each. */
export function labelsLines(labels: LabelsReport): string[] {
  const { targets = {} } = labels
  const each = Object.entries(targets).flatMap(([name, own]) => ['', ...scoreLines(name, own)])
  return [...scoreLines('labels', labels), ...each]
}

function scoreLines(title: string, labels: LabelsReport): string[] {
  const columns = columnsOf(labels)
  const row = (name: string, score: LabelScore) => [
    name,
    ...columns.map(({ of }) => figure(of(score))),
  ]
  return table([
    [`${title} (${grouped(labels.count)} scored)`, ...columns.map(({ name }) => name)],
    row('mixture', labels),
    row('  at label time', labels.atLabelTime),
    row('  no change', labels.noChange),
    ...sortedScores(labels).map(([name, score]) => row(`  ${name}`, score)),
  ])
}

/** Several runs of symbols tasks, a column each. */
export function symbolsSideBySide(reports: readonly NamedReport[]): string[] {
  const runs = reports.map(({ report }) => report.symbols)
  const names = new Set(
    runs.flatMap((run) => (run === undefined ? [] : sortedBits(run)).map(first)),
  )
  return table([
    ['bits per symbol', ...reports.map(({ name }) => name)],
    ['mixture', ...runs.map(bitsOf)],
    ...[...names].map((name) => [`  ${name}`, ...runs.map((run) => bitsOf(run?.members[name]))]),
    ['scored', ...runs.map((run) => grouped(run?.count ?? 0))],
  ])
}

/** Several runs of supervised tasks, a column each, by the first measure of their labels. */
export function labelsSideBySide(reports: readonly NamedReport[]): string[] {
  const runs = reports.map(({ report }) => report.labels)
  const kinds = [regression, classification].filter((columns) =>
    runs.some((run) => run !== undefined && columnsOf(run) === columns),
  )
  return kinds.flatMap(([column]) =>
    column === undefined ? [] : scoresSideBySide(reports, column),
  )
}

function scoresSideBySide(reports: readonly NamedReport[], column: Column): string[] {
  const runs = reports.map(({ report }) => report.labels)
  const cell = (score: LabelScore | undefined) =>
    score === undefined ? '–' : figure(column.of(score))
  const names = new Set(
    runs.flatMap((run) => (run === undefined ? [] : sortedScores(run)).map(first)),
  )
  return table([
    [column.name, ...reports.map(({ name }) => name)],
    ['mixture', ...runs.map(cell)],
    ['  at label time', ...runs.map((run) => cell(run?.atLabelTime))],
    ['  no change', ...runs.map((run) => cell(run?.noChange))],
    ...[...names].map((name) => [`  ${name}`, ...runs.map((run) => cell(run?.members[name]))]),
    ['scored', ...runs.map((run) => grouped(run?.count ?? 0))],
  ])
}

function first<T>([name]: readonly [string, T]): string {
  return name
}
