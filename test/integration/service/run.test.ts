import { expect, test } from 'vitest'
import { produce, produceTransaction, readToEnd, until, withAdmin } from '../support/broker.ts'
import { createApp, expectedOutputs, learntUpTo, published, Run, rows } from './support.ts'

test('one output for each input record, with the values of the model by itself', async () => {
  const app = await createApp(2)
  await produce(app.topics.input, rows(0, 300, 0))
  const run = new Run(app.file)
  await produce(app.topics.input, rows(300, 450, 1))
  await produceTransaction(app.topics.input, rows(0, 7, 1), 'abort')
  await produceTransaction(app.topics.input, rows(450, 500, 1), 'commit')
  await learntUpTo(app, [300, 208], run)

  const ready = await run.get('/readyz')
  expect(ready.status).toBe(200)
  await until('the scoreboard', async () => {
    return (await run.metric('headrace_sequences', { partition: '1' })) === 3
  })
  const [first, second] = [{ partition: '0' }, { partition: '1' }]
  expect(await run.metric('headrace_records_total', first)).toBe(300)
  expect(await run.metric('headrace_records_total', second)).toBe(200)
  expect(await run.metric('headrace_dead_letters_total', first)).toBe(6)
  expect(await run.metric('headrace_predictions_total', first)).toBe(294)
  expect(await run.metric('headrace_lag_records', first)).toBe(0)
  expect(await run.metric('headrace_prequential_mae', { member: 'mixture' })).toBeGreaterThan(0)
  expect(await run.metric('headrace_tasks', { state: 'RUNNING' })).toBe(2)
  expect(await run.metric('headrace_group_member')).toBe(1)
  const sinceMs =
    Date.now() - 1_000 * (await run.metric('headrace_last_heartbeat_timestamp_seconds'))
  expect(sinceMs).toBeLessThan(10_000)

  expect((await run.terminate()).code).toBe(0)
  expect(run.events('service.stopped')).toMatchObject([{ isClean: true }])
  for (const partition of [0, 1]) {
    expect(await published(app, partition)).toEqual(await expectedOutputs(app, partition))
  }
  // The last record of each transaction tells how far it goes.
  const { predictions, deadLetters } = app.topics
  const outputs = [...(await readToEnd(predictions)), ...(await readToEnd(deadLetters))]
  const headers = outputs
    .filter(({ partition, headers }) => partition === 0 && 'headrace-commit' in headers)
    .map(({ headers }) => JSON.parse(headers['headrace-commit'] ?? '') as { records: number })
  expect(
    headers
      .map(({ records }) => records)
      .toSorted((a, b) => a - b)
      .at(-1),
  ).toBe(300)
})

test('kill -9, SIGTERM and restarts in the middle change nothing of the outputs', async () => {
  const app = await createApp(1, { commit: { intervalMs: 20 } })
  await produce(app.topics.input, rows(0, 600))
  const first = new Run(app.file)
  await learntUpTo(app, [100], first)
  await first.kill()

  const second = new Run(app.file)
  const running = await second.event('task.running')
  expect(running.records).toBeGreaterThanOrEqual(100)
  await produce(app.topics.input, rows(600, 1_200))
  await learntUpTo(app, [700], second)
  expect((await second.terminate()).code).toBe(0)

  const third = new Run(app.file)
  await third.event('task.running')
  await learntUpTo(app, [1_200], third)
  expect((await third.terminate()).code).toBe(0)
  const { predictions, deadLetters } = await published(app, 0)
  expect(predictions.length + deadLetters.length).toBe(1_200)
  expect({ predictions, deadLetters }).toEqual(await expectedOutputs(app, 0))
})

test('two processes share two partitions, and one takes over when the other dies', async () => {
  const app = await createApp(2)
  await produce(app.topics.input, [...rows(0, 100, 0), ...rows(0, 100, 1)])
  const first = new Run(app.file)
  await learntUpTo(app, [100, 100], first)
  const second = new Run(app.file)
  await second.event('task.running')
  await produce(app.topics.input, [...rows(100, 200, 0), ...rows(100, 200, 1)])
  await learntUpTo(app, [200, 200], second)
  for (const run of [first, second]) {
    expect(run.events('group.assigned').at(-1)?.partitions).toHaveLength(1)
  }
  await first.kill()
  await produce(app.topics.input, [...rows(200, 300, 0), ...rows(200, 300, 1)])
  await learntUpTo(app, [300, 300], second)
  expect((await second.terminate()).code).toBe(0)
  for (const partition of [0, 1]) {
    expect(await published(app, partition)).toEqual(await expectedOutputs(app, partition))
  }
})

