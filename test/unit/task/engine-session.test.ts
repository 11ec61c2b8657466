import { expect, test } from 'vitest'
import { AssertionError } from '../../../src/assert.ts'
import { HeadraceError } from '../../../src/errors.ts'
import type { BareRequest, EngineListener, Engines } from '../../../src/task/engine/engines.ts'
import type { Cut, EngineReply, EngineStart } from '../../../src/task/engine/messages.ts'
import { toPlain } from '../../../src/task/engine/plain-error.ts'
import { EngineSession } from '../../../src/task/engine-session.ts'
import type { LearningReport } from '../../../src/task/observe.ts'

const start: EngineStart = {
  position: 0n,
  snapshot: null,
  slotNames: [[], []],
  commit: null,
  hasGap: false,
  isOtherDevice: false,
  place: 'here',
}
const request = { snapshot: 'none', maxBytes: 1, maxMs: 1 } as const
const closed = expect.objectContaining({ code: 'HEADRACE_TASK_FENCED' })

type Bare = EngineReply extends infer R
  ? R extends { task: number }
    ? Omit<R, 'task'>
    : never
  : never

function setUp() {
  const sent: BareRequest[] = []
  const told: unknown[] = []
  const holder: { listener?: EngineListener; closes: number } = { closes: 0 }
  const engines: Engines = {
    open(_partition, listener) {
      holder.listener = listener
      return { send: (each) => void sent.push(each), close: () => void holder.closes++ }
    },
    close: async () => {},
  }
  const session = new EngineSession(engines, 4, {
    onArrived: (...args) => told.push(['arrived', ...args]),
    onProgress: (progress) => told.push(['progress', progress]),
    onLearning: (report) => told.push(['learning', report]),
    onFailed: (error) => told.push(['failed', error]),
  })
  const reply = (each: Bare) => holder.listener?.onReply({ task: 0, ...each } as EngineReply)
  const lose = (error: Error) => holder.listener?.onLost(error)
  return { session, sent, told, reply, lose, holder }
}

/** How a promise ended; undefined while it has not. */
function watch(promise: Promise<unknown>): { outcome?: unknown } {
  const watched: { outcome?: unknown } = {}
  promise.then(
    (value) => {
      watched.outcome = ['resolved', value]
    },
    (error) => {
      watched.outcome = ['rejected', error]
    },
  )
  return watched
}

const settle = () => new Promise((resolve) => setImmediate(resolve))

test('rows go ahead of their answers, but not far', async () => {
  const { session, sent, reply } = setUp()
  for (let i = 0; i < 3; i++) await session.load([])
  const fourth = watch(session.load([]))
  await settle()
  expect([fourth.outcome, sent.length]).toEqual([undefined, 4])
  reply({ type: 'loaded' })
  await settle()
  expect(fourth.outcome).toEqual(['resolved', undefined])
})

test('begin and cut resolve with what the engine answers', async () => {
  const { session, sent, reply } = setUp()
  const begun = watch(session.begin(start))
  reply({ type: 'begun', records: 7 })
  const cut = watch(session.cut(request))
  expect(() => session.cut(request)).toThrow(AssertionError)
  const answer = { records: 9 } as Cut
  reply({ type: 'cut', cut: answer })
  await settle()
  expect([begun.outcome, cut.outcome]).toEqual([
    ['resolved', 7],
    ['resolved', answer],
  ])
  void session.cut(request)
  session.settle('sealed')
  expect(sent.map(({ type }) => type)).toEqual(['begin', 'cut', 'cut', 'settle'])
  expect(() => session.begin(start)).toThrow(AssertionError)
})

test('what the engine tells unasked reaches the task', () => {
  const { told, reply } = setUp()
  const report: LearningReport = {
    sequences: 1,
    windows: 1,
    stateBytes: 9,
    evictions: { window: 0, sequence: 0 },
    refusedUpdates: 0,
    drifts: [],
    rollbacks: [],
    seasons: [],
    seasonChanges: [],
    networks: [],
    slots: [],
    errors: [],
    symbols: [],
    labels: null,
  }
  reply({ type: 'arrived', records: 3, chainHash: 'h' })
  reply({ type: 'learning', report })
  expect(told).toEqual([
    ['arrived', 3, 'h'],
    ['learning', report],
  ])
})

test.each(['failed', 'lost'])('an engine that is %s is over, for all who wait', async (how) => {
  const { session, sent, told, reply, lose, holder } = setUp()
  const error = new HeadraceError('HEADRACE_TASK_SNAPSHOT_INVALID', 'damaged')
  const waiting = [watch(session.begin(start)), watch(session.cut(request))]
  for (let i = 0; i < 4; i++) waiting.push(watch(session.load([])))
  if (how === 'failed') reply({ type: 'failed', error: toPlain(error) })
  else lose(error)
  await settle()
  const same = expect.objectContaining({ code: error.code, message: error.message })
  expect(told).toEqual([['failed', same]])
  const [begun, cut, first, , , fourth] = waiting.map(({ outcome }) => outcome)
  expect([begun, cut, fourth]).toEqual(Array(3).fill(['rejected', same]))
  expect(first).toEqual(['resolved', undefined])
  // Nothing more goes there, and nothing more is told.
  const before = sent.length
  session.settle('abandoned')
  lose(new Error('again'))
  expect(() => session.cut(request)).toThrow(closed)
  expect([sent.length, told.length, holder.closes]).toEqual([before, 1, 1])
})

test('a closed session tells whoever waits, fails nobody, and closes once', async () => {
  const { session, told, holder } = setUp()
  const cut = watch(session.cut(request))
  session.close()
  session.close()
  await settle()
  expect(cut.outcome).toEqual(['rejected', closed])
  expect([told, holder.closes]).toEqual([[], 1])
  await expect(session.load([])).rejects.toEqual(closed)
})
