import { describe, expect, test } from 'vitest'
import type { CommitRecord } from '../../../../src/task/commit-record.ts'
import { EngineServer } from '../../../../src/task/engine/engine-server.ts'
import type { EngineReply, EngineStart } from '../../../../src/task/engine/messages.ts'
import { unpackOutputs } from '../../../../src/task/engine/packed-outputs.ts'
import { packRecords } from '../../../../src/task/engine/packed-records.ts'
import { FakeProcessor, fakeEncoder } from '../support/fake-processor.ts'
import { VirtualTime } from '../support/virtual-time.ts'

const start: EngineStart = {
  position: 0n,
  snapshot: null,
  slotNames: [[], []],
  commit: null,
  hasGap: false,
  isOtherDevice: false,
  place: 'Partition 0',
}
const none = { snapshot: 'none', maxBytes: 1_000, maxMs: 1_000 } as const

/** Records from `from` on, as one message. */
function message(from: number, count: number, nextOffset = from + count) {
  const records = Array.from({ length: count }, (_, i) => ({
    offset: BigInt(from + i),
    timestampMs: from + i,
    key: Buffer.from('k'),
    value: Buffer.from(`${(from + i) % 5 === 4 ? 'bad' : 'good'}-${from + i}`),
  }))
  const packed = packRecords(records, { first: from, nextOffset: BigInt(nextOffset) })
  return { type: 'records', task: 0, records: packed } as const
}

function setUp(maxRecords = 1_000, recordMs = 0, atOnce = 1) {
  const time = new VirtualTime()
  const replies: EngineReply[] = []
  const processors: FakeProcessor[] = []
  const server = new EngineServer({
    clock: time,
    scheduler: time,
    bounds: { maxRecords, maxBytes: 1_000_000 },
    createProcessor: () => {
      const processor = new FakeProcessor('', () => time.advance(recordMs), atOnce)
      processors.push(processor)
      return processor
    },
    createEncoder: () => fakeEncoder,
    reply: (reply) => void replies.push(reply),
  })
  server.handle({ type: 'open', task: 0, partition: 0 })
  const of = <T extends EngineReply['type']>(type: T) =>
    replies.filter((each): each is Extract<EngineReply, { type: T }> => each.type === type)
  const until = (what: string, isDone: () => boolean) => time.until(what, isDone)
  return { server, time, replies, processors, of, until }
}

/** The commit record that a model after so many records would have. */
function commitAt(records: number, nextOffset: number): CommitRecord {
  const processor = new FakeProcessor()
  for (let i = 0; i < records; i++) {
    // As a view of the message's bytes, whose text is another than a Buffer's.
    const key = Uint8Array.from(Buffer.from('k'))
    processor.process(key, Buffer.from(`${i % 5 === 4 ? 'bad' : 'good'}-${i}`))
  }
  const chainHash = processor.model.chainHash()
  return { records, nextOffset: BigInt(nextOffset), chainHash } as CommitRecord
}

