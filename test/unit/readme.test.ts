import { execFile } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { forecastOf } from '../../src/config/kinds.ts'
import { loadServiceConfig } from '../../src/config/load.ts'
import { ForecastEncoder } from '../../src/record/encode-forecast.ts'
import { Processor } from '../../src/task/processor.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const readme = await readFile(`${root}README.md`, 'utf8')

/** The content of the README's only code block in `language` that contains `text`. */
function block(language: string, text: string): string {
  const blocks = [...readme.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
  const found = blocks.filter(([, tag, body]) => tag === language && body?.includes(text))
  expect(found, `blocks of ${language} with ${text}`).toHaveLength(1)
  return found[0]?.[2] ?? ''
}

/**
 * The shape of a JSON value: its keys in order, arrays by their first element, types of the rest.
 */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return [shape(value[0])]
  if (value === null || typeof value !== 'object') return typeof value
  return Object.entries(value).map(([key, inner]) => [key, shape(inner)])
}

test('there are exactly two set-up commands', () => {
  expect(readme.match(/npm ci && npm (start|test)/g)).toEqual([
    'npm ci && npm start',
    'npm ci && npm test',
  ])
})

test('the configuration is valid, and the records in and out are what it makes of them', () => {
  const loaded = loadServiceConfig({ text: block('yaml', 'taxi.rides'), env: {} })
  const config = forecastOf(loaded.config, 'the README')
  const [, record] = /In goes `(\{.*?\})`/.exec(readme) ?? []
  const processor = new Processor(config)
  const fields = { ...config.task, horizons: config.task.horizons }
  const encoder = new ForecastEncoder({
    fields,
    levels: config.task.intervals,
    application: config.name,
  })
  let out = ''
  for (let i = 0; i < 12; i++) {
    const minute = String(10 + 30 * (i % 2)).slice(0, 2)
    const time = `${String(i >> 1).padStart(2, '0')}:${minute}:00`
    // Of a constant nothing is a surprise.
    const value = record?.replace('00:00:00', time).replace('10844', String(10844 + 7 * i * i))
    const outcome = processor.process(null, Buffer.from(value ?? ''), null)
    expect(outcome.failure).toBeNull()
    out = encoder.encode(BigInt(i), outcome.forecast)
  }
  const documented = shape(JSON.parse(block('json', '"observed"')))
  expect(shape(JSON.parse(out))).toEqual(documented)
})

test('the library example runs and has learnt the sine it is fed', async () => {
  const file = `${root}test/unit/.readme-example.ts`
  const source = block('js', 'new Learner').replace("'headrace'", "'../../src/index.ts'")
  await writeFile(file, source)
  try {
    const { stdout } = await run('node', [file])
    const means = [...stdout.matchAll(/mean: (-?[\d.]+)/g)].map(([, mean]) => Number(mean))
    const expected = [1, 3].map((k) => 100 + 40 * Math.sin((2 * Math.PI * (499 + k)) / 24))
    expect(means).toHaveLength(2)
    means.forEach((mean, i) => {
      expect(Math.abs(mean - (expected[i] ?? 0))).toBeLessThan(1)
    })
  } finally {
    await rm(file)
  }
})

test('the figures are those that the command prints', async () => {
  const [, line = ''] = /^npx headrace (replay deploy\/demo.*)$/m.exec(readme) ?? []
  const args = ['bin/headrace.js', ...line.split(' '), '--json']
  const { stdout } = await run('node', args, { cwd: root })
  const [one, five] = JSON.parse(stdout).scores
  const number = String.raw`(\d\.\d+)`
  const pattern =
    `MAPE is ${number} one step.*? ${number}\\s+five ahead;.*? ${number} \\(log domain\\)` +
    `.*? ${number} \\(linear\\),.*?forecast ${number}`
  const said = new RegExp(pattern, 's').exec(readme)
  const shown = [one.wmape, five.wmape, one.members['rls:log'].wmape]
  shown.push(five.members['rls:linear'].wmape, five.members['seasonal:336'].wmape)
  expect(said?.slice(1)).toEqual(shown.map((value: number) => value.toFixed(4)))
})
