import { expect, test } from 'vitest'
import { brokers, produce, until } from '../support/broker.ts'
import { createApp, Run } from './support.ts'

/** Short, so that the block is longer also where processors are faster. */
const sessionTimeoutMs = 1_500
const keys = 120
const steps = 17

test('heartbeats go on while a block learns for longer than the session', async () => {
  const app = await createApp(1, {
    kafka: { brokers: brokers(), sessionTimeoutMs, heartbeatIntervalMs: 300 },
    input: { key: 'k' },
    // Plain loops over a wide layer, and one block in which all sequences join: seconds of work.
    model: {
      kernel: 'reference',
      hidden: 640,
      window: 16,
      updateEvery: 8,
      block: 4_000,
      portfolio: 'network',
      diagnostics: false,
    },
    workers: { count: 1 },
  })
  const messages = Array.from({ length: keys * steps }, (_, i) => {
    const value = JSON.stringify({ at: 60_000 * i, k: `k${i % keys}`, y: Math.sin(i / keys) })
    return { partition: 0, key: null, value }
  })
  await produce(app.topics.input, messages)
  const run = new Run(app.file)
  await run.event('task.running')
  let [predicted, changedMs, longestMs] = [0, performance.now(), 0]
  await until(
    'all records to be predicted',
    async () => {
      const now = await run.metric('headrace_predictions_total')
      longestMs = Math.max(longestMs, performance.now() - changedMs)
      if (now !== predicted) changedMs = performance.now()
      predicted = now
      return now === keys * steps
    },
    90_000,
  )
  expect(longestMs, 'longest time in which the model said nothing').toBeGreaterThan(
    sessionTimeoutMs,
  )
  expect(run.events('group.assigned')).toHaveLength(1)
  expect(run.events('task.restarting')).toHaveLength(0)
  expect((await run.terminate()).code).toBe(0)
}, 150_000)