describe('an engine that runs', () => {
  test('answers a cut with all outputs since the last one, in order', async () => {
    const { server, of, until } = setUp()
    server.handle({ type: 'begin', task: 0, start })
    expect(of('begun').map(({ records }) => records)).toEqual([0])
    expect(of('arrived')).toHaveLength(1)
    server.handle(message(0, 7, 9))
    await until('the records', () => of('progress').at(-1)?.progress.handedOver === 7)
    server.handle({ type: 'cut', task: 0, request: none })
    const [cut] = of('cut').map((each) => each.cut)
    expect(cut).toMatchObject({ firstOffset: 0n, nextOffset: 9n, records: 7, last: 'prediction' })
    const outputs = unpackOutputs(cut?.predictions ?? never())
    expect(outputs.map(({ value }) => Number(`${value}`.split(' ')[0]))).toEqual([0, 1, 2, 3, 5, 6])
    expect(cut?.deadLetters).toHaveLength(1)
    server.handle({ type: 'cut', task: 0, request: none })
    expect(of('cut').at(-1)?.cut).toMatchObject({ firstOffset: 9n, predictions: { count: 0 } })
  })

  test('stops when its outputs are full, and goes on after a cut', async () => {
    const { server, of, until, time } = setUp(10)
    server.handle({ type: 'begin', task: 0, start })
    server.handle(message(0, 25))
    await until('the bound', () => of('progress').at(-1)?.progress.isFull === true)
    time.immediate(() => {})
    expect(of('progress').at(-1)?.progress).toMatchObject({ records: 10, handedOver: 10 })
    server.handle({ type: 'cut', task: 0, request: none })
    await until('the bound again', () => of('progress').at(-1)?.progress.records === 20)
    server.handle({ type: 'cut', task: 0, request: none })
    await until('the rest', () => of('progress').at(-1)?.progress.records === 25)
    expect(of('cut').map(({ cut }) => cut.records)).toEqual([10, 20])
  })

  test('gives a sign after each record where one takes seconds, from the first on', async () => {
    const { server, of, until } = setUp(1_000, 5_000)
    server.handle({ type: 'begin', task: 0, start })
    server.handle(message(0, 3))
    await until('the records', () => of('progress').at(-1)?.progress.handedOver === 3)
    expect(of('progress').map(({ progress }) => progress.handedOver)).toEqual([1, 2, 3])
  })

  test('gives a device more at once than other models, as long as a sign comes soon', async () => {
    const { server, of, until } = setUp(1_000, 20, 64)
    server.handle({ type: 'begin', task: 0, start })
    server.handle(message(0, 30))
    await until('the records', () => of('progress').at(-1)?.progress.handedOver === 30)
    const signs = of('progress').map(({ progress }) => progress.handedOver)
    // Twice as many each time, up to a tenth of a second.
    expect(signs).toEqual([1, 3, 7, 15, 23, 30])
  })

  test('tells what was published, once', async () => {
    const { server, of, until } = setUp()
    server.handle({ type: 'begin', task: 0, start })
    server.handle(message(0, 40))
    await until('the records', () => of('progress').at(-1)?.progress.handedOver === 40)
    const published = of('progress').flatMap(({ progress }) => progress.published ?? [])
    expect(published.reduce((sum, { predictions }) => sum + predictions, 0)).toBe(32)
    expect(published.reduce((sum, { updates }) => sum + updates, 0)).toBe(5)
    const bad = published.flatMap(({ failures }) => failures.map(([, count]) => count))
    expect(bad.reduce((sum, count) => sum + count, 0)).toBe(8)
  })
})

describe('an engine that replays', () => {
  test('reaches its goal by count, without outputs, wherever messages end', async () => {
    const { server, of, until } = setUp()
    server.handle({ type: 'begin', task: 0, start: { ...start, commit: commitAt(12, 14) } })
    expect(of('arrived')).toHaveLength(0)
    server.handle(message(0, 5))
    server.handle(message(5, 20))
    await until('the records', () => of('progress').at(-1)?.progress.handedOver === 25)
    expect(of('arrived')).toMatchObject([{ records: 12, chainHash: commitAt(12, 14).chainHash }])
    server.handle({ type: 'cut', task: 0, request: none })
    const [cut] = of('cut').map((each) => each.cut)
    expect(cut).toMatchObject({ firstOffset: 12n, nextOffset: 25n, records: 25 })
    expect((cut?.predictions.count ?? 0) + (cut?.deadLetters.length ?? 0)).toBe(13)
  })

  test('fails where it is led elsewhere', async () => {
    const { server, of, until } = setUp()
    const commit = { ...commitAt(12, 14), chainHash: 'another' }
    server.handle({ type: 'begin', task: 0, start: { ...start, commit } })
    server.handle(message(0, 25))
    await until('the failure', () => of('failed').length > 0)
    expect(of('failed')[0]?.error).toMatchObject({ code: 'HEADRACE_TASK_HASH_MISMATCH' })
  })

  test('fails where the input holds fewer records than were counted', async () => {
    const { server, of, until } = setUp()
    const commit = commitAt(12, 14)
    server.handle({ type: 'begin', task: 0, start: { ...start, commit } })
    server.handle(message(0, 11, 14))
    await until('the failure', () => of('failed').length > 0)
    expect(of('failed')[0]?.error.message).toContain('holds 11 records')
  })

  test('with a gap ends by position alone', async () => {
    const { server, of, until } = setUp()
    const gap = { ...start, commit: commitAt(30, 14), hasGap: true }
    server.handle({ type: 'begin', task: 0, start: gap })
    server.handle(message(0, 25))
    await until('the arrival', () => of('arrived').length > 0)
    expect(of('arrived')).toMatchObject([{ records: 14 }])
  })

  test('is not cut: that is a defect', () => {
    const { server, of } = setUp()
    server.handle({ type: 'begin', task: 0, start: { ...start, commit: commitAt(2, 2) } })
    server.handle({ type: 'cut', task: 0, request: none })
    expect(of('failed')).toMatchObject([{ error: { isDefect: true } }])
  })
})

