import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { produce } from '../support/broker.ts'
import { binary, createApp, expectedOutputs, learntUpTo, published, Run } from './support.ts'

/** Lines of a text that repeats itself, by two authors. */
function texts(count: number): { key: string; value: string }[] {
  const words = ['the', 'whale', 'and', 'the', 'sea', 'call', 'me', 'a', 'ship']
  return Array.from({ length: count }, (_, i) => {
    const line = words.map((_, j) => words[(i * j + (i >> 2)) % words.length]).join(' ')
    return { key: `author-${i % 2}`, value: `${line}\n` }
  })
}

/** Records whose label comes later, in another order, now and then twice or never. */
function orders(count: number): { key: string; value: string }[] {
  const records: { key: string; value: string }[] = []
  for (let i = 0; i < count; i++) {
    const kind = ['a', 'b', 'c'][i % 3] as string
    const x = ((i * 17) % 23) / 7
    records.push({ key: 'shop', value: JSON.stringify({ id: `o${i}`, x, kind }) })
    const late = i - 10 - (i % 4)
    if (late < 0 || late % 13 === 0) continue
    const y = 3 * (((late * 17) % 23) / 7) + (late % 3)
    records.push({ key: 'shop', value: JSON.stringify({ id: `o${late}`, y }) })
    if (late % 17 === 0)
      records.push({ key: 'shop', value: JSON.stringify({ id: `o${late}`, y: 1 }) })
  }
  return records
}

const model = { hidden: 6, learningRates: [0.003], window: 8, updateEvery: 4 }
const kinds = [
  {
    name: 'bytes',
    task: { kind: 'symbols', contexts: { bits: 12 } },
    input: { format: 'bytes', time: undefined },
    records: texts(300),
  },
  {
    name: 'labels that come later',
    task: { kind: 'supervised', inputs: ['x'], categorical: ['kind'], targets: ['y'], id: 'id' },
    input: { time: undefined },
    records: orders(300),
  },
]

test.each(kinds)(
  '$name: a process that is killed is not seen in what is published',
  async (kind) => {
    const { task, records } = kind
    // Snapshots as often as they come: the second process restores one.
    const app = await createApp(1, {
      task,
      model,
      input: kind.input,
      snapshot: { maxReplayMs: 1 },
      log: { level: 'debug' },
    })
    const messages = records.map((record) => ({ partition: 0, ...record }))
    const half = messages.length >> 1
    await produce(app.topics.input, messages.slice(0, half))
    const first = new Run(app.file)
    await first.event('snapshot.sealed')
    await learntUpTo(app, [half], first)
    await first.kill()
    await produce(app.topics.input, messages.slice(half))
    const second = new Run(app.file)
    await learntUpTo(app, [messages.length], second)
    expect((await second.terminate()).code).toBe(0)

    const expected = await expectedOutputs(app, 0)
    expect(await published(app, 0)).toEqual(expected)
    expect(expected.predictions.length + expected.deadLetters.length).toBe(messages.length)
    // Ends with another code than 0 where anything is not proven.
    execFileSync(process.execPath, [binary, 'verify', '-c', app.file], { stdio: 'ignore' })
  },
)
