import { beforeEach, describe, expect, test } from 'vitest'
import type { Cut, CutRequest } from '../../../src/task/engine/messages.ts'
import type { TaskLogger } from '../../../src/task/observe.ts'
import { silentMetrics } from '../../../src/task/observe.ts'
import { Snapshotter } from '../../../src/task/snapshotter.ts'

const silent: TaskLogger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silent,
}

const origin = {
  startOffset: 3n,
  fingerprint: 'print',
  canonical: '{}',
  numerics: 1,
  bootId: 'boot',
  gaps: [{ from: 1n, to: 2n }],
}

function cutOf(records: number, change: Partial<Cut> = {}): Cut {
  return {
    firstOffset: 0n,
    nextOffset: BigInt(records + 100),
    records,
    updates: records >> 3,
    chainHash: `chain-${records}`,
    weightsHash: '',
    firstTimestampMs: Number.NaN,
    predictions: { count: 0, byteLength: 0, lengths: new Int32Array(), bytes: new Uint8Array() },
    deadLetters: [],
    last: null,
    rows: [],
    seal: null,
    snapshot: { done: 0, total: 10 },
    ...change,
  }
}

function sealOf(records: number, number = 1) {
  return { slot: 0 as const, number, records, sequences: 10, stateHash: `state-${records}` }
}

const row = { key: Buffer.from('0/sequence/0/a'), value: Buffer.alloc(100) }

let nowMs = 0
let settled: string[] = []
const sealedMs: number[] = []

function create(sealed: Parameters<typeof newSnapshotter>[0] = null): Snapshotter {
  return newSnapshotter(sealed)
}

function newSnapshotter(sealed: ConstructorParameters<typeof Snapshotter>[1]): Snapshotter {
  const metrics = { ...silentMetrics.task(0), snapshot: (ms: number) => void sealedMs.push(ms) }
  const options = {
    maxReplayMs: 1_000,
    intervalMs: 100,
    clock: { nowMs: () => nowMs, monotonicMs: () => nowMs },
    logger: silent,
    metrics,
    settle: (outcome: string) => void settled.push(outcome),
  }
  return new Snapshotter(options, sealed)
}

/** Asks and answers as a task does; the manifest that goes into the transaction. */
function cut(snapshotter: Snapshotter, records: number, change: Partial<Cut> = {}) {
  const request = snapshotter.request()
  return { request, manifest: snapshotter.answered(request, cutOf(records, change), origin) }
}

beforeEach(() => {
  nowMs = 0
  settled = []
  sealedMs.length = 0
})

describe('when one is due', () => {
  test('after as much of the engine’s work as a restart may take, and not before', () => {
    const snapshotter = create()
    expect(snapshotter.wantsCut).toBe(false)
    snapshotter.worked(999)
    expect(snapshotter.request().snapshot).toBe('none')
    expect(snapshotter.replayMs).toBe(999)
    snapshotter.worked(1_000)
    expect(snapshotter.wantsCut).toBe(true)
    expect(snapshotter.request()).toEqual({ snapshot: 'begin', maxBytes: 2_000_000, maxMs: 25 })
  })

  test('work that came behind the cut counts towards the next one', () => {
    const snapshotter = create()
    snapshotter.worked(1_000)
    cut(snapshotter, 50)
    snapshotter.worked(1_700)
    cut(snapshotter, 60, { seal: sealOf(50) })
    snapshotter.committed()
    expect(snapshotter.replayMs).toBe(700)
    expect(snapshotter.wantsCut).toBe(false)
    snapshotter.worked(2_000)
    expect(snapshotter.wantsCut).toBe(true)
  })

  test('as soon as its records are about to expire, if anything has come', () => {
    const snapshotter = create()
    snapshotter.nearStart()
    expect(snapshotter.wantsCut).toBe(false)
    snapshotter.worked(1)
    expect(snapshotter.wantsCut).toBe(true)
    cut(snapshotter, 5, { seal: sealOf(5) })
    snapshotter.committed()
    snapshotter.worked(2)
    expect(snapshotter.wantsCut).toBe(false)
  })

  test('at the end, if anything has come since the last, in slices that know no hurry', () => {
    const snapshotter = create()
    snapshotter.finish(10_000)
    expect(snapshotter.wantsCut).toBe(false)
    snapshotter.worked(1)
    expect(snapshotter.request()).toMatchObject({ snapshot: 'begin', maxMs: Infinity })
  })
})

