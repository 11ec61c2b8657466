import { describe, expect, test } from 'vitest'
import type { ServiceConfig } from '../../../../src/config/schema.ts'
import { defaultOutputBounds } from '../../../../src/task/engine/engine.ts'
import { EngineServer } from '../../../../src/task/engine/engine-server.ts'
import type { EngineReply, EngineStart } from '../../../../src/task/engine/messages.ts'
import { createOutputEncoder } from '../../../../src/task/engine/output-encoder.ts'
import { packRecords } from '../../../../src/task/engine/packed-records.ts'
import { pointHead } from '../../../../src/task/engine/watch.ts'
import type { InputRecord } from '../../../../src/task/ports.ts'
import { Processor } from '../../../../src/task/processor.ts'
import { VirtualTime } from '../support/virtual-time.ts'
import { testConfig } from '../support/world.ts'

const config = testConfig({
  input: { topic: 'input', time: 'at' },
  task: { targets: ['y', 'z'], horizons: [1, 3], seasons: [5] },
  model: { hidden: 3, window: 4, updateEvery: 2, learningRates: [1e-3], kernel: 'reference' },
})
const start: EngineStart = {
  position: 0n,
  snapshot: null,
  slotNames: [[], []],
  commit: null,
  hasGap: false,
  isOtherDevice: false,
  place: 'here',
}

/** Record i of two sequences; every ninth cannot be used, every seventh has no z. */
function record(i: number): InputRecord {
  const z = i % 7 === 3 ? null : 10 * Math.cos(i / 3)
  const y = i % 9 === 5 ? 'n/a' : Math.sin(i / 2) + i / 50
  const value = Buffer.from(JSON.stringify({ at: 1_600_000_000_000 + 60_000 * i, y, z }))
  return { offset: BigInt(i), timestampMs: 5_000 + i, key: Buffer.from(`s${i % 2}`), value }
}

const records = (from: number, to: number): InputRecord[] =>
  Array.from({ length: to - from }, (_, i) => record(from + i))

function setUp(of: ServiceConfig = config) {
  const time = new VirtualTime()
  const replies: EngineReply[] = []
  const processors: Processor[] = []
  const server = new EngineServer({
    clock: time,
    scheduler: time,
    bounds: defaultOutputBounds,
    createProcessor: () => {
      const processor = new Processor(of)
      processors.push(processor)
      return processor
    },
    createEncoder: (partition) => createOutputEncoder(of, partition),
    reply: (reply) => void replies.push(reply),
  })
  const all = <T extends EngineReply['type']>(type: T) =>
    replies.filter((each): each is Extract<EngineReply, { type: T }> => each.type === type)
  const feed = async (from: number, to: number): Promise<void> => {
    const head = { first: from, nextOffset: BigInt(to) }
    const packed = packRecords(records(from, to), head)
    server.handle({ type: 'records', task: 0, records: packed })
    await time.until('the records', () => all('progress').at(-1)?.progress.handedOver === to)
    await time.pass(300)
  }
  server.handle({ type: 'open', task: 0, partition: 0 })
  return { server, time, replies, all, feed, processors }
}

/** The points of one slot of one sequence by a processor of its own, from record `from` on. */
function expectedPoints(
  sequence: string,
  target: number,
  horizon: number,
  from: number,
  to: number,
) {
  const processor = new Processor(config)
  const points: number[][] = []
  let next: number[] = []
  for (const [i, { key, value, timestampMs }] of records(0, to).entries()) {
    const { failure, forecast, scored } = processor.process(key, value, timestampMs)
    if (failure !== null || forecast.sequence !== sequence || i < from) continue
    const slot = 2 * horizon + target
    const isScored = scored.present[slot] === 1
    const bounds = [...scored.bounds.subarray(4 * slot, 4 * slot + 4)]
    points.push([
      forecast.records,
      forecast.timeMs as number,
      scored.observed[target] as number,
      isScored ? (scored.mixture[slot] as number) : Number.NaN,
      ...bounds.map((bound) => (isScored ? bound : Number.NaN)),
    ])
    next = [forecast.forMs[horizon] as number, forecast.means[slot] as number]
    next.push(...forecast.bounds.subarray(4 * slot, 4 * slot + 4))
  }
  return { points, next }
}

