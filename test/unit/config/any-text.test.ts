// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the configuration's own syntax
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { type LoadOptions, loadConfig } from '../../../src/config/load.ts'
import { HeadraceError } from '../../../src/errors.ts'

const valid = `name: taxi
kafka:
  brokers: "\${B:127.0.0.1:9092}"
  ssl: { ca: x }
  sasl: { mechanism: plain, username: u, password: p }
input: { topic: rides, from: 2014-07-01, time: &t timestamp, key: station }
task:
  targets: [passengers]
  horizons:
    - 1
    - \${H:5}
  seasons: [48, 336]
model: { block: auto, learningRates: [3e-4] }
`

/** True when it loads, false when it is refused as it should; anything else fails the test. */
function loads(options: Partial<LoadOptions>): boolean {
  try {
    loadConfig({ env: { A: '1' }, ...options })
    return true
  } catch (error) {
    if (!(error instanceof HeadraceError)) throw error
    expect(error.code).toBe('HEADRACE_CONFIG_INVALID')
    expect(error.message.split('\n').length).toBeGreaterThanOrEqual(3)
    return false
  }
}

test('no text makes loading throw anything but HeadraceError', () => {
  expect(loads({ text: valid })).toBe(true)
  const characters = fc.constantFrom(...'{}[]:,-#&*!|>\'"%@`?~<$ \n\t\\a0.é\u0000\ue07b')
  const noise = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: characters }))
  fc.assert(
    fc.property(noise, (text) => void loads({ text })),
    { numRuns: 500 },
  )
})

test('no damage to a valid file does', () => {
  const damage = fc.record({
    at: fc.nat({ max: valid.length }),
    length: fc.nat({ max: 12 }),
    insert: fc.oneof(
      fc.string({ maxLength: 4 }),
      fc.constantFrom('\n', '${', '${A}', '${Z}', '*t', '&u', '!!set', '- ', '? ', ': ', '<<: *t'),
    ),
  })
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 4 }), (damages) => {
      const text = damages.reduce(
        (before, { at, length, insert }) =>
          before.slice(0, at) + insert + before.slice(at + length),
        valid,
      )
      loads({ text })
    }),
    { numRuns: 500 },
  )
})

test('no structure does, in the right sections or anywhere', () => {
  const section = fc.constantFrom('name', 'kafka', 'input', 'task', 'model', '__proto__', 'x')
  const key = fc.constantFrom('sasl', 'ssl', 'brokers', 'targets', 'horizons', 'block', 'toString')
  const tree = fc.dictionary(section, fc.oneof(fc.jsonValue(), fc.dictionary(key, fc.jsonValue())))
  fc.assert(
    fc.property(tree, (value) => void loads({ text: stringify(value) })),
    { numRuns: 500 },
  )
})

test('no structure of a task does, of any kind', () => {
  const kind = fc.constantFrom('forecast', 'symbols', 'supervised', 'x', null)
  const key = fc.constantFrom(
    ...['targets', 'inputs', 'categorical', 'type', 'id', 'labels', 'maxClasses', 'seasons'],
    ...['field', 'alphabet', 'end', 'contexts', 'top', 'known', 'horizons', 'x'],
  )
  const value = fc.oneof(
    fc.jsonValue(),
    fc.array(fc.constantFrom('a', 'b', '1', '1.0')),
    fc.constantFrom('a', 'bytes', 'auto'),
    fc.record({ bits: fc.jsonValue(), maxPending: fc.integer() }),
  )
  const format = fc.constantFrom('json', 'csv', 'bytes', 3)
  fc.assert(
    fc.property(kind, fc.dictionary(key, value), format, (someKind, keys, someFormat) => {
      const root = { task: { ...keys, kind: someKind }, input: { format: someFormat } }
      loads({ text: stringify(root) })
    }),
    { numRuns: 1000 },
  )
})

test('no --set does', () => {
  const path = fc.array(
    fc.constantFrom('task', 'targets', 'kafka', 'sasl', '0', '[1]', '__proto__', 'constructor', ''),
  )
  const set = fc.oneof(
    fc.string(),
    fc.tuple(path, fc.string()).map(([parts, value]) => `${parts.join('.')}=${value}`),
  )
  fc.assert(
    fc.property(fc.array(set, { maxLength: 3 }), (sets) => void loads({ text: valid, sets })),
    { numRuns: 500 },
  )
})

test('hostile texts of 200 kB are refused within seconds', () => {
  const size = 200_000
  const texts = [
    Array.from({ length: size / 10 }, (_, i) => `key${i}: 1`).join('\n'),
    '['.repeat(size),
    '{a: '.repeat(size / 4),
    '- '.repeat(size / 2),
    `task: { targets: [${'a,'.repeat(size / 2)}] }`,
    `name: "${'${A:'.repeat(size / 4)}"`,
    `name: "${'${A}'.repeat(size / 4)}"`,
    `name: ${'x'.repeat(size)}`,
  ]
  for (const text of texts) {
    const start = performance.now()
    expect(loads({ text })).toBe(false)
    expect(performance.now() - start, text.slice(0, 20)).toBeLessThan(20_000)
  }
})