test('SIGTERM under load ends with 0 in its time, and the next run goes on', async () => {
  // The reference kernel needs seconds for all of it at the default size.
  const model = { kernel: 'reference' }
  const app = await createApp(1, { shutdown: { timeoutMs: 5_000 }, model })
  await produce(app.topics.input, rows(0, 3_000))
  const first = new Run(app.file)
  await learntUpTo(app, [50], first)
  const { code, durationMs } = await first.terminate()
  expect(code).toBe(0)
  expect(durationMs).toBeLessThan(5_000)
  const { predictions, deadLetters } = await published(app, 0)
  expect(predictions.length + deadLetters.length).toBeLessThan(3_000)
  const second = new Run(app.file)
  await learntUpTo(app, [3_000], second)
  expect((await second.terminate()).code).toBe(0)
  expect(await published(app, 0)).toEqual(await expectedOutputs(app, 0))
})

test('another configuration is refused with what has changed, exit code 78', async () => {
  const app = await createApp(1)
  await produce(app.topics.input, rows(0, 20))
  const first = new Run(app.file)
  await learntUpTo(app, [20], first)
  await first.terminate()
  const second = new Run(app.file, ['--set', 'model.hidden=5'])
  expect((await second.ended).code).toBe(78)
  expect(second.stderr).toContain('model.hidden: 6, now 5')
  expect(second.stderr).toContain('new application name')
})

test('a process stopped for longer than its session publishes nothing afterwards', async () => {
  const app = await createApp(1, { commit: { intervalMs: 20 } })
  await produce(app.topics.input, rows(0, 200))
  const zombie = new Run(app.file)
  await learntUpTo(app, [200], zombie)
  await produce(app.topics.input, rows(200, 900))
  await learntUpTo(app, [300], zombie)
  zombie.child.kill('SIGSTOP')
  // It learns of the other only after SIGCONT: its session has to expire first.
  const owner = new Run(app.file)
  await owner.event('task.running')
  await produce(app.topics.input, rows(900, 1_000))
  await learntUpTo(app, [1_000], owner)
  zombie.child.kill('SIGCONT')
  await until('the zombie to join again', () => zombie.events('group.assigned').length > 1)
  await produce(app.topics.input, rows(1_000, 1_100))
  await learntUpTo(app, [1_100], owner)
  expect((await zombie.terminate()).code).toBe(0)
  expect((await owner.terminate()).code).toBe(0)
  expect(await published(app, 0)).toEqual(await expectedOutputs(app, 0))
})

test('one partition whose input expired leaves the other running', async () => {
  const app = await createApp(2)
  await produce(app.topics.input, [...rows(0, 100, 0), ...rows(0, 100, 1)])
  const before = new Run(app.file)
  await learntUpTo(app, [100, 100], before)
  // No last snapshot behind which the input could go.
  await before.kill()
  const partitions = [{ partition: 0, offset: '10' }]
  await withAdmin(async (admin) => {
    // It loads the metadata that a deletion needs.
    await admin.fetchTopicOffsets(app.topics.input)
    await admin.deleteTopicRecords({ topic: app.topics.input, partitions })
  })
  await produce(app.topics.input, rows(100, 150, 1))

  const run = new Run(app.file)
  await run.event('task.failed')
  await learntUpTo(app, [100, 150], run)
  const { status, body } = await run.get('/readyz')
  expect(status).toBe(503)
  expect(body).toContain('records 0…9 are gone')
  expect((await run.terminate()).code).toBe(0)

  const hasty = new Run(app.file, ['--fail-fast'])
  expect((await hasty.ended).code).toBe(1)
  expect(hasty.stderr).toContain('records 0…9 are gone')
})
