import { figure, grouped } from '../../../src/cli/table.ts'
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
          figure(standard),
          figure(score),
          figure(score / standard),
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
      figure(mixture.mean),
      range(mixture),
      median === undefined ? '' : figure(median.mean),
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

function range({ min, max }: Spread): string {
  return `${figure(min)}–${figure(max)}`
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
        ...[score, mixture.mean, ratio].map(figure),
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
    const values = [mixture.mean, lines.mean, networksAdd].map(figure)
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
      ['times as long as one network', figure(cost.times), ...against(costTarget, cost.times)],
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
      const off = verdict(coverageTarget, Math.abs(overall - level))
      const window = worstWindow === null ? undefined : Math.abs(worstWindow - level)
      return [
        nameOf(each),
        percent(level),
        percent(overall),
        off,
        percent(farthest),
        worstWindow === null ? '' : percent(worstWindow),
        window === undefined ? '' : verdict(windowTarget, window),
        figure(width),
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
  const rows = figures.map((each) => [
    nameOf(each),
    figure(each.nll ?? undefined),
    figure(each.crps ?? undefined),
  ])
  return [['task', 'NLL', 'CRPS'], ...rows]
}

function partCells(figures: readonly FigureReport[]): string[][] {
  const rows = figures.flatMap((each) =>
    each.parts.map(({ name, mixture }) => [
      `${nameOf(each)}: ${name}`,
      figure(mixture.mean),
      range(mixture),
    ]),
  )
  return [['part', 'mean', 'range'], ...rows]
}

function memberCells(figures: readonly FigureReport[]): string[][] {
  const names = [...new Set(figures.flatMap(({ members }) => Object.keys(members)))]
  const rows = names.map((name) => [
    name,
    ...figures.map(({ members }) => (name in members ? figure(members[name] ?? undefined) : '')),
  ])
  const mixtures = ['mixture', ...figures.map(({ mixture }) => figure(mixture.mean))]
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