function pointsOf(replies: Extract<EngineReply, { type: 'points' }>[]): number[][] {
  const width = pointHead + 4
  return replies.flatMap(({ points: { points } }) =>
    Array.from({ length: points.length / width }, (_, i) => [
      ...points.subarray(i * width, (i + 1) * width),
    ]),
  )
}

describe('an engine that is watched', () => {
  test('tells the bits that the model says by itself, to two watches at once', async () => {
    const { server, all, feed } = setUp()
    server.handle({ type: 'begin', task: 0, start })
    const choice = { target: 1, horizon: 1, after: null }
    server.handle({ type: 'watch', task: 0, watch: 1, choice: { ...choice, sequence: 's1' } })
    server.handle({
      type: 'watch',
      task: 0,
      watch: 2,
      choice: { ...choice, sequence: 's0', target: 0 },
    })
    for (let from = 0; from < 120; from += 40) await feed(from, from + 40)
    for (const [watch, sequence, target] of [
      [1, 's1', 1],
      [2, 's0', 0],
    ] as const) {
      const told = all('points').filter(({ points }) => points.watch === watch)
      const { points, next } = expectedPoints(sequence, target, 1, 0, 120)
      expect(pointsOf(told)).toEqual(points)
      expect([...(told.at(-1)?.points.next ?? [])]).toEqual(next)
      expect(points.some((point) => point.slice(2).every((each) => !Number.isNaN(each)))).toBe(true)
    }
  })

  test('goes on with the same state, bit for bit', async () => {
    const [watched, alone] = [setUp(), setUp()]
    for (const { server } of [watched, alone]) server.handle({ type: 'begin', task: 0, start })
    const choice = { sequence: 's1', target: 0, horizon: 0, after: null }
    for (let from = 0; from < 200; from += 50) {
      const watch = from / 50
      watched.server.handle({ type: 'watch', task: 0, watch, choice })
      watched.server.handle({ type: 'search', task: 0, search: watch, text: 's', limit: 9 })
      await watched.feed(from, from + 50)
      await alone.feed(from, from + 50)
    }
    const [one, other] = [watched, alone].map(({ processors }) => processors[0]?.model)
    expect(one?.chainHash()).toBe(other?.chainHash())
    expect(one?.stateHash()).toBe(other?.stateHash())
  })

  test('begins with the past of the sequence used last, values and times alike', async () => {
    const { server, all, feed } = setUp()
    server.handle({ type: 'begin', task: 0, start })
    await feed(0, 60)
    expect(all('points')).toEqual([])
    const choice = { sequence: null, target: 0, horizon: 1, after: null }
    server.handle({ type: 'watch', task: 0, watch: 3, choice })
    const [told] = all('points')
    // Record 59 cannot be used: the one before is of s0.
    expect(told?.points).toMatchObject({ sequence: 's0', isReset: true, skipped: 0 })
    const { points, next } = expectedPoints('s0', 0, 1, 0, 60)
    const past = pointsOf(all('points'))
    expect(past.length).toBeGreaterThan(8)
    expect(past.map((point) => point[2])).toEqual(points.slice(-past.length).map((p) => p[2]))
    expect(past.slice(-4).map((p) => p[1])).toEqual(points.slice(-4).map((p) => p[1]))
    expect(past.every((point) => Number.isNaN(point[3]))).toBe(true)
    expect(past.at(-1)?.[0]).toBe(points.at(-1)?.[0])
    expect([...(told?.points.next ?? [])]).toEqual(next)
  })

  test('says nothing of a replay, then where it has led', async () => {
    const first = setUp()
    first.server.handle({ type: 'begin', task: 0, start })
    await first.feed(0, 30)
    const chainHash = first.processors[0]?.model.chainHash() ?? ''
    const { server, all, feed } = setUp()
    const choice = { sequence: 's0', target: 0, horizon: 0, after: null }
    server.handle({ type: 'watch', task: 0, watch: 1, choice })
    const commit = { records: 30, nextOffset: 30n, chainHash } as EngineStart['commit']
    server.handle({ type: 'begin', task: 0, start: { ...start, commit } })
    await feed(0, 20)
    expect(all('points')).toEqual([])
    await feed(20, 30)
    expect(all('points')).toMatchObject([{ points: { sequence: 's0', isReset: true } }])
    await feed(30, 50)
    const after = pointsOf(all('points').slice(1))
    expect(after).toEqual(expectedPoints('s0', 0, 0, 30, 50).points)
  })

  test('stops when the watch ends or its task is closed', async () => {
    const { server, all, feed, time } = setUp()
    server.handle({ type: 'begin', task: 0, start })
    const choice = { sequence: 's0', target: 0, horizon: 0, after: null }
    server.handle({ type: 'watch', task: 0, watch: 1, choice })
    await feed(0, 20)
    const told = all('points').length
    server.handle({ type: 'watch', task: 0, watch: 1, choice: null })
    await feed(20, 40)
    expect(all('points')).toHaveLength(told)
    server.handle({ type: 'watch', task: 0, watch: 1, choice })
    await feed(40, 41)
    const open = all('points').length
    server.handle({
      type: 'records',
      task: 0,
      records: packRecords(records(41, 43), { first: 41, nextOffset: 43n }),
    })
    server.handle({ type: 'close', task: 0 })
    await time.pass(500)
    expect(all('points')).toHaveLength(open)
  })

  test('answers at most every 250 ms', async () => {
    const { server, all, time, feed } = setUp()
    server.handle({ type: 'begin', task: 0, start })
    const choice = { sequence: 's0', target: 0, horizon: 0, after: null }
    server.handle({ type: 'watch', task: 0, watch: 1, choice })
    const before = time.nowMs()
    const told = all('points').length
    for (let from = 0; from < 200; from += 10) await feed(from, from + 10)
    const took = time.nowMs() - before
    expect(all('points').length - told).toBeGreaterThan(5)
    expect(all('points').length - told).toBeLessThanOrEqual(took / 250 + 1)
  })
})

