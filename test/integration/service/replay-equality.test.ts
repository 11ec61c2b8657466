import { expect, test } from 'vitest'
import { createTopics, withAdmin } from '../../../src/kafka/topics.ts'
import { withAdmin as administer, brokers, produce, readToEnd } from '../support/broker.ts'
import { checkReplayEquality, lines } from './replay-equality.ts'
import { type App, appOn, createApp, learntUpTo, Run } from './support.ts'

test('what is published is, byte for byte, what `headrace replay` writes', () =>
  checkReplayEquality())

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
