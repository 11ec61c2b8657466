import { describe, expect, test } from 'vitest'
import { jsonSchema } from '../../../src/config/json-schema.ts'
import { kindDefaults } from '../../../src/config/kind-defaults.ts'
import { checkConfig, type LoadOptions, loadConfig } from '../../../src/config/load.ts'
import { formatPath } from '../../../src/config/places.ts'
import type { Config } from '../../../src/config/schema.ts'

function load(text: string, options: Partial<LoadOptions> = {}): Config {
  return loadConfig({ text, env: {}, ...options }).config
}

/** Path and message of each problem. */
function problems(text: string, options: Partial<LoadOptions> = {}): string[] {
  const result = checkConfig({ text, env: {}, ...options })
  if (!('problems' in result)) throw new Error('loading should have failed')
  return result.problems.map(({ path, message }) => `${formatPath(path)}: ${message}`)
}

describe('a valid task', () => {
  test('of symbols needs its field alone', () => {
    const { task, model } = load('task: { kind: symbols, field: token }')
    expect(task).toEqual({
      kind: 'symbols',
      field: 'token',
      alphabet: 'auto',
      maxSymbols: 4096,
      top: 5,
      contexts: { bits: 20 },
    })
    expect(model).toMatchObject(kindDefaults.symbols?.model as object)
  })

  test('of symbols needs nothing where records are bytes, each of them one', () => {
    const text = 'input: { format: bytes }\ntask: { kind: symbols }'
    expect(load(text).task).toMatchObject({ kind: 'symbols', alphabet: 'bytes' })
    const sets = ['task.kind=symbols', 'input.format=bytes']
    expect(loadConfig({ sets, env: {} }).config.task).toMatchObject({ alphabet: 'bytes' })
  })

  test('of labels needs its targets and what to predict them from', () => {
    const { task, model } = load('task: { kind: supervised, targets: [y], categorical: [c] }')
    expect(task).toEqual({
      kind: 'supervised',
      inputs: [],
      categorical: ['c'],
      targets: ['y'],
      type: 'regression',
      labels: { maxPending: 10_000 },
      maxClasses: 64,
      seasons: [],
      calendar: true,
      intervals: [0.8, 0.95],
    })
    expect(model).toMatchObject({ cell: 'gru', hidden: 32, layers: 1, normalise: false })
  })

  test('has the defaults of its kind only where nothing is said', () => {
    const text =
      'task: { kind: symbols, field: t, alphabet: auto }\nmodel: { hidden: 8, layers: 1 }'
    expect(load(text)).toMatchObject({
      task: { alphabet: 'auto' },
      model: { ...kindDefaults.symbols?.model, hidden: 8, layers: 1 },
    })
    const forecast = load('task: { targets: [y] }', { sets: ['model.cell=rnn'] })
    expect(forecast.model).toMatchObject({ cell: 'rnn', hidden: 32 })
  })

  test('may get its kind by --set, over what the file says', () => {
    const text = 'task: { kind: forecast }'
    const sets = ['task.kind=symbols', 'task.field=token']
    const { task, model } = load(text, { sets })
    expect(task).toMatchObject({ kind: 'symbols', field: 'token' })
    expect(model.updateEvery).toBe(16)
    const own = load('task: { kind: symbols, field: t }', { sets: ['model.updateEvery=4'] })
    expect(own.model.updateEvery).toBe(4)
  })

  test('lists symbols by their names: plain numbers are written the shortest way', () => {
    const { task } = load('task: { kind: symbols, field: t, alphabet: ["a", "1.0", "01"] }')
    expect(task).toMatchObject({ alphabet: ['a', '1', '01'] })
  })
})

