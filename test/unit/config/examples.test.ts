import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { loadConfig } from '../../../src/config/load.ts'

const folder = fileURLToPath(new URL('../../../deploy/', import.meta.url))
// Those of other programs are checked by their own tests.
const others = /prometheus|grafana|compose|dashboards|datasources/
const files = globSync('{demo,examples}/**/*.yaml', { cwd: folder }).filter(
  (file) => !others.test(file),
)

const anything = 'something-of-any-kind'

/** Stands for any environment: every variable that an example names is set to something. */
const env = new Proxy<Record<string, string | undefined>>(
  {},
  {
    get: (_target, name) => (String(name) === 'KAFKA_BROKERS' ? undefined : anything),
    getOwnPropertyDescriptor: (_target, name) =>
      String(name) === 'KAFKA_BROKERS'
        ? undefined
        : { value: anything, configurable: true, enumerable: true },
  },
)

test('there are examples', () => {
  expect(files.length).toBeGreaterThan(0)
})

test.each(files)('deploy/%s is valid, and without a warning', (file) => {
  const { warnings } = loadConfig({ file: `${folder}${file}`, env })
  expect(warnings).toEqual([])
})
