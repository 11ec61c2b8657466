import type { SyntaxNode } from '@lezer/common'
import { parser } from '@prometheus-io/lezer-promql'

export interface Matcher {
  readonly label: string
  readonly op: string
  readonly value: string
}

/** One use of a metric in a query. */
export interface Selector {
  readonly name: string
  readonly matchers: readonly Matcher[]
  /** What stands in brackets behind it; null for an instant vector. */
  readonly range: string | null
  /** Functions around it, the nearest first. */
  readonly calls: readonly string[]
}

/** The tree of a query: its top is the whole. */
export function treeOf(expr: string): SyntaxNode {
  return parser.parse(expr).topNode
}

/** What does not parse, each as the text around it; none where the query is sound. */
export function syntaxErrors(expr: string): string[] {
  const found: string[] = []
  parser.parse(expr).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) found.push(`at ${from}: …${expr.slice(Math.max(0, from - 20), to + 20)}…`)
    },
  })
  return found
}

/** All uses of metrics in a query, in order. */
export function selectorsOf(expr: string): Selector[] {
  const found: Selector[] = []
  parser.parse(expr).iterate({
    enter: ({ name, node }) => {
      if (name === 'VectorSelector') found.push(selectorAt(node, expr))
    },
  })
  return found
}

export function selectorAt(node: SyntaxNode, expr: string): Selector {
  const text = (at: SyntaxNode | null): string => (at ? expr.slice(at.from, at.to) : '')
  const matchers = node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []
  const matrix = node.parent?.name === 'MatrixSelector' ? node.parent : null
  return {
    name: text(node.getChild('Identifier')),
    matchers: matchers.map((matcher) => ({
      label: text(matcher.getChild('LabelName')),
      op: text(matcher.getChild('MatchOp')),
      value: text(matcher.getChild('StringLiteral')).slice(1, -1),
    })),
    range: matrix ? text(matrix.lastChild) : null,
    calls: callsAround(node, expr),
  }
}

function callsAround(node: SyntaxNode, expr: string): string[] {
  const calls: string[] = []
  for (let at = node.parent; at !== null; at = at.parent) {
    const called = at.name === 'FunctionCall' ? at.getChild('FunctionIdentifier') : null
    if (called) calls.push(expr.slice(called.from, called.to))
  }
  return calls
}