describe('what is wrong', () => {
  const rejected: readonly (readonly [string, readonly string[]])[] = [
    [
      'task: { kind: symbols, field: t, horizons: [1] }',
      ['task.horizons: belongs to task.kind forecast; this task is of kind symbols'],
    ],
    [
      'task: { kind: symbols, field: t, calendar: false }',
      ['task.calendar: belongs to task.kind forecast or supervised; this task is of kind symbols'],
    ],
    [
      'task: { targets: [a], categorical: [b] }',
      ['task.categorical: belongs to task.kind supervised; this task is of kind forecast'],
    ],
    [
      'task: { kind: supervised, targets: [a], inputs: [b], contexts: { bits: 12 } }',
      ['task.contexts: belongs to task.kind symbols; this task is of kind supervised'],
    ],
    [
      'task: { targets: [a], horizon: [1] }',
      [
        'task.horizon: unknown key, expected one of kind, targets, inputs, known, horizons, ' +
          'seasons, calendar, intervals; nearest known name: horizons',
      ],
    ],
    [
      'task: { kind: supervised, targets: [a], inputs: [b], maxPending: 5 }',
      [
        'task.maxPending: unknown key, expected one of kind, inputs, categorical, targets, type, ' +
          'id, labels, maxClasses, seasons, calendar, intervals; ' +
          'nearest known name: task.labels.maxPending',
      ],
    ],
    [
      'task: { kind: symbol, field: t }',
      [
        'task.kind: expected forecast or symbols or supervised, got "symbol"; ' +
          'nearest known name: symbols',
      ],
    ],
    ['task: { kind: 3 }', ['task.kind: expected forecast or symbols or supervised, got 3']],
    [
      'task: { kind: symbols }',
      [
        'task.field: required: expected the field with the symbol; only input.format bytes goes ' +
          'without',
      ],
    ],
    [
      'task: { kind: supervised }',
      [
        'task.targets: required: expected non-empty list of: string',
        'task.inputs: required: expected a field to predict from, here or in task.categorical',
      ],
    ],
    [
      'task: { kind: supervised, targets: [y], inputs: [x], categorical: [y], id: x }',
      [
        'task.categorical[0]: the field "y" stands also in task.targets',
        'task.id: the field "x" stands also in task.inputs',
      ],
    ],
    [
      'task: { kind: symbols, field: t, end: t }',
      ['task.end: the field "t" stands also in task.field'],
    ],
    [
      'task: { kind: symbols, field: t, alphabet: byte }',
      [
        'task.alphabet: expected one of bytes, auto or list of at least 2 of: string, ' +
          'got "byte"; nearest known name: bytes',
      ],
    ],
    [
      'task: { kind: symbols, field: t, alphabet: [a] }',
      ['task.alphabet: expected one of bytes, auto or list of at least 2 of: string, got a list'],
    ],
    [
      'task: { kind: symbols, field: t, alphabet: [a, 1] }',
      ['task.alphabet[1]: expected string, got 1'],
    ],
    [
      'task: { kind: symbols, field: t, alphabet: [a, "1", "1.0"] }',
      ['task.alphabet: "1" stands in it twice'],
    ],
    [
      'input: { format: bytes, key: k, time: t }\ntask: { kind: symbols, alphabet: auto, end: e }',
      [
        'input.key: input.format bytes has no fields',
        'input.time: input.format bytes has no fields',
        'task.alphabet: expected bytes: input.format bytes has no other alphabet, got "auto"',
        'task.end: input.format bytes has no fields',
      ],
    ],
    [
      'input: { format: bytes }\ntask: { targets: [a] }',
      ['input.format: bytes are for task.kind symbols alone'],
    ],
    [
      'input: { format: csv, columns: [a] }\ntask: { kind: symbols, field: t, end: a }',
      ['task.field: the field "t" is not in input.columns'],
    ],
  ]
  test.each(rejected)('%s', (text, expected) => {
    expect(problems(text)).toEqual(expected)
  })

  test('is said of the kind that --set names', () => {
    const found = problems('task: { targets: [a], horizons: [1] }', { sets: ['task.kind=symbols'] })
    expect(found.toSorted()).toEqual([
      expect.stringContaining('task.field: required'),
      expect.stringContaining('task.horizons: belongs to task.kind forecast'),
      expect.stringContaining('task.targets: belongs to task.kind forecast or supervised'),
    ])
  })
})

describe('the schema for editors', () => {
  const task = jsonSchema().properties?.task
  const kinds = task?.oneOf ?? []

  test('tells the kinds apart by their names; a task without one is a forecast', () => {
    expect(kinds.map(({ properties }) => properties?.kind?.const)).toEqual([
      'forecast',
      'symbols',
      'supervised',
    ])
    expect(kinds.map(({ required }) => required)).toEqual([
      ['targets'],
      ['kind'],
      ['kind', 'targets'],
    ])
    for (const kind of kinds) expect(kind).toMatchObject({ additionalProperties: false })
  })

  test('tells of the defaults that depend on the kind', () => {
    const { model } = jsonSchema().properties ?? {}
    for (const [key, value] of Object.entries(kindDefaults.symbols?.model ?? {})) {
      expect(model?.properties?.[key]?.description).toContain(
        `Default with task.kind symbols: ${JSON.stringify(value)}.`,
      )
    }
  })
})
