import { expect, test } from 'vitest'
import { silentMetrics, type TaskMetrics } from '../../../src/task/observe.ts'
import { input } from './support/feed.ts'
import { World } from './support/world.ts'

/** Everything that is reported, by name, with its arguments. */
class Recorder {
  readonly calls: Record<string, unknown[][]> = {}
  readonly metrics: TaskMetrics = new Proxy({} as TaskMetrics, {
    get:
      (_target, name: string) =>
      (...values: unknown[]) => {
        this.calls[name] ??= []
        this.calls[name].push(values)
      },
  })

  sum(name: string): number {
    return this.values(name).reduce((sum, values) => sum + Number(values.at(-1)), 0)
  }

  values(name: string): unknown[][] {
    return this.calls[name] ?? []
  }
}

/** Keys and values of what `input` makes. */
function bytesOf(from: number, to: number): number {
  let sum = 0
  for (let i = from; i < to; i++) {
    const { key, value } = input(i)
    sum += (key?.byteLength ?? 0) + (value?.byteLength ?? 0)
  }
  return sum
}

/** Until so much is published; then it dies, so that the next one has something to replay. */
async function runTo(world: World, count: number): Promise<Recorder> {
  const recorder = new Recorder()
  const process = world.start({ metrics: { ...silentMetrics, task: () => recorder.metrics } })
  await world.time.until('the outputs', () => world.published() === count)
  await world.time.pass(2_000)
  world.crash(process)
  return recorder
}

test('records and updates are counted once, those that a restore replays are not', async () => {
  const world = new World()
  const produce = (from: number, to: number) =>
    world.log.produce(
      0,
      Array.from({ length: to - from }, (_, i) => input(from + i)),
    )
  produce(0, 30)
  const first = await runTo(world, 30)
  const counts = (recorder: Recorder) => recorder.values('records').map(([count]) => Number(count))
  const sum = (values: number[]) => values.reduce((a, b) => a + b, 0)
  expect(sum(counts(first))).toBe(30)
  expect(first.sum('records')).toBe(bytesOf(0, 30))
  expect(first.sum('predictions')).toBe(27)
  expect(first.values('deadLetters').every(([code]) => code === 'HEADRACE_RECORD_BAD')).toBe(true)
  expect(first.sum('deadLetters')).toBe(3)
  expect(first.sum('updates')).toBe(3)
  expect(first.values('commit').every(([outcome]) => outcome === 'committed')).toBe(true)

  produce(30, 42)
  const second = await runTo(world, 42)
  expect(sum(counts(second))).toBe(12)
  expect(second.sum('records')).toBe(bytesOf(30, 42))
  expect(second.values('restored').map(([outcome]) => outcome)).toEqual(['done'])
  expect(second.sum('updates')).toBe(2)
  expect(second.values('restore').at(-1)).toEqual([30, 30])
  expect(second.values('state')).toEqual([['CREATED'], ['FENCING'], ['RESTORING'], ['RUNNING']])
})

test('a restart on an idle partition shows its scoreboard and its newest record', async () => {
  const world = new World()
  world.log.produce(0, [input(0), { ...input(1), timestampMs: 1_600_000_000_000 }])
  await runTo(world, 2)
  const recorder = new Recorder()
  const process = world.start({ metrics: { ...silentMetrics, task: () => recorder.metrics } })
  await world.time.pass(2_000)
  await world.stop(process)
  expect(recorder.values('learning').at(-1)).toMatchObject([{ sequences: 1, windows: 1 }])
  expect(recorder.values('position').at(-1)).toEqual([0, 1_600_000_000_000, null])
  expect(recorder.sum('predictions')).toBe(0)
})

test('the scoreboard and the lag follow when all is said', async () => {
  const world = new World()
  world.log.produce(0, [input(0), input(1)])
  const recorder = await runTo(world, 2)
  expect(recorder.values('learning').at(-1)).toMatchObject([{ sequences: 1, windows: 1 }])
  expect(recorder.values('position').at(-1)?.[0]).toBe(0)
  expect(recorder.values('queue').at(-1)).toEqual([0, 20_000, 0])
})
