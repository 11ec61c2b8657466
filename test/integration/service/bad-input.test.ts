import { createHash } from 'node:crypto'
import type { Message } from 'kafkajs'
import { expect, test } from 'vitest'
import { produce, readToEnd } from '../support/broker.ts'
import { createApp, expectedOutputs, learntUpTo, published, Run, row } from './support.ts'

const at = '2020-09-13T12:26:40.000Z'
const pad = (bytes: number): string => 'x'.repeat(bytes)

/** Value of a record, and the code of its dead letter; null where it is used. */
const cases: readonly [string, Message, string | null][] = [
  ['bytes that are no text', { value: Buffer.from([0xff, 0xfe, 0]) }, 'HEADRACE_RECORD_'],
  ['text that is no JSON', { value: '{"y": 1' }, 'HEADRACE_RECORD_'],
  ['JSON that is no object', { value: '[1, 2]' }, 'HEADRACE_RECORD_'],
  ['nothing', { value: '' }, 'HEADRACE_RECORD_'],
  ['a null value', { value: null }, 'HEADRACE_RECORD_'],
  ['a string for a number', { value: `{"at":"${at}","y":"7"}` }, 'HEADRACE_RECORD_'],
  ['NaN', { value: `{"at":"${at}","y":NaN}` }, 'HEADRACE_RECORD_'],
  ['1e300', { value: `{"at":"${at}","y":1e300}` }, 'HEADRACE_RECORD_'],
  ['1e999', { value: `{"at":"${at}","y":1e999}` }, 'HEADRACE_RECORD_'],
  ['a time that is none', { value: '{"at":"yesterday","y":7}' }, 'HEADRACE_RECORD_'],
  ['a huge key', { key: pad(9_000), value: `{"at":"${at}","y":7}` }, 'HEADRACE_RECORD_'],
  ['a key of 3 MB', { key: pad(3_000_000), value: `{"at":"${at}","y":7}` }, 'HEADRACE_RECORD_'],
  ['5 MB that are no JSON', { key: 'k', value: pad(5_000_000) }, 'HEADRACE_RECORD_'],
  [
    '5 MB well-formed',
    { key: 'k', value: `{"at":"${at}","y":7,"note":"${pad(5_000_000)}"}` },
    null,
  ],
  ['a missing target', { key: 'k', value: `{"at":"${at}"}` }, null],
  ['the same time again', { key: 'k', value: `{"at":"${at}","y":8}` }, null],
  ['an earlier time', { key: 'k', value: '{"at":"2010-01-01T00:00:00Z","y":9}' }, null],
]

test('what cannot be used becomes a dead letter, and the next record is learnt', async () => {
  const app = await createApp(2, {}, { 'max.message.bytes': '8388608' })
  const messages = cases.flatMap(([, message], i) => [{ ...message, partition: 0 }, row(i)])
  for (const message of messages) await produce(app.topics.input, [message])
  const run = new Run(app.file)
  await learntUpTo(app, [messages.length, 0], run)
  expect((await run.get('/readyz')).status).toBe(200)
  expect((await run.terminate()).code).toBe(0)

  const deadLetters = await readToEnd(app.topics.deadLetters)
  const byOffset = new Map(
    deadLetters.map((record) => [Number(record.headers['headrace-source-offset']), record]),
  )
  for (const [i, [what, message, code]] of cases.entries()) {
    const record = byOffset.get(2 * i)
    expect(record !== undefined, what).toBe(code !== null)
    if (record === undefined || code === null) continue
    expect(record.headers['headrace-error-code'], what).toContain(code)
    expect(record.headers['headrace-error-message']?.length, what).toBeGreaterThan(10)
    if (`${message.key}`.length > 524_288) {
      expect(record.key, what).toBeNull()
      expect(record.headers['headrace-key-bytes'], what).toBe('3000000')
    }
    const bytes = message.value === null ? null : Buffer.from(message.value)
    if (bytes !== null && bytes.length > 524_288) {
      expect(record.value, what).toBeNull()
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      expect(record.headers['headrace-value-sha256'], what).toBe(sha256)
      expect(record.headers['headrace-value-bytes'], what).toBe(`${bytes.length}`)
    } else {
      expect(record.value, what).toBe(bytes === null ? null : bytes.toString())
    }
  }
  const usable = cases.filter(([, , code]) => code === null).length + cases.length
  const { predictions } = await published(app, 0)
  expect(predictions).toHaveLength(usable)
  const expected = await expectedOutputs(app, 0)
  // Bytes that are no text do not survive this reader; for predictions only their count matters.
  expect(predictions).toEqual(expected.predictions)
})