describe('a snapshot', () => {
  test('goes over several cuts and is sealed as of the first', async () => {
    const { server, of, until } = setUp()
    server.handle({ type: 'begin', task: 0, start })
    server.handle(message(0, 8))
    await until('the records', () => of('progress').at(-1)?.progress.handedOver === 8)
    server.handle({ type: 'cut', task: 0, request: { ...none, snapshot: 'begin' } })
    server.handle(message(8, 4))
    await until('more records', () => of('progress').at(-1)?.progress.handedOver === 12)
    server.handle({ type: 'cut', task: 0, request: { ...none, snapshot: 'go-on' } })
    const cuts = of('cut').map(({ cut }) => cut)
    expect(cuts.map(({ rows, records }) => [rows.length, records])).toEqual([
      [1, 8],
      [1, 12],
    ])
    expect(cuts.map(({ seal }) => seal?.records)).toEqual([undefined, 8])
    server.handle({ type: 'settle', task: 0, outcome: 'sealed' })
    server.handle({ type: 'cut', task: 0, request: { ...none, snapshot: 'begin' } })
    expect(`${of('cut').at(-1)?.cut.rows[0]?.key}`).toMatch(/^1\//)
  })

  test('restores in another engine what it was taken from', async () => {
    const { server, of, until, processors } = setUp()
    server.handle({ type: 'begin', task: 0, start })
    server.handle(message(0, 9))
    await until('the records', () => of('progress').at(-1)?.progress.handedOver === 9)
    for (const snapshot of ['begin', 'go-on'] as const) {
      server.handle({ type: 'cut', task: 0, request: { ...none, snapshot } })
    }
    const cuts = of('cut').map(({ cut }) => cut)
    const seal = cuts.at(-1)?.seal ?? never()
    const rows = cuts
      .flatMap((each) => each.rows)
      .map(({ key, value }) => ({
        key: key ?? never(),
        value,
      }))
    server.handle({ type: 'open', task: 1, partition: 0 })
    server.handle({ type: 'load', task: 1, rows })
    const manifest = { ...seal, nextOffset: 9n } as never
    const snapshot = { manifest, otherCut: null }
    server.handle({ type: 'begin', task: 1, start: { ...start, position: 9n, snapshot } })
    expect(of('loaded')).toEqual([{ type: 'loaded', task: 1 }])
    expect(of('begun').at(-1)).toEqual({ type: 'begun', task: 1, records: 9 })
    const [first, second] = processors
    expect(second?.model.chainHash()).toBe(first?.model.chainHash())
  })
})

describe('an engine is over', () => {
  test('after a failure, which is told once', async () => {
    const { server, replies, of, until } = setUp()
    server.handle({ type: 'begin', task: 0, start })
    // A gap between hand-overs.
    server.handle(message(5, 2))
    server.handle(message(7, 2))
    server.handle({ type: 'cut', task: 0, request: none })
    expect(of('failed')).toMatchObject([{ error: { isDefect: true } }])
    expect(replies.at(-1)?.type).toBe('failed')
    await until('nothing more', () => true)
    expect(of('progress')).toEqual([])
  })

  test('when it is closed; the others of its thread go on', async () => {
    const { server, of, until } = setUp()
    server.handle({ type: 'open', task: 1, partition: 1 })
    for (const task of [0, 1]) server.handle({ type: 'begin', task, start })
    server.handle(message(0, 5))
    server.handle({ ...message(0, 5), task: 1 })
    server.handle({ type: 'close', task: 0 })
    await until('the other', () => of('progress').some(({ task }) => task === 1))
    server.handle({ type: 'cut', task: 0, request: none })
    expect(of('progress').filter(({ task }) => task === 0)).toEqual([])
    expect(of('cut')).toEqual([])
  })

  test('when its model cannot be made', () => {
    const replies: EngineReply[] = []
    const time = new VirtualTime()
    const server = new EngineServer({
      clock: time,
      scheduler: time,
      bounds: { maxRecords: 1, maxBytes: 1 },
      createProcessor: () => {
        throw new Error('out of memory')
      },
      createEncoder: () => fakeEncoder,
      reply: (reply) => void replies.push(reply),
    })
    server.handle({ type: 'open', task: 3, partition: 0 })
    server.handle({ type: 'begin', task: 3, start })
    expect(replies).toMatchObject([
      { type: 'failed', task: 3, error: { message: 'out of memory', isDefect: false } },
    ])
  })
})

function never(): never {
  throw new Error('it is there')
}
