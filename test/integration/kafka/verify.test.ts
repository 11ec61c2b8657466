import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { command as inspectCommand } from '../../../src/cli/inspect.ts'
import { command as verifyCommand } from '../../../src/cli/verify.ts'
import { testIo } from '../../unit/cli/replay-support.ts'
import { type App, createApp, learntUpTo, Run, rows } from '../service/support.ts'
import { produce, readToEnd, withAdmin } from '../support/broker.ts'

const quick = ['--set', 'snapshot.maxReplayMs=50']
const total = 3_000
/** Of those of one partition, see `row`. */
const letters = total / 50

async function run(command: typeof verifyCommand, app: App, args: readonly string[]) {
  const io = testIo({ env: {} })
  const code = await command.run(['-c', app.file, '--json', ...args], io)
  return { code, report: JSON.parse(io.stdout.text) }
}

const verify = (app: App, ...args: string[]) => run(verifyCommand, app, args)
const inspect = (app: App, ...args: string[]) => run(inspectCommand, app, args)

/** What a person sees. */
async function linesOf(command: typeof verifyCommand, app: App, ...args: string[]) {
  const io = testIo({ env: {} })
  await command.run(['-c', app.file, ...args], io)
  return io.stdout.text
}

/** Learns, killed by -9 on the way, and ends cleanly. */
async function learnt(partitions = 1): Promise<App> {
  const app = await createApp(partitions)
  const feed = async (from: number, to: number) => {
    for (let p = 0; p < partitions; p++) await produce(app.topics.input, rows(from, to, p))
  }
  const first = new Run(app.file, quick)
  await feed(0, total / 2)
  await learntUpTo(app, Array(partitions).fill(total / 4), first)
  await first.kill()
  await feed(total / 2, total)
  const second = new Run(app.file, quick)
  await learntUpTo(app, Array(partitions).fill(total), second)
  expect((await second.terminate()).code).toBe(0)
  return app
}

/** Makes it when it is first asked for: processes are started within tests. */
function once(make: () => Promise<App>): () => Promise<App> {
  let made: Promise<App> | undefined
  return () => {
    made ??= make()
    return made
  }
}

/** What retention does. */
function truncate(topic: string, offset: number | bigint): Promise<void> {
  return withAdmin(async (admin) => {
    // kafkajs deletes where it has looked before.
    await admin.fetchTopicOffsets(topic)
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: `${offset}` }] })
  })
}

describe('a run that was killed and started again', () => {
  test('is proven on all partitions, and no trace is left', async () => {
    const app = await learnt(2)
    const look = () =>
      withAdmin(async (admin) => ({
        groups: (await admin.listGroups()).groups.map(({ groupId }) => groupId).sort(),
        topics: (await admin.listTopics()).sort(),
        offsets: await Promise.all(
          Object.values(app.topics).map((topic) => admin.fetchTopicOffsets(topic)),
        ),
      }))
    const before = await look()
    const { code, report } = await verify(app)
    expect(code).toBe(0)
    expect(report).toMatchObject({
      verified: true,
      predictions: 2 * (total - letters),
      deadLetters: 2 * letters,
    })
    for (const partition of report.partitions) {
      expect(partition).toMatchObject({
        status: 'verified',
        provable: { from: 0, deadLettersFrom: 0, until: total },
        begin: { kind: 'input', records: 0 },
        snapshots: 2,
      })
      expect(partition.commits).toBeGreaterThan(2)
    }
    const lines = await linesOf(verifyCommand, app, '--partition', '1')
    expect(lines).toMatch(/^partition 1: 2,940 predictions, \d+ commits verified/)
    expect(lines).toContain('can prove input offsets 0 to 2999')
    expect(await look()).toEqual(before)
  })

  test('is proven while it goes on', async () => {
    const app = await createApp(1)
    const service = new Run(app.file, quick)
    await produce(app.topics.input, rows(0, total))
    await learntUpTo(app, [total / 2], service)
    let fed = total
    const feeding = (async () => {
      for (; fed < 3 * total; fed += 100) await produce(app.topics.input, rows(fed, fed + 100))
    })()
    const during = await verify(app)
    await feeding
    expect(during.report.partitions).toMatchObject([{ status: 'verified' }])
    expect(during.code).toBe(0)
    await learntUpTo(app, [fed], service)
    const { report } = await verify(app)
    expect(report.partitions).toMatchObject([{ status: 'verified', until: fed }])
    expect(report.predictions).toBeGreaterThan(during.report.predictions)
  })

  test('an interrupted verification says how far it came', async () => {
    const app = await learnt()
    const controller = new AbortController()
    const io = testIo({ env: {}, terminal: true, signal: controller.signal })
    // The bar shows up once records have been compared.
    const write = io.stderr.write.bind(io.stderr)
    io.stderr.write = ((...args: Parameters<typeof write>) => {
      controller.abort()
      return write(...args)
    }) as typeof write
    expect(await verifyCommand.run(['-c', app.file, '--json'], io)).toBe(1)
    const [partition] = JSON.parse(io.stdout.text).partitions
    expect(partition).toMatchObject({ status: 'interrupted', provable: { until: total } })
    expect(partition.until).toBeGreaterThan(0)
    expect(partition.until).toBeLessThan(total)
  })

  test('of which another configuration is refused as run refuses it', async () => {
    const app = await learnt()
    const other = ['--set', 'model.hidden=7']
    await expect(verify(app, ...other)).rejects.toMatchObject({
      code: 'HEADRACE_TASK_FINGERPRINT_FOREIGN',
      exitCode: 78,
      message: expect.stringContaining('model.hidden: 6, now 7'),
    })
    await expect(inspect(app, ...other, '--sequences')).rejects.toMatchObject({ exitCode: 78 })
    const { report } = await inspect(app, ...other)
    expect(report.partitions).toMatchObject([{ isOurs: false }])
  })
})

