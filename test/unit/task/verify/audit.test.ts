import { beforeAll, describe, expect, test } from 'vitest'
import type { AuditTopics } from '../../../../src/task/verify/audit.ts'
import { commitHeaderName } from '../../../../src/task/verify/published.ts'
import { World } from '../support/world.ts'
import {
  audit,
  config,
  feed,
  publishedWorld,
  startService,
  tampered,
  topicsOf,
  type Unplaced,
} from './support.ts'

const total = 200
let world: World

beforeAll(async () => {
  world = await publishedWorld(total)
})

/** Transactions with outputs: each has one header. */
function marks(): number {
  const records = (['predictions', 'deadLetters'] as const).flatMap((role) => [
    ...world.log.records(role, 0),
  ])
  return records.filter(({ headers }) => commitHeaderName in headers).length
}

const letters = Array.from({ length: total }, (_, i) => i).filter((i) => i % 13 === 6).length

test('a run with a crash is proven from the first record to the last commit', async () => {
  const report = await audit(world)
  const newest = world.commits().at(-1)
  expect(report).toMatchObject({
    status: 'verified',
    begin: { kind: 'input', records: 0, offset: 0n },
    provable: { from: 0n, deadLettersFrom: 0n, until: newest?.nextOffset },
    result: {
      records: total,
      predictions: total - letters,
      deadLetters: letters,
      commits: marks(),
      snapshots: 2,
      difference: null,
    },
  })
  expect(marks()).toBeGreaterThan(5)
})

type Change = (records: Unplaced[]) => readonly Unplaced[]
const at = 60
const bytes = (text: string) => Buffer.from(text)
const text = (record: Unplaced | undefined) => `${Buffer.from(record?.value ?? [])}`
const without = (record: Unplaced) => {
  const { [commitHeaderName]: _, ...headers } = record.headers
  return { ...record, headers }
}
const marked = (records: readonly Unplaced[]) =>
  records.findIndex(({ headers }, i) => i > at && commitHeaderName in headers)

const changes: [kind: string, topic: 'predictions' | 'deadLetters', change: Change, at?: number][] =
  [
    ['other value', 'predictions', (r) => r.with(at, { ...r[at]!, value: other(r[at]) }), at],
    ['other key', 'predictions', (r) => r.with(at, { ...r[at]!, key: bytes('k9') }), at],
    ['other key', 'predictions', (r) => r.with(at, { ...r[at]!, key: null }), at],
    // Without a value it does not say what it is of.
    ['unexpected', 'predictions', (r) => r.with(at, { ...r[at]!, value: null }), at],
    ['missing', 'predictions', (r) => r.toSpliced(at, 1), at],
    ['missing', 'predictions', (r) => r.slice(0, -1)],
    ['duplicate', 'predictions', (r) => r.toSpliced(at, 0, without(r[at - 1]!)), at],
    ['duplicate', 'predictions', (r) => [...r, without(r[3]!)]],
    ['unexpected', 'predictions', (r) => r.toSpliced(at, 0, foreign('hello')), at],
    ['unexpected', 'predictions', (r) => [...r, foreign('hello')]],
    ['unexpected', 'predictions', (r) => [...r, foreign('{"offset":99999,')]],
    ['reordered', 'predictions', (r) => r.toSpliced(at, 2, r[at + 1]!, r[at]!), at],
    ['other headers', 'predictions', (r) => r.with(at, { ...r[at]!, headers: { a: 'b' } }), at],
    ['commit header', 'predictions', (r) => moveMark(r)],
    ['commit header', 'predictions', (r) => r.with(r.length - 1, without(r.at(-1)!))],
    ['chain hash', 'predictions', (r) => otherHash(r)],
    ['other value', 'deadLetters', (r) => r.with(2, { ...r[2]!, value: bytes('x') }), 2],
    ['missing', 'deadLetters', (r) => r.toSpliced(2, 1), 2],
    ['other headers', 'deadLetters', (r) => r.with(2, otherCode(r[2]!)), 2],
    ['unexpected', 'deadLetters', (r) => [...r, foreign('hello')]],
  ]

function other(record: Unplaced | undefined): Buffer {
  return bytes(text(record).replace('"mean":', '"mean":1'))
}

function foreign(value: string): Unplaced {
  return { key: bytes('k1'), value: bytes(value), headers: {}, timestampMs: 0 }
}

/** The header of a commit on the record before. */
function moveMark(records: Unplaced[]): readonly Unplaced[] {
  const i = marked(records)
  const { [commitHeaderName]: header } = records[i]!.headers
  const before = { ...records[i - 1]!, headers: { [commitHeaderName]: header! } }
  return records.with(i, without(records[i]!)).with(i - 1, before)
}

function otherHash(records: Unplaced[]): readonly Unplaced[] {
  const i = marked(records)
  const mark = JSON.parse(String(records[i]!.headers[commitHeaderName]))
  const header = JSON.stringify({ ...mark, chainHash: '0123456789abcdef' })
  return records.with(i, { ...records[i]!, headers: { [commitHeaderName]: header } })
}

