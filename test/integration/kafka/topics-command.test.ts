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

/** `answer`: what someone at a terminal types. */
async function runOnTerminal(app: Application, answer: string, ...args: string[]) {
  const io = testIo({ env: {}, terminal: true, stdin: answer })
  Object.assign(io.stdin, { isTTY: true })
  const code = await command.run(['-c', configFile(app), ...args], io)
  return { code, out: io.stdout.text, err: io.stderr.text }
}

async function run(app: Application, ...args: string[]) {
  const io = testIo({ env: {} })
  const code = await command.run(['-c', configFile(app), ...args], io)
  return { code, out: io.stdout.text, err: io.stderr.text }
}

function configFile(app: Application): string {
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
  return file
}

describe('headrace topics', () => {
  test('creates the topics, then finds them', async () => {
    const app = application()
    const { input, predictions } = app.topics
    await expect(run(app)).rejects.toMatchObject({ code: 'HEADRACE_KAFKA_TOPIC_MISSING' })
    await createTopic(input, 2)
    const incomplete = await run(app, '--check')
    expect(incomplete).toMatchObject({ code: 69 })
    expect(incomplete.out).toMatch(new RegExp(`${predictions} +missing\n`))
    expect(incomplete.err).toMatch(/do not exist.*Create with `headrace topics/)
    const first = await run(app)
    expect(first).toMatchObject({ code: 0, err: '' })
    expect(first.out).toMatch(new RegExp(`^${input} +exists +2 partitions, 1 copy\n`))
    expect(first.out).toMatch(new RegExp(`\n${predictions} +created +2 partitions`))
    expect(first.out).not.toMatch(/refused|warning|change:/)
    const second = await run(app, '--check', '--json')
    expect(JSON.parse(second.out)).toMatchObject({
      partitions: 2,
      topics: Object.values(app.topics).map((name) => ({
        name,
        created: false,
        exists: true,
        partitions: 2,
        replicationFactor: 1,
        commands: [],
      })),
      deleted: [],
      problems: [],
      warnings: [],
    })
  })

  test('explains each setting that is not as it would be, and changes none', async () => {
    const app = application()
    const { input, predictions, changelog } = app.topics
    await createTopic(input, 2, { 'retention.ms': '3600000', 'compression.type': 'snappy' })
    await createTopic(predictions, 1, { 'max.message.bytes': '500000' })
    await createTopic(changelog, 2, { 'cleanup.policy': 'compact,delete' })
    const { code, out, err } = await run(app, '--json')
    expect(code).toBe(69)
    expect(err).toBe('')
    const { topics, problems } = JSON.parse(out) as {
      problems: string[]
      topics: { name: string; commands: string[]; remarks: Record<string, string>[] }[]
    }
    expect(problems).toHaveLength(2)
    const of = (name: string) => topics.find((topic) => topic.name === name)!
    const said = (name: string) =>
      of(name).remarks.map(({ level, setting, present, wanted }) => [
        level,
        setting,
        present,
        wanted,
      ])
    expect(said(input)).toEqual([
      ['warning', 'retention.ms', '3600000', String(7 * 24 * 3_600_000)],
      ['warning', 'compression.type', 'snappy', 'producer'],
      ['note', 'replication.factor', '1', null],
    ])
    expect(said(predictions)).toEqual([
      ['refused', 'partitions', '1', '2'],
      ['warning', 'message.timestamp.type', 'CreateTime', 'LogAppendTime'],
      ['warning', 'max.message.bytes', '500000', '1000000'],
      ['note', 'replication.factor', '1', null],
    ])
    expect(said(changelog).slice(0, 2)).toEqual([
      ['refused', 'cleanup.policy', 'compact,delete', 'compact'],
      ['warning', 'segment.bytes', '1073741824', '33554432'],
    ])
    const server = brokers()[0]
    expect(of(predictions).commands).toEqual([
      `kafka-topics.sh --bootstrap-server ${server} --alter --topic ${predictions} --partitions 2`,
      `kafka-configs.sh --bootstrap-server ${server} --alter --entity-type topics --entity-name ` +
        `${predictions} ` +
        '--add-config message.timestamp.type=LogAppendTime,max.message.bytes=1000000',
    ])
    const people = await run(app)
    expect(people.out).toContain(
      '  refused: cleanup.policy is compact,delete, must be compact\n    The state is the newest',
    )
    expect(people.out).toContain(`  change: ${of(predictions).commands[0]}\n`)
    expect(people.out.split('kept for 60 minutes')).toHaveLength(2)
    expect(JSON.parse((await run(app, '--json')).out).topics).toEqual(
      topics.map((topic) => ({ ...topic, created: false })),
    )
  })

  test('--dry-run shows what would be created, and creates nothing', async () => {
    const app = application()
    const { input, predictions } = app.topics
    const { code, out } = await run(app, '--dry-run', '--create-input', '4')
    expect(code).toBe(0)
    expect(out).toMatch(new RegExp(`^${input} +would be created +4 partitions, copies as the`))
    expect(out).toMatch(new RegExp(`\n${predictions} +would be created`))
    expect(out).toContain('\n  message.timestamp.type=LogAppendTime\n')
    expect(out).toContain('\n  segment.bytes=33554432\n')
    await expect(run(app, '--dry-run')).rejects.toMatchObject({ exitCode: 69 })
    expect(await withAdmin((admin) => admin.listTopics())).not.toContain(input)

    await run(app, '--create-input', '2')
    const reset = await run(app, '--dry-run', '--reset', '--replication-factor', '2', '--json')
    const plan = JSON.parse(reset.out) as { deleted: string[]; topics: object[] }
    expect(plan).toMatchObject({ dryRun: true, partitions: 2, problems: [] })
    expect(plan.deleted).toEqual(Object.values(app.topics).slice(1))
    expect(plan.topics[0]).toMatchObject({ name: input, exists: true })
    expect(plan.topics[1]).toMatchObject({
      name: predictions,
      exists: false,
      replicationFactor: 2,
      settings: { 'cleanup.policy': 'delete', 'message.timestamp.type': 'LogAppendTime' },
    })
    expect(await withAdmin((admin) => admin.listTopics())).toEqual(
      expect.arrayContaining(Object.values(app.topics)),
    )
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
    await expect(run(app, '--reset', '--yes')).rejects.toThrow(/has members/)
    await expect(runOnTerminal(app, `${app.name}\n`, '--reset')).rejects.toThrow(/has members/)
    expect(await readToEnd(app.topics.predictions)).toHaveLength(1)
    await source.stop()

    await expect(run(app, '--reset')).rejects.toMatchObject({ exitCode: 2 })
    // Anything but the application's name is a no, and so is the end of the input.
    for (const answer of ['y\n', '']) {
      const refused = await runOnTerminal(app, answer, '--reset')
      expect(refused.code).toBe(1)
      expect(refused.err).toContain('nothing was deleted')
    }
    expect(await readToEnd(app.topics.predictions)).toHaveLength(1)

    const { code, out, err } = await runOnTerminal(app, `${app.name}\n`, '--reset')
    expect(err).toContain(
      `deletes the group ${app.name} with its offsets and ${app.name}.predictions`,
    )
    expect(code).toBe(0)
    expect(out).toContain(`${app.topics.changelog}`)
    expect(await readToEnd(app.topics.predictions)).toEqual([])
    expect(await withAdmin((admin) => admin.fetchOffsets({ groupId: app.name }))).toEqual([])
  })
})
