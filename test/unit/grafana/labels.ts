import type { SyntaxNode } from '@lezer/common'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { type MetricName, metricTable, misnamedDefaults } from '../../../src/telemetry/catalogue.ts'
import { selectorAt, treeOf } from './promql.ts'

/** What Prometheus and the registry put on every series of a process. */
const common = ['job', 'instance', 'application']

/** Series that Prometheus makes itself, with all labels that they may have. */
const ofPrometheus: Readonly<Record<string, readonly string[]>> = {
  up: ['job', 'instance'],
  ALERTS: [...common, 'alertname', 'alertstate', 'severity', 'partition', 'target', 'horizon'],
}

/** Labels of each series that there can be, by its name; histograms by their three. */
export function knownSeries(): Map<string, ReadonlySet<string>> {
  const known = new Map<string, ReadonlySet<string>>()
  for (const [name, labels] of Object.entries(ofPrometheus)) known.set(name, new Set(labels))
  for (const [name, { type, labels }] of Object.entries(metricTable)) {
    addSeries(known, name, type, labels)
  }
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const metric of registry.getMetricsAsArray()) {
    const { name, type, labelNames } = metric as unknown as {
      name: string
      type?: string
      labelNames: string[]
    }
    const isHistogram = type === 'histogram' || metric.constructor.name === 'Histogram'
    if (!misnamedDefaults.includes(name)) {
      addSeries(known, name, isHistogram ? 'histogram' : 'gauge', labelNames)
    }
  }
  return known
}

function addSeries(
  known: Map<string, ReadonlySet<string>>,
  name: string,
  type: string,
  labels: readonly string[],
): void {
  const all = [...common, ...labels]
  if (type !== 'histogram') known.set(name, new Set(all))
  else {
    for (const suffix of ['_sum', '_count']) known.set(`${name}${suffix}`, new Set(all))
    known.set(`${name}_bucket`, new Set([...all, 'le']))
  }
}

/** The metric of the service that a series is of; undefined for all others. */
export function metricOf(series: string): MetricName | undefined {
  const base = series.replace(/_(bucket|sum|count)$/, '')
  return [series, base].find((name): name is MetricName => name in metricTable)
}

/** What a query comes to: the labels of its result, and what in it can never match. */
export interface LabelReport {
  readonly labels: ReadonlySet<string>
  readonly complaints: readonly string[]
}

/**
 * Infers the labels of a query's result, and finds names and labels that do not exist and sides of
 * an operator that never meet. The query has no Grafana variables outside strings and ranges.
 */
export function inferLabels(expr: string, known = knownSeries()): LabelReport {
  const complaints: string[] = []
  const inference = new Inference(expr, known, complaints)
  return { labels: inference.of(treeOf(expr).firstChild), complaints }
}

const none: ReadonlySet<string> = new Set()

class Inference {
  readonly #expr: string
  readonly #known: ReadonlyMap<string, ReadonlySet<string>>
  readonly #complaints: string[]

  constructor(expr: string, known: ReadonlyMap<string, ReadonlySet<string>>, complaints: string[]) {
    this.#expr = expr
    this.#known = known
    this.#complaints = complaints
  }

  of(node: SyntaxNode | null): ReadonlySet<string> {
    switch (node?.name) {
      case 'VectorSelector':
        return this.#selector(node)
      case 'AggregateExpr':
        return this.#aggregate(node)
      case 'BinaryExpr':
        return this.#binary(node)
      case 'FunctionCall':
        return this.#call(node)
      case 'MatrixSelector':
      case 'OffsetExpr':
      case 'ParenExpr':
      case 'UnaryExpr':
        return this.of(operands(node)[0] ?? null)
      default:
        return none
    }
  }

