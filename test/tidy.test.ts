import { describe, expect, test } from 'vitest'
import { checkBannedCalls, checkPurity } from './tidy/banned.ts'
import { checkImports } from './tidy/imports.ts'
import { checkFunctions, checkSelections, checkText, checkTypes } from './tidy/shape.ts'
import { parse, readSources, type Source, type Violation } from './tidy/source.ts'

type Check = (source: Source) => Violation[]

const sources = readSources()

function violationsOf(check: Check): string[] {
  return sources.flatMap(check).map(({ path, line, message }) => `${path}:${line}: ${message}`)
}

function complaints(check: Check, path: string, text: string): string[] {
  return check(parse(path, text)).map((violation) => violation.message)
}

/** Names of the checks, for the titles of the tests. */
const checks = {
  checkImports,
  checkBannedCalls,
  checkPurity,
  checkText,
  checkFunctions,
  checkTypes,
  checkSelections,
}

describe('the tree keeps the house style', () => {
  test('the tree is read', () => {
    const paths = sources.map((source) => source.path)
    expect(paths).toContain('src/main.ts')
    expect(paths).toContain('src/telemetry/metrics.ts')
    expect(paths).toContain('bin/headrace.js')
    expect(paths).toContain('test/tidy.test.ts')
    expect(paths.some((path) => path.startsWith('src/kernels/assembly/'))).toBe(false)
  })

  test.each(Object.entries(checks))('%s', (_, check) => {
    expect(violationsOf(check)).toEqual([])
  })
})

describe('checkImports fails on', () => {
  const bad: [path: string, text: string, complaint: RegExp][] = [
    ['src/model/step.ts', "import { a } from '../telemetry/metrics.ts'", /no such arrow/],
    ['src/rnn/gru.ts', "import { a } from '../model/step.ts'", /no such arrow/],
    ['src/kernels/reference.ts', "import type { A } from '../config/schema.ts'", /no such arrow/],
    ['src/model/step.ts', "import { a } from '../record/types.ts'", /types only/],
    ['src/model/step.ts', "import { type A } from '../record/types.ts'", /types only/],
    ['src/model/step.ts', "import type { A } from '../record/json.ts'", /no such arrow/],
    ['src/model/step.ts', "export { a } from '../task/ports.ts'", /no such arrow/],
    ['src/model/step.ts', "export * from '../kafka/source.ts'", /no such arrow/],
    ['src/model/step.ts', "const a = await import('../log/log.ts')", /no such arrow/],
    ['src/model/step.ts', "let a: import('../kafka/source.ts').A", /no such arrow/],
    ['src/model/step.ts', "import { createHash } from 'node:crypto'", /nothing of Node/],
    ['src/task/task.ts', "import { Kafka } from 'kafkajs'", /whose place is kafka/],
    ['src/task/task.ts', "import { pino } from 'pino'", /whose place is telemetry/],
    ['src/cli/run.ts', "import { Counter } from 'prom-client'", /whose place is telemetry/],
    ['src/task/task.ts', "import leftPad from '@scope/left-pad/x'", /@scope\/left-pad.*unknown/],
    ['src/task/task.ts', "import type { L } from '../telemetry/logger.ts'", /no such arrow/],
    ['src/kafka/source.ts', "import { a } from '../task/ports.ts'", /types only/],
    ['src/kafka/source.ts', "import { a } from '../task/committer.ts'", /no such arrow/],
    ['src/kafka/source.ts', "import { a } from '../broker/broker.ts'", /no such arrow/],
    ['src/task/task.ts', "import { env } from 'node:process'", /ambient/],
    ['src/task/task.ts', "import { a } from '../../test/helper.ts'", /outside src/],
    ['src/novelty/file.ts', '', /no row/],
  ]

  test.each(bad)('%s: %s', (path, text, complaint) => {
    expect(complaints(checkImports, path, text)).toEqual([expect.stringMatching(complaint)])
  })

  const good: [path: string, text: string][] = [
    ['src/model/step.ts', "import type { Sample } from '../record/types.ts'"],
    ['src/model/step.ts', "import { a } from './window.ts'\nimport { b } from '../rnn/gru.ts'"],
    ['src/cli/run.ts', "import { a } from '../broker/broker.ts'"],
    ['src/task/task.ts', "import { Worker } from 'node:worker_threads'"],
    ['src/kafka/source.ts', "import { Kafka } from 'kafkajs'"],
    ['src/log/log.ts', "import type { Source } from '../task/ports.ts'"],
    ['test/unit/kafka/source.test.ts', "import { Kafka } from 'kafkajs'"],
  ]

  test.each(good)('but not on %s: %s', (path, text) => {
    expect(complaints(checkImports, path, text)).toEqual([])
  })
})

