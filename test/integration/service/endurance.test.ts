import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { produce } from '../support/broker.ts'
import { createApp, learntUpTo, Run, rows } from './support.ts'

test('an idle process takes less than 3 % of a core', async () => {
  const app = await createApp(2)
  await produce(app.topics.input, rows(0, 100))
  const run = new Run(app.file)
  await learntUpTo(app, [100, 0], run)
  // The coordinators of a fresh broker settle, the compiler comes to rest.
  await delay(4_000)
  const [beganMs, before] = [performance.now(), await run.metric('process_cpu_seconds_total')]
  await delay(10_000)
  const after = await run.metric('process_cpu_seconds_total')
  const share = (after - before) / ((performance.now() - beganMs) / 1_000)
  process.stderr.write(`idle: ${(100 * share).toFixed(2)} % of a core\n`)
  expect(share).toBeLessThan(0.03)
  expect((await run.terminate()).code).toBe(0)
})

test('memory stays flat over a backlog of more than 100,000 records', async () => {
  const model = { hidden: 4, portfolio: 'network', window: 8, updateEvery: 4, diagnostics: false }
  const app = await createApp(2, { model })
  const total = 120_000
  for (const partition of [0, 1]) await produce(app.topics.input, rows(0, total, partition))
  const beganMs = performance.now()
  const run = new Run(app.file)
  await run.event('task.running', 2)
  const samples: { records: number; megabytes: number }[] = []
  for (let records = 0; records < 2 * total; ) {
    await delay(250)
    records = await run.metric('headrace_records_total')
    samples.push({ records, megabytes: await residentMegabytes(run) })
    expect(performance.now() - beganMs, `${records} records`).toBeLessThan(60_000)
  }
  const seconds = (performance.now() - beganMs) / 1_000
  const highest = (from: number, to: number): number => {
    const within = samples.filter(({ records }) => records >= from && records <= to)
    return Math.max(...within.map(({ megabytes }) => megabytes))
  }
  const [early, late] = [highest(total / 4, total), highest(1.25 * total, 2 * total)]
  const rate = Math.round((2 * total) / seconds)
  process.stderr.write(`soak: ${rate} records/s, ${early} MB in the first half, then ${late} MB\n`)
  expect(late).toBeLessThan(1.15 * early + 20)
  await learntUpTo(app, [total, total], run)
  expect((await run.terminate()).code).toBe(0)
})

async function residentMegabytes(run: Run): Promise<number> {
  return Math.round((await run.metric('process_resident_memory_bytes')) / 1_048_576)
}

test('a model far slower than its share loses neither its group nor its epoch', async () => {
  const targets = Array.from({ length: 50 }, (_, i) => `y${i}`)
  const app = await createApp(1, {
    task: { targets, horizons: [1, 2, 3, 4, 5], calendar: false },
    model: { hidden: 256, updateEvery: 4, window: 16, kernel: 'reference' },
    commit: { intervalMs: 50 },
  })
  const value = (i: number): string =>
    JSON.stringify({
      at: new Date(1_600_000_000_000 + i * 60_000).toISOString(),
      ...Object.fromEntries(targets.map((name, t) => [name, 100 + 10 * Math.sin((i + t) / 5)])),
    })
  const count = 60
  const messages = Array.from({ length: count }, (_, i) => ({
    partition: 0,
    key: `k${i % 2}`,
    value: value(i),
  }))
  await produce(app.topics.input, messages)
  const run = new Run(app.file)
  await run.event('task.running')
  const beganMs = performance.now()
  await learntUpTo(app, [count], run)
  const perRecordMs = (performance.now() - beganMs) / count
  process.stderr.write(`slow model: ${perRecordMs.toFixed(0)} ms per record\n`)
  expect(perRecordMs).toBeGreaterThan(20)
  expect((await run.terminate()).code).toBe(0)
  // One join, and every transaction at the first attempt.
  expect(run.events('group.assigned')).toHaveLength(1)
  for (const event of ['commit.failed', 'kafka.restart', 'task.restarting', 'kafka.misplaced']) {
    expect(run.events(event), event).toEqual([])
  }
})