describe('an engine', () => {
  test('finds sequences by name, those used last first', async () => {
    const { server, all, feed } = setUp()
    server.handle({ type: 'search', task: 0, search: 1, text: '', limit: 5 })
    server.handle({ type: 'begin', task: 0, start })
    await feed(0, 60)
    server.handle({ type: 'search', task: 0, search: 2, text: 'S', limit: 5 })
    server.handle({ type: 'search', task: 0, search: 3, text: 's', limit: 1 })
    server.handle({ type: 'search', task: 0, search: 4, text: '1', limit: 5 })
    expect(all('found').map(({ search, found }) => [search, found])).toEqual([
      [1, { names: [], isCut: false }],
      [2, { names: ['s0', 's1'], isCut: false }],
      [3, { names: ['s0'], isCut: true }],
      [4, { names: ['s1'], isCut: false }],
    ])
  })

  test('tells of five dead letters a second, shortly', async () => {
    const { server, all, feed, time } = setUp()
    server.handle({ type: 'begin', task: 0, start })
    await feed(0, 200)
    const first = all('refused').map(({ note }) => note)
    expect(first.map(({ offset }) => offset)).toEqual([5n, 14n, 23n, 32n, 41n])
    expect(first[0]).toMatchObject({ code: 'HEADRACE_RECORD_WRONG_TYPE', timestampMs: 5_005 })
    expect(first.every(({ message }) => message.length <= 200)).toBe(true)
    await time.pass(1_000)
    await feed(200, 210)
    expect(
      all('refused')
        .slice(5)
        .map(({ note }) => note.offset),
    ).toEqual([203n])
  })
})