describe('checkBannedCalls fails on', () => {
  const bad: [path: string, text: string, complaint: RegExp][] = [
    ['src/task/task.ts', 'const t = Date.now()', /Date\.now/],
    ['src/task/task.ts', "const t = Date['now']()", /Date\.now/],
    ['src/task/task.ts', 'const { now } = Date', /Date\.now/],
    ['src/task/task.ts', 'const t = globalThis.Date.now()', /Date\.now/],
    ['src/task/task.ts', 'const t = new Date(1)', /new Date/],
    ['src/task/task.ts', 'const t = Date()', /new Date/],
    ['src/task/task.ts', 'const r = Math.random()', /Math\.random/],
    ['test/unit/a.test.ts', 'const r = Math.random()', /Math\.random/],
    ['src/task/task.ts', 'process.exit(1)', /process\.exit/],
    ['test/unit/a.test.ts', 'process.exit(1)', /process\.exit/],
    ['src/cli/run.ts', 'const { env } = process', /process\.env/],
    ['src/cli/run.ts', 'const home = process.env.HOME', /process\.env/],
    ['src/cli/run.ts', "console.log('x')", /console/],
    ['src/cli/run.ts', 'const talk = console', /console/],
    ['scripts/build.js', "console.log('x')", /console/],
    ['src/task/task.ts', 'const t = performance.now()', /performance\.now/],
  ]

  test.each(bad)('%s: %s', (path, text, complaint) => {
    expect(complaints(checkBannedCalls, path, text)).toEqual([expect.stringMatching(complaint)])
  })

  const good: [path: string, text: string][] = [
    ['src/clock.ts', 'const t = Date.now() + performance.now()'],
    ['src/main.ts', 'process.exit(Number(process.env.CODE))'],
    ['test/unit/a.test.ts', 'const deadline = Date.now() + 1_000'],
    ['src/task/task.ts', 'const t = clock.now() + other.Date.now()'],
    ['src/task/task.ts', 'const o = { console: 1 }; read(o.console)'],
    ['src/task/task.ts', "// Date.now() in words\nconst text = 'process.exit(1)'"],
  ]

  test.each(good)('but not on %s: %s', (path, text) => {
    expect(complaints(checkBannedCalls, path, text)).toEqual([])
  })
})

describe('checkPurity fails on', () => {
  const bad: [text: string, complaint: RegExp][] = [
    ['const y = Math.exp(x)', /Math\.exp/],
    ["const y = Math['tanh'](x)", /Math\.tanh/],
    ['const { log } = Math', /Math\.…/],
    ['const m = Math', /Math\.…/],
    ['const y = [1].map(Math.cbrt)', /Math\.cbrt/],
    ['const y = Math.PI', /Math\.PI/],
    ['const y = x ** 3', /literal 2/],
    ['const y = 2 ** x', /literal 2/],
    ['x **= 0.5', /literal 2/],
    ['const t = new Date(0)', /Date/],
    ['const f = new Intl.NumberFormat()', /Intl/],
    ['keys.sort((a, b) => a.localeCompare(b))', /localeCompare/],
    ['const s = x.toLocaleString()', /toLocaleString/],
    ['keys.sort()', /comparator/],
    ['const k = keys.toSorted()', /comparator/],
    ['for (const k in o) use(k)', /for…in/],
    ['const t = performance.now()', /performance/],
    ['const h = crypto.subtle', /crypto/],
    ['const m = globalThis.Math.exp(1)', /globalThis/],
    ['setTimeout(f, 1)', /setTimeout/],
    ['const e = process.env', /process/],
  ]

  test.each(bad)('%s', (text, complaint) => {
    for (const path of ['src/model/a.ts', 'src/rnn/a.ts', 'src/kernels/a.ts']) {
      expect(complaints(checkPurity, path, text)[0]).toMatch(complaint)
    }
    expect(complaints(checkPurity, 'src/task/a.ts', text)).toEqual([])
  })

  test('but not on the arithmetic that is allowed', () => {
    const text = [
      'const y = Math.sqrt(x ** 2) + Math.fround(Math.max(Math.abs(x), 1))',
      'x **= 2',
      'rows.sort((a, b) => a - b)',
      'for (const row of rows) use(row)',
      'const o = { process: 1, Date: 2 }',
      'use(o.process, o.Date)',
      'interface Clock { Date: number }',
      '// Math.exp in words',
    ].join('\n')
    expect(complaints(checkPurity, 'src/model/a.ts', text)).toEqual([])
  })
})