function otherCode(record: Unplaced): Unplaced {
  return { ...record, headers: { ...record.headers, 'headrace-error-code': 'HEADRACE_X' } }
}

describe('a run that was tampered with is found out', () => {
  test.each(changes)('%s in the %s, change %#', async (kind, topic, change, place) => {
    const honest = world.log.records(topic, 0)
    const { status, result } = await audit(world, { topics: tampered(world, topic, change) })
    expect(status).toBe('different')
    expect(result?.difference?.kind).toBe(kind)
    if (place === undefined) return
    const source = sourceOf(topic, honest[place])
    expect(result?.difference).toMatchObject({ outputOffset: BigInt(place) })
    expect([source, source - 1n]).toContain(result?.difference?.inputOffset)
  })
})

function sourceOf(topic: 'predictions' | 'deadLetters', record: Unplaced | undefined): bigint {
  if (topic === 'predictions') return BigInt(JSON.parse(text(record)).offset)
  return BigInt(String(record?.headers['headrace-source-offset']))
}

test('the commit record is compared at the end', async () => {
  const broken = await publishedWorld(60)
  const last = broken.log.records('changelog', 0).at(-1)
  const value = JSON.parse(text(last))
  const producer = broken.log.initProducer(0)
  const forge = (fields: object) => {
    const forged = {
      ...last,
      key: last!.key,
      value: bytes(JSON.stringify({ ...value, ...fields })),
    }
    broken.log.append(producer, 'changelog', [forged])
    broken.log.commit(producer)
  }
  forge({ weightsHash: 'feed' })
  expect((await audit(broken)).result?.difference).toMatchObject({
    kind: 'weights hash',
    topic: 'changelog',
  })
  forge({ chainHash: 'feed' })
  expect((await audit(broken)).result?.difference?.kind).toBe('chain hash')
  forge({ records: 59 })
  expect((await audit(broken)).result?.difference?.kind).toBe('record count')
})

describe('the range that can be proven', () => {
  test('what is asked for within it is compared alone', async () => {
    const report = await audit(world, { from: 40n, until: 80n })
    const offsets = world.log
      .records('predictions', 0)
      .map((record) => sourceOf('predictions', record))
    const within = offsets.filter((offset) => offset >= 40n && offset < 80n)
    expect(report).toMatchObject({ status: 'verified', result: { predictions: within.length } })
    const change: Change = (r) => r.with(10, { ...r[10]!, value: other(r[10]) })
    const topics = tampered(world, 'predictions', change)
    expect((await audit(world, { topics, from: 40n })).status).toBe('verified')
    expect((await audit(world, { topics })).status).toBe('different')
  })

  test('what is asked for beyond it is refused', async () => {
    const { nextOffset } = world.commits().at(-1)!
    expect((await audit(world, { until: nextOffset })).status).toBe('verified')
    const report = await audit(world, { until: nextOffset + 1n })
    expect(report).toMatchObject({ status: 'outside', provable: { until: nextOffset } })
    const young = await publishedWorld(60)
    young.log.log('predictions', 0).truncate(20n)
    expect((await audit(young, { until: 10n })).status).toBe('outside')
  })

  test('records that were accepted as lost: only a snapshot behind them can begin', async () => {
    const own = { ...config, snapshot: { maxReplayMs: 3_600_000 } }
    const gapped = new World()
    feed(gapped, 0, 100)
    const first = startService(gapped, own)
    await gapped.time.until('all outputs', () => gapped.published() === 100)
    gapped.crash(first)
    gapped.log.log('input', 0).truncate(30n)
    const second = startService(gapped, own, { acceptGap: true })
    feed(gapped, 100, 20)
    await gapped.time.until('more outputs', () => gapped.published() === 120)
    gapped.crash(second)
    const before = await audit(gapped)
    expect(before).toMatchObject({ status: 'unprovable' })
    expect(before.reason).toContain('records 0…29 were accepted as lost')
    const third = startService(gapped)
    feed(gapped, 120, 100)
    await gapped.time.until('snapshots', () => gapped.published() === 220)
    await gapped.stop(third)
    const report = await audit(gapped)
    expect(report).toMatchObject({ status: 'verified', begin: { kind: 'snapshot', number: 1 } })
    expect(report.result!.predictions).toBeGreaterThan(20)
    // Further back the input holds records, but they were learnt by another model.
    expect(report.begin!.offset).toBeGreaterThanOrEqual(120n)
  })

  test('an input that retention has cut is begun at the oldest whole snapshot', async () => {
    const cut = await publishedWorld(total)
    cut.log.log('input', 0).truncate(3n)
    const report = await audit(cut)
    expect(report).toMatchObject({ status: 'verified', begin: { kind: 'snapshot', number: 1 } })
    expect(report.provable!.from).toBe(report.begin!.offset)
    expect(report.result!.predictions).toBeLessThan(total - letters)
    expect(report.result!.predictions).toBeGreaterThan(0)
    expect((await audit(cut, { from: report.begin!.offset - 1n })).status).toBe('outside')
    // Compaction leaves the newest rows of both slots.
    cut.log.log('changelog', 0).compact()
    const compacted = await audit(cut)
    expect(compacted).toMatchObject({ status: 'verified', begin: { kind: 'snapshot' } })
    expect(compacted.begin!.number).toBeGreaterThan(1)
    cut.log.log('input', 0).truncate(cut.commits().at(-1)!.nextOffset)
    const { nextOffset } = cut.commits().at(-1)!
    expect(await audit(cut)).toMatchObject({ provable: { from: nextOffset, until: nextOffset } })
  })

  test('without a snapshot nothing is proven of an input that was cut', async () => {
    const own = { ...config, snapshot: { maxReplayMs: 3_600_000 } }
    const cut = new World()
    feed(cut, 0, 60)
    const process = startService(cut, own)
    await cut.time.until('all outputs', () => cut.published() === 60)
    // SIGTERM would seal a last one.
    cut.crash(process)
    cut.log.log('input', 0).truncate(10n)
    const report = await audit(cut)
    expect(report).toMatchObject({ status: 'unprovable', provable: null, result: null })
    expect(report.reason).toContain('begins at offset 10, the application at 0')
  })

  test('outputs that have lost their beginning are compared from the first one on', async () => {
    const cut = await publishedWorld(total)
    cut.log.log('predictions', 0).truncate(90n)
    const [first] = cut.log.records('predictions', 0)
    const report = await audit(cut)
    expect(report).toMatchObject({
      status: 'verified',
      begin: { kind: 'input' },
      provable: { from: sourceOf('predictions', first), deadLettersFrom: 0n },
      result: { deadLetters: letters, predictions: cut.log.records('predictions', 0).length },
    })
    cut.log.log('deadLetters', 0).truncate(cut.log.log('deadLetters', 0).stableEnd)
    const lost = await audit(cut)
    expect(lost.status).toBe('verified')
    expect(lost.provable!.deadLettersFrom).toBe(lost.provable!.until)
    expect((await audit(cut, { from: lost.provable!.from })).status).toBe('outside')
  })
})