describe('on its way', () => {
  test('rows go into several cuts, and the seal tells of the first of them', () => {
    const snapshotter = create()
    snapshotter.worked(1_000)
    const first = cut(snapshotter, 50, { rows: [row] })
    expect(first).toMatchObject({ request: { snapshot: 'begin' }, manifest: null })
    expect([snapshotter.isWriting, snapshotter.wantsCut]).toEqual([true, true])
    const second = cut(snapshotter, 60, { rows: [row, { ...row, value: null }] })
    expect(second).toMatchObject({ request: { snapshot: 'go-on' }, manifest: null })
    nowMs = 340
    const third = cut(snapshotter, 70, { seal: sealOf(50) })
    const { canonical: _, ...written } = origin
    expect(third.manifest).toEqual({
      ...sealOf(50),
      nextOffset: 150n,
      updates: 6,
      chainHash: 'chain-50',
      bytes: 3 * row.key.length + 2 * row.value.length,
      ...written,
    })
    // Not known to be there before its transaction is.
    expect(snapshotter.sealed).toBeNull()
    expect(snapshotter.request().snapshot).toBe('none')
    snapshotter.committed()
    expect(snapshotter.sealed).toEqual(third.manifest)
    expect([settled, sealedMs]).toEqual([['sealed'], [340]])
  })

  test('a commit of a slice seals nothing', () => {
    const snapshotter = create()
    snapshotter.committed()
    snapshotter.worked(1_000)
    cut(snapshotter, 50, { rows: [row] })
    snapshotter.committed()
    expect([snapshotter.isWriting, settled]).toEqual([true, []])
  })

  test('doubt about a slice gives it up, and the next one begins anew', () => {
    const snapshotter = create()
    snapshotter.doubted()
    snapshotter.worked(1_000)
    cut(snapshotter, 50, { rows: [row] })
    snapshotter.doubted()
    expect([settled, snapshotter.isWriting]).toEqual([['abandoned'], false])
    expect(snapshotter.request().snapshot).toBe('begin')
  })

  test('doubt about the seal changes nothing: if it turns out to be there, it is sealed', () => {
    const snapshotter = create()
    snapshotter.worked(1_000)
    cut(snapshotter, 50, { seal: sealOf(50) })
    snapshotter.doubted()
    expect(settled).toEqual([])
    snapshotter.committed()
    expect([settled, snapshotter.sealed?.records]).toEqual([['sealed'], 50])
  })

  test('a seal of another cut is a defect', () => {
    const snapshotter = create()
    snapshotter.worked(1_000)
    expect(() => cut(snapshotter, 50, { seal: sealOf(49) })).toThrow('tells of the cut')
  })
})

describe('the last one', () => {
  /** Slices of 100 ms each that bring a tenth of it. */
  function finish(deadlineMs: number): { cuts: number; settled: string[] } {
    const snapshotter = create()
    snapshotter.worked(1_000)
    snapshotter.finish(deadlineMs)
    let cuts = 0
    while (snapshotter.wantsCut && cuts < 20) {
      nowMs += 100
      cuts++
      const isLast = cuts === 10
      const snapshot = { done: cuts, total: 10 }
      cut(snapshotter, 50, { snapshot, seal: isLast ? sealOf(50) : null })
      snapshotter.committed()
    }
    return { cuts, settled }
  }

  test('is finished where it fits', () => {
    expect(finish(1_050)).toEqual({ cuts: 10, settled: ['sealed'] })
  })

  test('is given up as soon as it is seen not to fit, and not begun again', () => {
    expect(finish(500)).toEqual({ cuts: 1, settled: ['abandoned'] })
  })

  test('is one: what the engine goes on with meanwhile makes no other due', () => {
    const snapshotter = create()
    snapshotter.worked(1)
    snapshotter.finish(10_000)
    cut(snapshotter, 50, { seal: sealOf(50) })
    snapshotter.worked(2)
    snapshotter.committed()
    expect([settled, snapshotter.wantsCut]).toEqual([['sealed'], false])
  })

  test('comes behind one that was begun before the end', () => {
    const snapshotter = create()
    snapshotter.worked(1_000)
    cut(snapshotter, 50, { rows: [row] })
    snapshotter.finish(10_000)
    snapshotter.worked(1_001)
    cut(snapshotter, 60, { seal: sealOf(50) })
    snapshotter.committed()
    expect(snapshotter.request().snapshot).toBe('begin')
  })

  test('of nothing new is none', () => {
    const snapshotter = create({ ...sealOf(50), ...origin, ...cutOf(50), bytes: 0 })
    expect(snapshotter.sealed?.records).toBe(50)
    snapshotter.finish(1_000)
    expect(snapshotter.wantsCut).toBe(false)
    const request: CutRequest = snapshotter.request()
    expect(request.snapshot).toBe('none')
  })
})
