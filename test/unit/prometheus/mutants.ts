import type { SyntaxNode } from '@lezer/common'
import { parser } from '@prometheus-io/lezer-promql'
import type { Alert } from './rules.ts'

/** An alert that is not what it was: its cases ought to notice. */
export interface Mutant {
  readonly what: string
  readonly alert: Alert
}

const comparisons = ['Eql', 'Neq', 'Gtr', 'Lss', 'Gte', 'Lte']
const filters = ['And', 'Unless']

/**
 * An alert with a threshold half as high again, or two thirds of it; with a comparison with 0 that
 * takes 0 in; with a condition left out; or with another wait.
 */
export function mutantsOf(alert: Alert): Mutant[] {
  const { expr } = alert
  const mutants: Mutant[] = []
  const put = (from: number, to: number, text: string): void => {
    const what = `${expr.slice(from, to).replace(/\s+/g, ' ')} → ${text || 'nothing'}`
    mutants.push({ what, alert: { ...alert, expr: expr.slice(0, from) + text + expr.slice(to) } })
  }
  parser.parse(expr).iterate({
    enter: ({ name, node }) => {
      if (name === 'NumberDurationLiteral') {
        const value = Number(expr.slice(node.from, node.to))
        if (value === 0) return
        put(node.from, node.to, String(value * 1.5))
        put(node.from, node.to, String(value / 1.5))
      } else if (name === 'BinaryExpr') {
        const [left, right] = [node.firstChild, node.lastChild]
        if (left === null || right === null) return
        if (filters.some((kind) => node.getChild(kind))) put(left.to, node.to, '')
        if (comparesWithZero(node, right, expr)) put(left.to, node.to, ' >= 0')
      }
    },
  })
  for (const waits of alert.for === '0s' ? ['10h'] : ['0s', '10h']) {
    mutants.push({ what: `for: ${alert.for} → ${waits}`, alert: { ...alert, for: waits } })
  }
  return mutants
}

/** `> 0` and `== 0`, which no factor changes. */
function comparesWithZero(node: SyntaxNode, right: SyntaxNode, expr: string): boolean {
  const isComparison = comparisons.some((kind) => node.getChild(kind))
  return isComparison && expr.slice(right.from, right.to) === '0'
}