test('an application that has published nothing has nothing to prove', async () => {
  expect(await audit(new World())).toMatchObject({ status: 'empty', provable: null })
})

test('what run refuses is refused: foreign configuration, numerics, a lost changelog', async () => {
  const fingerprint = { hash: 'other', canonical: '{}', device: 'host', elsewhere: null } as const
  await expect(audit(world, { fingerprint })).rejects.toMatchObject({
    code: 'HEADRACE_TASK_FINGERPRINT_FOREIGN',
  })
  await expect(audit(world, { numerics: 99 })).rejects.toMatchObject({
    code: 'HEADRACE_TASK_NUMERICS_FOREIGN',
  })
  const lost = await publishedWorld(40)
  lost.log.log('changelog', 0).truncate(lost.log.log('changelog', 0).end)
  await expect(audit(lost)).rejects.toMatchObject({ code: 'HEADRACE_TASK_CHANGELOG_LOST' })
})

describe('a service that runs meanwhile', () => {
  /** The changelog ends behind its `index`-th commit record when it is first looked at. */
  function seenEarly(index: number, growsAtLook: number): AuditTopics {
    const topics = topicsOf(world)
    const commits = world.log
      .records('changelog', 0)
      .filter(({ key }) => `${Buffer.from(key ?? [])}` === 'commit')
    let looks = 0
    return {
      ...topics,
      range: async (topic, partition) => {
        const range = await topics.range(topic, partition)
        const isEarly = topic === 'changelog' && ++looks < growsAtLook
        return isEarly ? { ...range, end: commits[index]!.offset + 1n } : range
      },
    }
  }

  test('is verified up to the commit at the beginning', async () => {
    const commit = world.commits()[5]!
    const report = await audit(world, { topics: seenEarly(5, 3) })
    expect(report).toMatchObject({
      status: 'verified',
      provable: { until: commit.nextOffset },
      result: { records: commit.records, until: commit.nextOffset },
    })
  })

  test('what no commit record ever counts is none of its outputs', async () => {
    const report = await audit(world, { topics: seenEarly(5, Number.POSITIVE_INFINITY) })
    expect(report).toMatchObject({
      status: 'different',
      result: { difference: { kind: 'unexpected' } },
    })
  })

  test('a partition of a transaction that becomes visible later is waited for', async () => {
    const topics = topicsOf(world)
    const hidden = world.log.records('predictions', 0).at(-3)!.offset
    let looks = 0
    const late: AuditTopics = {
      ...topics,
      range: async (topic, partition) => {
        const range = await topics.range(topic, partition)
        return topic === 'predictions' && ++looks < 4 ? { ...range, end: hidden } : range
      },
    }
    expect((await audit(world, { topics: late })).status).toBe('verified')
    expect(looks).toBe(4)
  })
})

test('an interrupted one says how far it came', async () => {
  const controller = new AbortController()
  let slices = 0
  const report = await audit(world, {
    signal: controller.signal,
    pause: async () => {
      if (++slices === 2) controller.abort()
    },
  })
  expect(report).toMatchObject({ status: 'interrupted', result: { difference: null } })
  expect(report.result!.records).toBeGreaterThan(0)
  expect(report.result!.records).toBeLessThan(total)
})
