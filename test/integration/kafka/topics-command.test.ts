import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { command } from '../../../src/cli/topics.ts'
import { testIo } from '../../unit/cli/replay-support.ts'
import { brokers, createTopic, readToEnd, withAdmin } from '../support/broker.ts'
import { type Application, application, output, outputs, Recorder, startSource } from './setup.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'headrace-topics-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

async function run(app: Application, ...args: string[]) {
  const file = join(folder, `${app.name}.yaml`)
  writeFileSync(
    file,
    JSON.stringify({
      name: app.name,
      kafka: { brokers: brokers() },
      input: { topic: app.topics.input },
      task: { targets: ['value'] },
    }),
  )
  const io = testIo({ env: {} })
  const code = await command.run(['-c', file, ...args], io)
  return { code, out: io.stdout.text, err: io.stderr.text }
}

describe('headrace topics', () => {
  test('creates the topics, then finds them', async () => {
    const app = application()
    const { input, predictions } = app.topics
    await expect(run(app)).rejects.toMatchObject({ code: 'HEADRACE_KAFKA_TOPIC_MISSING' })
    await createTopic(input, 2)
    await expect(run(app, '--check')).rejects.toMatchObject({ exitCode: 69 })
    const first = await run(app)
    expect(first).toMatchObject({ code: 0, err: '' })
    expect(first.out).toMatch(new RegExp(`^${input} +exists\n${predictions} +created\n`))
    expect(first.out).toContain('2 partitions')
    const second = await run(app, '--check', '--json')
    expect(JSON.parse(second.out)).toEqual({
      partitions: 2,
      topics: Object.values(app.topics).map((name) => ({ name, created: false })),
      deleted: [],
      problems: [],
      warnings: [],
    })
  })

  test('exits 69 for what run refuses, and says it', async () => {
    const app = application()
    await createTopic(app.topics.input, 1, { 'cleanup.policy': 'compact' })
    const { code, err } = await run(app)
    expect(code).toBe(69)
    expect(err).toMatch(/^headrace: The input topic .* is compacted/)
  })

  test('--create-input creates the input too', async () => {
    const app = application()
    const { code, out } = await run(app, '--create-input', '3', '--replication-factor', '1')
    expect(code).toBe(0)
    expect(out).toMatch(new RegExp(`^${app.topics.input} +created`))
    expect(out).toContain('3 partitions')
  })

  test('--reset empties our topics, forgets the group, refuses while it has members', async () => {
    const app = application()
    await run(app, '--create-input', '1')
    const writer = await app.sink().open(0)
    await writer.commit(outputs({ predictions: [output('k', 'p')], nextOffset: 5n }))
    await writer.close()

    const { source } = await startSource(app, new Recorder())
    await expect(run(app, '--reset')).rejects.toThrow(/has members/)
    expect(await readToEnd(app.topics.predictions)).toHaveLength(1)
    await source.stop()

    const { code, out } = await run(app, '--reset')
    expect(code).toBe(0)
    expect(out).toContain(`${app.topics.changelog}`)
    expect(await readToEnd(app.topics.predictions)).toEqual([])
    expect(await withAdmin((admin) => admin.fetchOffsets({ groupId: app.name }))).toEqual([])
  })
})
