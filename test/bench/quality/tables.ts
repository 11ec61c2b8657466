import { grouped } from '../../../src/cli/table.ts'
import type { TaskName } from '../datasets.ts'
import type { FigureReport, QualityReport, Spread } from './report.ts'
import {
  bestMemberTarget,
  bytesTarget,
  costTarget,
  coverageTarget,
  networksTarget,
  scoreTarget,
  type Target,
  verdict,
  windowTarget,
} from './targets.ts'

/** A table of the report; the first row is the head. */
export interface QualityTable {
  readonly title: string
  readonly cells: readonly (readonly string[])[]
}

const titles: Readonly<Record<TaskName, string>> = {
  taxi: 'nyc_taxi',
  drift: 'nyc_taxi, disturbed',
  ett: 'ETTh1',
  bikes: 'bike_sharing_hour',
  m4: 'm4_hourly',
  exchange: 'exchange_rate',
}

/** All tables of a report, in their order. */
export function qualityTables(report: QualityReport): QualityTable[] {
  const { figures, grid = [] } = report
  const tables: QualityTable[] = [
    { title: 'Scores', cells: scoreCells(figures) },
    { title: 'The mixture against its best single member', cells: bestCells(figures) },
    { title: 'What the networks add', cells: networksCells(figures) },
    { title: 'Costs', cells: costCells(report) },
    { title: 'Intervals', cells: coverageCells(figures) },
    { title: 'Density', cells: densityCells(figures) },
    { title: 'Parts', cells: partCells(figures) },
    { title: 'Every member', cells: memberCells(figures) },
    {
      title: 'Best of a grid',
      cells: [
        ['task', 'default', 'best', 'ratio', 'with'],
        ...grid.map(({ task, name, score, sets, standard }) => [
          `${titles[task]}, ${name}`,
          digits(standard),
          digits(score),
          digits(score / standard),
          sets.length === 0 ? 'the default' : sets.join(' '),
        ]),
      ],
    },
    { title: 'Seconds', cells: secondsCells(report) },
  ]
  return tables.filter(({ cells }) => cells.length > 1)
}

/** `nyc_taxi, 1 ahead` */
function nameOf({ task, name }: FigureReport): string {
  return `${titles[task]}, ${name}`
}

function scoreCells(figures: readonly FigureReport[]): string[][] {
  const rows = figures.map((each) => {
    const { mixture, metric, median, task, name, parts } = each
    const lowest = task === 'exchange' ? least(parts) : undefined
    const target = scoreTarget(task, name)
    return [
      nameOf(each),
      metric,
      digits(mixture.mean),
      range(mixture),
      median === undefined ? '' : digits(median.mean),
      ...(target === undefined ? ['', '', ''] : against(target, mixture.mean, lowest)),
    ]
  })
  return [['task', 'measure', 'mean', 'range', 'median', 'reach', 'beyond', ''], ...rows]
}

function least(parts: FigureReport['parts']): number {
  return Math.min(...parts.map(({ mixture }) => mixture.mean))
}

function against(target: Target, value: number, lowest?: number): string[] {
  const { reach, beyond } = target
  return [bound(reach), beyond === undefined ? '' : bound(beyond), verdict(target, value, lowest)]
}

function bound({ most, least }: Target['reach']): string {
  return least === undefined ? `≤ ${plain(most)}` : `${plain(least)}–${plain(most)}`
}

function plain(value: number): string {
  return value >= 1000 ? grouped(value) : String(value)
}

/** Empty with one seed. */
function range({ min, max, values }: Spread): string {
  if (values.length < 2) return ''
  return `${digits(min)}–${digits(max)}`
}

function bestCells(figures: readonly FigureReport[]): string[][] {
  const rows = figures.flatMap((each) => {
    const { best, mixture } = each
    if (best === undefined) return []
    const { name, score, ratio } = best
    return [
      [
        nameOf(each),
        name,
        ...[score, mixture.mean, ratio].map(digits),
        ...against(bestMemberTarget, ratio),
      ],
    ]
  })
  return [['task', 'best', 'its score', 'mixture', 'ratio', 'reach', 'beyond', ''], ...rows]
}