describe('what was published is found to be another', () => {
  test('by a foreign record at the end, and by a copy of one of ours', async () => {
    const app = await learnt()
    const published = await readToEnd(app.topics.predictions)
    const copied = published[10]!
    const { key, value } = copied
    await produce(app.topics.predictions, [{ partition: 0, key, value }])
    const [appended] = (await readToEnd(app.topics.predictions)).slice(-1)
    const { code, report } = await verify(app)
    expect(code).toBe(1)
    expect(report).toMatchObject({
      verified: false,
      partitions: [
        {
          status: 'different',
          predictions: total - letters,
          difference: {
            kind: 'duplicate',
            topic: 'predictions',
            inputOffset: JSON.parse(value!).offset,
            outputOffset: Number(appended!.offset),
            found: value,
          },
        },
      ],
    })
    // It lies behind what was asked for.
    expect((await verify(app, '--until', '2000')).code).toBe(0)
  })

  test('by a foreign record between ours', async () => {
    const app = await createApp(1)
    const service = new Run(app.file, quick)
    await produce(app.topics.input, rows(0, 500))
    await learntUpTo(app, [500], service)
    await produce(app.topics.predictions, [{ partition: 0, key: 'key-1', value: 'hello' }])
    const [foreign] = (await readToEnd(app.topics.predictions)).slice(-1)
    await produce(app.topics.input, rows(500, 1_000))
    await learntUpTo(app, [1_000], service)
    await service.terminate()
    const { report } = await verify(app)
    expect(report.partitions[0].difference).toMatchObject({
      kind: 'unexpected',
      inputOffset: 500,
      outputOffset: Number(foreign!.offset),
      found: 'hello',
    })
    const lines = await linesOf(verifyCommand, app)
    expect(lines).toContain(
      `DIFFERENT: unexpected, input offset 500, offset ${foreign!.offset} in the predictions`,
    )
  })
})

describe('where retention has been', () => {
  const state = join(mkdtempSync(join(tmpdir(), 'headrace-state-')), 'zero.state')
  const truncated = once(async () => {
    const app = await createApp(1)
    const service = new Run(app.file, quick)
    for (let from = 0; from < total; from += 500) {
      await produce(app.topics.input, rows(from, from + 500))
      await learntUpTo(app, [from + 500], service)
    }
    expect((await inspect(app, '--partition', '0', '--export', state)).code).toBe(0)
    await produce(app.topics.input, rows(total, 2 * total))
    await learntUpTo(app, [2 * total], service)
    await service.terminate()
    await truncate(app.topics.input, 20)
    return app
  })

  test('the oldest whole snapshot is begun with, and what lies before is not proven', async () => {
    const app = await truncated()
    const { code, report } = await verify(app)
    expect(code).toBe(0)
    const [{ begin, provable, predictions }] = report.partitions
    expect(begin.kind).toBe('snapshot')
    expect(begin.offset).toBeGreaterThanOrEqual(20)
    expect(provable).toEqual({
      from: begin.offset,
      deadLettersFrom: begin.offset,
      until: 2 * total,
    })
    expect(predictions).toBeGreaterThan(0)
    for (const asked of [
      ['--from', `${begin.offset - 1}`],
      ['--until', `${2 * total + 1}`],
    ]) {
      const outside = await verify(app, ...asked)
      expect(outside.code).toBe(1)
      expect(outside.report.partitions).toMatchObject([{ status: 'outside', provable }])
    }
    expect(await linesOf(verifyCommand, app, '--from', '0')).toContain(
      `asked for more than can be proven: input offsets ${begin.offset} to 5999`,
    )
    const within = await verify(app, '--from', `${2 * total - 100}`)
    expect(within.report).toMatchObject({ verified: true, predictions: 98, deadLetters: 2 })
  })

  test('an exported state is begun with, when all before it is gone', async () => {
    const app = await truncated()
    const whole = await verify(app, '--state', state)
    const [{ begin, provable }] = whole.report.partitions
    expect(whole.code).toBe(0)
    expect(begin).toMatchObject({ kind: 'state' })
    expect(provable).toMatchObject({ from: begin.offset, until: 2 * total })
    await truncate(app.topics.input, begin.offset)
    const first = (await readToEnd(app.topics.predictions)).find(
      ({ value }) => JSON.parse(value!).offset >= begin.offset,
    )
    await truncate(app.topics.predictions, first!.offset)
    const { code, report } = await verify(app, '--state', state)
    expect(report).toMatchObject({ verified: true, predictions: whole.report.predictions })
    expect(code).toBe(0)
    await truncate(app.topics.input, begin.offset + 1)
    const late = await verify(app, '--state', state)
    expect(late.report.partitions[0].reason).toContain('needs the input from offset')
    expect(late.code).toBe(1)
  })

  test('a damaged state is refused, and one of another application', async () => {
    const app = await truncated()
    const bytes = readFileSync(state)
    bytes[bytes.length >> 1]! ^= 4
    const damaged = `${state}.damaged`
    writeFileSync(damaged, bytes)
    await expect(verify(app, '--state', damaged)).rejects.toMatchObject({
      code: 'HEADRACE_STATE_INVALID',
      exitCode: 1,
    })
    await expect(verify(app, '--set', 'name=other', '--state', state)).rejects.toMatchObject({
      code: 'HEADRACE_USAGE',
    })
    await expect(verify(app, '--state', `${state}.absent`)).rejects.toMatchObject({
      code: 'HEADRACE_INPUT_UNREADABLE',
    })
  })
})