describe('the checks of shape fail on', () => {
  const lines = (count: number) => Array.from({ length: count }, (_, i) => `f(${i})`).join('\n')
  const twoHalves = ['TO', 'DO'].join('')

  test.each([
    ['src/a.ts', lines(401), /401 lines/],
    ['src/a.ts', `const a = '${'x'.repeat(90)}'`, /102 columns/],
    ['src/a.ts', `// ${twoHalves}: later`, /undone/],
    ['src/camelCase.ts', '', /kebab-case/],
  ])('text of %s', (path, text, complaint) => {
    expect(complaints(checkText, path, text)).toEqual([expect.stringMatching(complaint)])
  })

  test.each([
    `function long() {\n${lines(70)}\n}`,
    `const long = () => {\n${lines(70)}\n}`,
    `class A {\n  long() {\n${lines(70)}\n  }\n}`,
    `test('x', () => {\n${lines(70)}\n})`,
  ])('a long function: %.30s', (text) => {
    const [complaint, ...more] = complaints(checkFunctions, 'test/a.test.ts', text)
    expect(complaint).toMatch(/72 lines/)
    expect(more).toEqual([])
  })

  test.each([
    ['src/a.ts', 'const a = b as any', /any/],
    ['src/a.ts', 'const a = b!', /non-null/],
    ['src/a.ts', 'const a = b[0]!', /non-null/],
    ['src/model/a.ts', 'const a = b.c!', /off an index/],
    ['src/a.ts', 'let count = 0', /module level/],
    ['src/a.ts', 'export var count = 0', /module level/],
  ])('types of %s: %s', (path, text, complaint) => {
    expect(complaints(checkTypes, path, text)).toEqual([expect.stringMatching(complaint)])
  })

  test.each([
    "test.only('x', f)",
    "describe.skip('x', f)",
    "it.concurrent.skip('x', f)",
    "test.skipIf(windows)('x', f)",
    "describe.each([1]).todo('x')",
    "xit('x', f)",
  ])('a selection: %s', (text) => {
    expect(complaints(checkSelections, 'test/a.test.ts', text)).toHaveLength(1)
  })

  test('but on nothing within the limits', () => {
    expect(complaints(checkText, 'src/a-b/c.test.ts', `${lines(400)}\n`)).toEqual([])
    expect(complaints(checkText, 'src/a.ts', `const a = '${'é'.repeat(88)}'`)).toEqual([])
    const short = `function short() {\n${lines(68)}\n}`
    expect(complaints(checkFunctions, 'src/a.ts', short)).toEqual([])
    const chapter = `describe('x', () => {\n${lines(200)}\n})`
    expect(complaints(checkFunctions, 'test/a.test.ts', chapter)).toEqual([])
    const typed = 'const a = b[0]!\nfunction f() { let c = 0; return c }'
    expect(complaints(checkTypes, 'src/rnn/a.ts', typed)).toEqual([])
    expect(complaints(checkSelections, 'test/a.test.ts', 'stream.skip(1); buffer.only')).toEqual([])
    const inCi = 'test.runIf(installed || process.env.CI !== undefined)'
    expect(complaints(checkSelections, 'test/a.test.ts', inCi)).toEqual([])
  })
})