function networksCells(figures: readonly FigureReport[]): string[][] {
  const rows = figures.flatMap((each) => {
    const { lines, networksAdd, mixture, task, name } = each
    if (lines === undefined || networksAdd === undefined) return []
    const values = [mixture.mean, lines.mean, networksAdd].map(digits)
    return [[nameOf(each), ...values, ...against(networksTarget(task, name), networksAdd)]]
  })
  return [['task', 'with', 'without', 'ratio', 'reach', 'beyond', ''], ...rows]
}

function costCells({ cost, bytesPerSequence }: QualityReport): string[][] {
  const rows: string[][] = []
  if (cost !== undefined) {
    rows.push(
      ['records per second, default portfolio, nyc_taxi', grouped(cost.full), '', '', ''],
      ['records per second, one network', grouped(cost.network), '', '', ''],
      ['times as long as one network', digits(cost.times), ...against(costTarget, cost.times)],
    )
  }
  if (bytesPerSequence !== undefined) {
    rows.push([
      'bytes per sequence, longest season 168',
      grouped(bytesPerSequence),
      ...against(bytesTarget, bytesPerSequence),
    ])
  }
  return [['what', 'figure', 'reach', 'beyond', ''], ...rows]
}

function coverageCells(figures: readonly FigureReport[]): string[][] {
  const rows = figures.flatMap((each) =>
    each.coverage.map(({ level, overall, farthest, worstWindow, width }) => {
      const off = (target: Target, share: number) => verdict(target, Math.abs(share - level))
      // Fewer values than a window has are no long run.
      const [isLong, window, withinWindow] =
        worstWindow === null
          ? [false, '', '']
          : [true, percent(worstWindow), off(windowTarget, worstWindow)]
      return [
        nameOf(each),
        percent(level),
        percent(overall),
        isLong ? off(coverageTarget, overall) : '',
        percent(farthest),
        window,
        withinWindow,
        digits(width),
      ]
    }),
  )
  const head = ['task', 'level', 'coverage', '± 1', 'worst target', 'worst 1,000', '± 5', 'width']
  return [head, ...rows]
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

function densityCells(figures: readonly FigureReport[]): string[][] {
  const rows = figures.map((each) => [nameOf(each), digits(each.nll), digits(each.crps)])
  return [['task', 'NLL', 'CRPS'], ...rows]
}

function partCells(figures: readonly FigureReport[]): string[][] {
  const rows = figures.flatMap((each) =>
    each.parts.map(({ name, mixture }) => [
      `${nameOf(each)}: ${name}`,
      digits(mixture.mean),
      range(mixture),
    ]),
  )
  return [['part', 'mean', 'range'], ...rows]
}

function memberCells(figures: readonly FigureReport[]): string[][] {
  const names = [...new Set(figures.flatMap(({ members }) => Object.keys(members)))]
  const rows = names.map((name) => [
    name,
    ...figures.map(({ members }) => (name in members ? digits(members[name]) : '')),
  ])
  const mixtures = ['mixture', ...figures.map(({ mixture }) => digits(mixture.mean))]
  return [['member', ...figures.map(shortName)], mixtures, ...rows]
}

function shortName({ task, name }: FigureReport): string {
  return task === 'taxi' || task === 'drift' ? `${task} ${name}` : task
}

function secondsCells({ tasks }: QualityReport): string[][] {
  const rows = tasks.map(({ task, records, seconds }) => [
    titles[task],
    grouped(records),
    seconds.toFixed(1),
    grouped(records / seconds),
  ])
  return [['task', 'records', 'seconds', 'records/s'], ...rows]
}

/** Enough digits to tell two scores apart: four significant ones below 1, five above. */
function digits(value: number | null | undefined): string {
  if (typeof value !== 'number' || !Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  if (size >= 1e9) return value.toExponential(2)
  return size >= 1e4 ? grouped(value) : value.toPrecision(size < 1 ? 4 : 5)
}