describe('inspect', () => {
  const whole = once(() => learnt())

  test('shows tasks, snapshots and sizes', async () => {
    const app = await whole()
    await produce(app.topics.input, rows(total, total + 7))
    const { code, report } = await inspect(app)
    expect(code).toBe(0)
    const [partition] = report.partitions
    expect(partition).toMatchObject({
      partition: 0,
      isOurs: true,
      commit: { records: total, nextOffset: total, startOffset: 0, gaps: [] },
      input: { start: 0, end: total + 7, neededFrom: total, lag: 7, groupOffset: total },
    })
    expect(partition.snapshots).toHaveLength(2)
    const [older, newest] = partition.snapshots
    // The last one is sealed at the end.
    expect(newest).toMatchObject({ records: total, ageRecords: 0, isNewest: true, sequences: 3 })
    expect(older.number).toBe(newest.number - 1)
    expect(older.slot).not.toBe(newest.slot)
    const { sizes } = partition.changelog
    expect(sizes.commit.rows).toBe(1)
    expect(sizes.sequence.rows).toBe(6)
    expect(sizes.shared.bytes).toBeGreaterThan(10_000)
    expect(sizes.unknown.rows).toBe(0)
    const lines = await linesOf(inspectCommand, app)
    expect(lines).toContain('partition 0: 3,000 records')
    expect(lines).toContain('7 behind its end, group offset 3000')
    expect(lines).toMatch(/sequence +6 +/)
  })

  test('shows sequences', async () => {
    const app = await whole()
    const { report } = await inspect(app, '--sequences', '--sort', 'name', '--limit', '2')
    expect(report.partitions[0].state).toMatchObject({
      records: total,
      sequences: 3,
      list: [{ name: 'key-0' }, { name: 'key-1', hasWindow: true }],
    })
    const { code, report: one } = await inspect(app, '--sequence', 'key-1')
    expect(code).toBe(0)
    const { sequence } = one.partitions[0].state
    const [newest] = (await readToEnd(app.topics.predictions))
      .filter(({ key, offset }) => key === 'key-1' && offset > 0n)
      .slice(-1)
    const { predictions, time } = JSON.parse(newest!.value!)
    expect(sequence.time).toBe(time)
    // What is published has nine digits.
    const rounded = JSON.parse(JSON.stringify(sequence.predictions), (_, value) =>
      typeof value === 'number' ? Number(value.toPrecision(9)) : value,
    )
    expect(rounded).toEqual(
      predictions.map(({ for: _, ...prediction }: { for: unknown }) => prediction),
    )
    expect(sequence.networks[0].hidden[0]).toHaveLength(6)
    expect(Object.keys(sequence.networks[0].gates[0].gates)).toEqual([
      'reset',
      'update',
      'candidate',
    ])
    expect(sequence.gradientNormByLag['network:1e-3']).toHaveLength(8)
    const lines = await linesOf(inspectCommand, app, '--sequence', 'key-1')
    expect(lines).toContain('newest predictions')
    expect(lines).toContain('gradient norm by lag k')
    expect((await inspect(app, '--sequence', 'nobody')).code).toBe(1)
  })

  test('without a snapshot the input tells', async () => {
    const young = await createApp(1)
    const service = new Run(young.file)
    await produce(young.topics.input, rows(0, 40))
    await learntUpTo(young, [40], service)
    const { report } = await inspect(young, '--sequences')
    expect(report.partitions[0].state).toMatchObject({ records: null })
    expect(await linesOf(inspectCommand, young, '--sequences')).toContain(
      'the state is that of 40 records from offset 0',
    )
    const replayed = await inspect(young, '--sequences', '--replay')
    expect(replayed.report.partitions[0].state).toMatchObject({ records: 40, sequences: 3 })
    await expect(inspect(young, '--export', '/tmp/never')).rejects.toMatchObject({
      code: 'HEADRACE_STATE_MISSING',
    })
  })
})
