import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createTopics, withAdmin } from '../../../src/kafka/topics.ts'
import { withAdmin as administer, brokers, produce, readToEnd } from '../support/broker.ts'
import { type App, appOn, binary, createApp, learntUpTo, Run } from './support.ts'

/** JSON lines of two sequences: some useless, some out of order, some without the target. */
function lines(count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const at = new Date(1_600_000_000_000 + (i % 11 === 5 ? i - 4 : i) * 60_000).toISOString()
    const station = `s${(i * 7) % 2}`
    const y = 50 + 9 * Math.sin(i / 4) + ((i * 31) % 7)
    if (i % 23 === 9) return `{"at":"${at}","station":"${station}","y":`
    if (i % 29 === 3) return JSON.stringify({ at, station, y: 'n/a' })
    if (i % 31 === 8) return JSON.stringify({ at, y })
    if (i % 17 === 2) return JSON.stringify({ at, station })
    return JSON.stringify({ at, station, y })
  })
}

/** What `headrace replay --predictions` writes for these lines with the same configuration. */
function replayed(app: App, records: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'headrace-replay-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [file, predictions] = [join(folder, 'in.jsonl'), join(folder, 'out.jsonl')]
  writeFileSync(file, `${records.join('\n')}\n`)
  const args = ['replay', file, '-c', app.file, '--predictions', predictions, '--json']
  const summary = execFileSync(process.execPath, [binary, ...args], { encoding: 'utf8' })
  return {
    predictions: readFileSync(predictions, 'utf8').trimEnd().split('\n'),
    deadLetters: (JSON.parse(summary) as { deadLetters: number }).deadLetters,
  }
}

test('what is published is, byte for byte, what `headrace replay` writes', async () => {
  const records = lines(400)
  const app = await createApp(1, { input: { key: 'station' } })
  const messages = records.map((value) => ({ partition: 0, value }))
  // In the middle of it the first process dies: no reader may see where.
  await produce(app.topics.input, messages.slice(0, 250))
  const first = new Run(app.file)
  await learntUpTo(app, [100], first)
  await first.kill()
  await produce(app.topics.input, messages.slice(250))
  const second = new Run(app.file)
  await learntUpTo(app, [400], second)
  expect((await second.terminate()).code).toBe(0)

  const expected = replayed(app, records)
  const published = await readToEnd(app.topics.predictions)
  expect(published.map(({ value }) => value)).toEqual(expected.predictions)
  const deadLetters = await readToEnd(app.topics.deadLetters)
  expect(deadLetters).toHaveLength(expected.deadLetters)
  expect(expected.deadLetters).toBeGreaterThan(30)
})

test('an `input.key` that no record has makes dead letters that say so', async () => {
  const app = await createApp(1, { input: { key: 'sattion' } })
  const records = lines(40).filter((value) => value.endsWith('}'))
  await produce(
    app.topics.input,
    records.map((value) => ({ partition: 0, value })),
  )
  const run = new Run(app.file)
  await learntUpTo(app, [records.length], run)
  const labels = { partition: '0', reason: 'HEADRACE_RECORD_KEY_MISSING' }
  expect(await run.metric('headrace_dead_letters_total', labels)).toBe(records.length)
  expect((await run.get('/readyz')).status).toBe(200)
  expect((await run.terminate()).code).toBe(0)
  const deadLetters = await readToEnd(app.topics.deadLetters)
  expect(deadLetters.map(({ value }) => value)).toEqual(records)
  for (const { headers } of deadLetters) {
    expect(headers['headrace-error-code']).toBe('HEADRACE_RECORD_KEY_MISSING')
    expect(headers['headrace-error-message']).toContain('sattion')
  }
  expect(await readToEnd(app.topics.predictions)).toEqual([])
})

test('two applications learn from one topic, one of them from its end on', async () => {
  const all = await createApp(1)
  const value = (i: number): string =>
    JSON.stringify({ at: new Date(1_600_000_000_000 + i * 60_000).toISOString(), y: i % 5 })
  const messages = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => ({
      partition: 0,
      key: 'k',
      value: value(from + i),
    }))
  await produce(all.topics.input, messages(0, 50))
  const late = appOn(brokers(), { input: { topic: all.topics.input, from: 'latest' } })
  await withAdmin(late.config.kafka, (admin) => createTopics(admin, late.config))
  const before = new Run(late.file)
  await before.event('task.running')
  expect((await before.terminate()).code).toBe(0)
  // Where it begins is decided, and remembered although nothing came and its group is gone.
  await administer((admin) => admin.deleteGroups([late.config.name]))
  await produce(all.topics.input, messages(50, 80))

  const runs = [new Run(all.file), new Run(late.file)]
  await learntUpTo(all, [80], runs[0])
  await learntUpTo(late, [80], runs[1])
  for (const run of runs) expect((await run.terminate()).code).toBe(0)
  const offsets = async (app: App): Promise<number[]> => {
    const records = await readToEnd(app.topics.predictions)
    return records.map(({ value }) => (JSON.parse(value ?? '') as { offset: number }).offset)
  }
  expect(await offsets(all)).toEqual(Array.from({ length: 80 }, (_, i) => i))
  expect(await offsets(late)).toEqual(Array.from({ length: 30 }, (_, i) => 50 + i))
})