  #selector(node: SyntaxNode): ReadonlySet<string> {
    const { name, matchers } = selectorAt(node, this.#expr)
    const labels = this.#known.get(name)
    if (labels === undefined) {
      this.#complaints.push(`${name} does not exist`)
      return none
    }
    this.#need(
      labels,
      matchers.map(({ label }) => label),
      name,
    )
    return labels
  }

  #aggregate(node: SyntaxNode): ReadonlySet<string> {
    // The last operand: before it may be a parameter, as of quantile.
    const inner = this.of(operands(node.getChild('FunctionCallBody')).at(-1) ?? null)
    const modifier = node.getChild('AggregateModifier')
    const named = this.#labelsIn(modifier?.getChild('GroupingLabels') ?? null)
    this.#need(inner, named, this.#text(modifier))
    if (modifier?.getChild('Without')) return minus(inner, named)
    return new Set(named)
  }

  #call(node: SyntaxNode): ReadonlySet<string> {
    const called = this.#text(node.getChild('FunctionIdentifier'))
    const labels = operands(node.getChild('FunctionCallBody')).map((each) => this.of(each))
    const inner = labels.reduce((all, each) => (each.size > all.size ? each : all), none)
    return called === 'histogram_quantile' ? minus(inner, ['le']) : inner
  }

  #binary(node: SyntaxNode): ReadonlySet<string> {
    const [leftNode, rightNode] = operands(node)
    const left = this.of(leftNode ?? null)
    const right = this.of(rightNode ?? null)
    if (node.getChild('Or')) return new Set([...left, ...right])
    const isFilter = node.getChild('And') !== null || node.getChild('Unless') !== null
    if ([leftNode, rightNode].some((each) => isScalar(each))) return left.size > 0 ? left : right
    const clause = node.getChild('MatchingModifierClause')
    const [named, added] = (clause?.getChildren('GroupingLabels') ?? []).map((each) =>
      this.#labelsIn(each),
    )
    const at = this.#text(node).slice(0, 90)
    if (clause?.getChild('On')) {
      this.#need(left, named ?? [], `left of ${at}`)
      this.#need(right, named ?? [], `right of ${at}`)
      if (isFilter || clause.getChild('GroupLeft')) return new Set([...left, ...(added ?? [])])
      return new Set(named)
    }
    const [here, there] = [minus(left, named ?? []), minus(right, named ?? [])]
    if (here.size !== there.size || minus(here, [...there]).size > 0) {
      this.#complaints.push(`the sides never meet: ${[...here]} | ${[...there]} in ${at}`)
    }
    return isFilter || clause?.getChild('GroupLeft') ? left : here
  }

  #need(labels: ReadonlySet<string>, needed: readonly string[], where: string): void {
    for (const label of needed) {
      if (!labels.has(label)) this.#complaints.push(`no label ${label}: ${where}`)
    }
  }

  #labelsIn(grouping: SyntaxNode | null): string[] {
    return (grouping?.getChildren('LabelName') ?? []).map((label) => this.#text(label))
  }

  #text(node: SyntaxNode | null | undefined): string {
    return node ? this.#expr.slice(node.from, node.to) : ''
  }
}

const operandNames = new Set([
  'VectorSelector',
  'MatrixSelector',
  'AggregateExpr',
  'BinaryExpr',
  'FunctionCall',
  'OffsetExpr',
  'ParenExpr',
  'UnaryExpr',
  'NumberDurationLiteral',
  'StringLiteral',
])

/** Expressions right below a node. */
function operands(node: SyntaxNode | null): SyntaxNode[] {
  const found: SyntaxNode[] = []
  for (let at = node?.firstChild ?? null; at !== null; at = at.nextSibling) {
    if (operandNames.has(at.name)) found.push(at)
  }
  return found
}

function isScalar(node: SyntaxNode | undefined): boolean {
  if (node?.name === 'NumberDurationLiteral') return true
  if (node?.name === 'UnaryExpr') return isScalar(node.lastChild ?? undefined)
  return (
    node?.name === 'FunctionCall' &&
    node.getChild('FunctionIdentifier')?.firstChild?.name === 'Time'
  )
}

function minus(labels: ReadonlySet<string>, gone: readonly string[]): ReadonlySet<string> {
  return new Set([...labels].filter((label) => !gone.includes(label)))
}
