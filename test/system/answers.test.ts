import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { panelsOf, readDashboards } from '../unit/grafana/dashboard-json.ts'
import { shippedQueries } from '../unit/grafana/queries.ts'
import { answers, restored, type World } from './support/answers.ts'

type Mapping =
  | {
      readonly type: 'range'
      readonly options: { from: number | null; to: number | null; result: { text: string } }
    }
  | {
      readonly type: 'special'
      readonly options: { match: string; result: { text: string } }
    }

interface Check {
  readonly expr: string
  /** The value of the only sample; null where there is none. */
  readonly value: number | null
}

let scratch = ''

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'headrace-answers-'))
})

afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** What promtool finds wrong with these checks, each of a moment of a world; empty if nothing. */
function complaints(world: World, checks: readonly (Check & { readonly at: string })[]): string {
  const file = join(scratch, 'cases.yaml')
  const samples = (value: number | null): object[] =>
    value === null ? [] : [{ labels: '{}', value }]
  const test = {
    interval: '5s',
    input_series: Object.entries(world).map(([series, values]) => ({ series, values })),
    promql_expr_test: checks.map(({ at, expr, value }) => ({
      ...{ expr, eval_time: at },
      exp_samples: samples(value),
    })),
  }
  writeFileSync(file, stringify({ rule_files: [], evaluation_interval: '5s', tests: [test] }))
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  return status === 0 ? '' : `${stdout}${stderr}`
}

function exprOf(kind: 'panel' | 'annotation', title: string): string {
  const found = shippedQueries().find((query) => query.kind === kind && query.panel === title)
  if (found === undefined) throw new Error(`there is ${title}`)
  return found.expr
}

/** The words of a panel, and what it says without a value. */
function wordsOf(title: string): { readonly mappings: readonly Mapping[]; readonly none: string } {
  const panels = [...readDashboards().values()].flatMap(panelsOf)
  const defaults = panels.find((panel) => panel.title === title)?.fieldConfig
    ?.defaults as unknown as { mappings: Mapping[]; noValue: string } | undefined
  if (defaults === undefined) throw new Error(`there is ${title}`)
  return { mappings: defaults.mappings, none: defaults.noValue }
}

/**
 * What holds of a query where Grafana shows `word`: it takes the first mapping that fits, and
 * compares with a bound that is null as with 0.
 */
function checksFor(expr: string, title: string, word: string): Check[] {
  const { mappings, none } = wordsOf(title)
  if (word === none) return [{ expr, value: null }]
  const at = mappings.findIndex(({ options }) => options.result.text === word)
  expect(at, `${title} can say ${word}`).toBeGreaterThanOrEqual(0)
  return mappings.slice(0, at + 1).flatMap(({ type, options }, index) => {
    const value = index === at ? 1 : 0
    if (type === 'special') {
      const isNan = options.match === 'nan'
      return isNan ? [{ expr: `(${expr}) != bool (${expr})`, value }] : []
    }
    const [from, to] = [options.from ?? 0, options.to ?? 0]
    return [{ expr: `((${expr}) >= bool ${from}) * ((${expr}) <= bool ${to})`, value }]
  })
}

describe('the overview answers', () => {
  test.each(answers.map((answer) => [answer.panel, answer.says, answer.when, answer] as const))(
    '%s %s: %s',
    (title, word, _, { world, at: moments }) => {
      const checks = checksFor(exprOf('panel', title), title, word)
      const all = moments.flatMap((at) => checks.map((check) => ({ ...check, at })))
      expect(complaints(world, all)).toBe('')
    },
  )

  test('with each of its words in some case', () => {
    for (const title of new Set(answers.map(({ panel }) => panel))) {
      const { mappings, none } = wordsOf(title)
      const said = answers.filter(({ panel }) => panel === title).map(({ says }) => says)
      const words = [...mappings.map(({ options }) => options.result.text), none]
      expect(new Set(said), title).toEqual(new Set(words))
    }
  })
})

test.each(restored.map((each) => [each.when, each] as const))(
  'a restore is marked once: %s',
  (_, { world, marked, unmarked }) => {
    const expr = `count(${exprOf('annotation', 'Restore')})`
    const checks = [
      ...marked.map((at) => ({ at, expr, value: 1 })),
      ...unmarked.map((at) => ({ at, expr, value: null })),
    ]
    expect(complaints(world, checks)).toBe('')
  },
)

describe('the worth of carrying state', () => {
  const slot = 'job="headrace", instance="h1", application="taxi", partition="0"'
  const error = (member: string): string =>
    `headrace_prequential_fading_mae{${slot}, member="${member}", target="value", horizon="1"}`
  const rate = (member: string): string => `headrace_learning_rate{${slot}, member="${member}"}`
  const worldOf = (low: string, middle: string): World => ({
    [error('network:3e-4')]: '5x20',
    [error('network:1e-3')]: '3x20',
    [error('network:no-carry')]: '4x20',
    [rate('network:3e-4')]: `${low}x20`,
    [rate('network:1e-3')]: `${middle}x20`,
  })
  const expr = exprOf('panel', 'Worth of carrying state')

  test.each([
    ['of the network with the middle rate, the lower of two', worldOf('0.0003', '0.001'), -0.25],
    ['empty where nothing learns', worldOf('0', '0'), null],
  ])('%s', (_, world, value) => {
    expect(complaints(world, [{ at: '50s', expr, value }])).toBe('')
  })
})
