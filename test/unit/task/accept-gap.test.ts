import { expect, test } from 'vitest'
import { createOutputEncoder } from '../../../src/task/engine/output-encoder.ts'
import { Processor } from '../../../src/task/processor.ts'
import { decodeManifest, manifestSlot } from '../../../src/task/snapshot-log.ts'
import { predictionOf } from './support/prediction.ts'
import { type Process, type ProcessOptions, testConfig, textOf, World } from './support/world.ts'

const config = testConfig({
  model: { hidden: 2, window: 3, updateEvery: 2, kernel: 'reference', portfolio: 'network' },
})
/** So that a snapshot comes after a few records, or never. */
const often = { ...config, snapshot: { maxReplayMs: 1 } }
const never = { ...config, snapshot: { maxReplayMs: 3_600_000 } }

function produce(world: World, from: number, count: number): void {
  const records = Array.from({ length: count }, (_, i) => ({
    key: Buffer.from(`key-${(from + i) % 3}`),
    value: Buffer.from(`{"y":${((from + i) * 7) % 11}}`),
    timestampMs: 60_000 * (from + i),
  }))
  world.log.produce(0, records)
}

function options(models: Processor['model'][], change: ProcessOptions = {}): ProcessOptions {
  return {
    config: never,
    createProcessor: () => {
      const processor = new Processor(config)
      models.push(processor.model)
      return processor
    },
    createEncoder: (partition) => createOutputEncoder(config, partition),
    ...change,
  }
}

function manifestOf(world: World) {
  const records = world.log.records('changelog', 0)
  const newest = records.findLast(({ key }) => key !== null && manifestSlot(key) !== null)
  return newest?.value ? decodeManifest(newest.value) : null
}

/** A world with a snapshot somewhere in the first 30 records, and 60 records published. */
async function snapshotThenMore(): Promise<{ world: World; cut: number }> {
  const world = new World()
  produce(world, 0, 30)
  const first = world.start(options([], { config: often }))
  await world.time.until('a snapshot', () => {
    return manifestOf(world) !== null && world.published() === 30
  })
  world.crash(first)
  produce(world, 30, 30)
  const second = world.start(options([]))
  await world.time.until('the rest', () => world.published() === 60)
  world.crash(second)
  const manifest = manifestOf(world)
  if (manifest === null) throw new Error('there is a snapshot')
  return { world, cut: Number(manifest.nextOffset) }
}

/** What a model makes of these stretches of the input, as if there were nothing else. */
function bare(world: World, ...stretches: readonly (readonly [from: number, to: number])[]) {
  const whole = new World()
  produce(whole, 0, 200)
  const processor = new Processor(config)
  const encoder = createOutputEncoder(config, 0)
  const outputs = new Map<number, string>()
  for (const record of whole.log.records('input', 0)) {
    const offset = Number(record.offset)
    if (!stretches.some(([from, to]) => from <= offset && offset < to)) continue
    const { key, value, timestampMs } = record
    const outcome = processor.process(key, value, timestampMs)
    outputs.set(offset, textOf({ key, value: predictionOf(encoder, record, outcome) }))
  }
  const published = (from: number) => world.outputs().predictions.slice(from)
  const outputsFrom = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => outputs.get(from + i))
  return { model: processor.model, outputsFrom, published }
}

async function failureOf(world: World, change: ProcessOptions = {}): Promise<unknown> {
  let ended: unknown = null
  const process = world.start(options([], change))
  process.service.done.catch((error: unknown) => {
    ended = error
  })
  await world.time.until('the failure', () => ended !== null)
  return ended
}

async function untilPublished(world: World, count: number): Promise<void> {
  await world.time.until('the outputs', () => world.published() === count)
}

function stateOf(process: Process) {
  return process.service.tasks().map(({ state }) => state)
}

test('without leave, input that has expired behind the snapshot ends the task', async () => {
  const { world, cut } = await snapshotThenMore()
  world.log.log('input', 0).truncate(BigInt(cut))
  produce(world, 60, 1)
  const process = world.start(options([]))
  await untilPublished(world, 61)
  world.crash(process)
  world.log.log('input', 0).truncate(BigInt(cut + 1))
  expect(await failureOf(world)).toMatchObject({
    code: 'HEADRACE_TASK_INPUT_EXPIRED',
    message: expect.stringContaining(`records ${cut}…${cut} are gone`),
  })
})

test('with leave, the model is that of the log and its gap, and the commit says so', async () => {
  const { world, cut } = await snapshotThenMore()
  const begin = cut + 5
  world.log.log('input', 0).truncate(BigInt(begin))
  produce(world, 60, 20)
  const models: Processor['model'][] = []
  const process = world.start(options(models, { acceptGap: true }))
  await untilPublished(world, 80)
  const truth = bare(world, [0, cut], [begin, 80])
  expect(truth.published(60)).toEqual(truth.outputsFrom(60, 20))
  expect(models.at(-1)?.stateHash()).toBe(truth.model.stateHash())
  const gaps = [{ from: BigInt(cut), to: BigInt(begin) }]
  expect(world.commits().at(-1)).toMatchObject({ gaps, records: cut + (80 - begin) })
  const told = process.lines.filter(({ event }) => event === 'task.gap-accepted')
  expect(told.map(({ fields }) => fields)).toEqual([{ partition: 0, ...gaps[0] }])
  await world.stop(process)
  // The last snapshot was made of it too.
  expect(manifestOf(world)).toMatchObject({ gaps, records: cut + (80 - begin) })
})

test('a gap once accepted needs no leave again, from that snapshot or a later one', async () => {
  const { world, cut } = await snapshotThenMore()
  const begin = cut + 5
  world.log.log('input', 0).truncate(BigInt(begin))
  produce(world, 60, 20)
  const first = world.start(options([], { acceptGap: true }))
  await untilPublished(world, 80)
  world.crash(first)
  produce(world, 80, 20)
  const models: Processor['model'][] = []
  const second = world.start(options(models))
  await untilPublished(world, 100)
  await world.stop(second)
  expect(manifestOf(world)?.records).toBe(cut + (100 - begin))
  world.log.log('input', 0).truncate(100n)
  produce(world, 100, 10)
  const third = world.start(options(models))
  await untilPublished(world, 110)
  const truth = bare(world, [0, cut], [begin, 110])
  expect(truth.published(80)).toEqual(truth.outputsFrom(80, 30))
  expect(models.at(-1)?.stateHash()).toBe(truth.model.stateHash())
  expect(world.commits().at(-1)?.gaps).toEqual([{ from: BigInt(cut), to: BigInt(begin) }])
  await world.stop(third)
})

test('a gap is written down at once, be there further records or not', async () => {
  const { world, cut } = await snapshotThenMore()
  world.log.log('input', 0).truncate(60n)
  const first = world.start(options([], { acceptGap: true }))
  await world.time.until('it to run', () => stateOf(first)[0] === 'RUNNING')
  await world.time.pass(1_000)
  world.crash(first)
  expect(world.commits().at(-1)?.gaps).toEqual([{ from: BigInt(cut), to: 60n }])
  const second = world.start(options([]))
  await world.time.until('it to run', () => stateOf(second)[0] === 'RUNNING')
  expect(world.published()).toBe(60)
  await world.stop(second)
})

test('a gap that has grown is another one, and needs leave again', async () => {
  const { world, cut } = await snapshotThenMore()
  world.log.log('input', 0).truncate(BigInt(cut + 5))
  produce(world, 60, 5)
  const first = world.start(options([], { acceptGap: true }))
  await untilPublished(world, 65)
  world.crash(first)
  world.log.log('input', 0).truncate(BigInt(cut + 9))
  expect(await failureOf(world)).toMatchObject({ code: 'HEADRACE_TASK_INPUT_EXPIRED' })
  produce(world, 65, 5)
  const models: Processor['model'][] = []
  const second = world.start(options(models, { acceptGap: true }))
  await untilPublished(world, 70)
  const truth = bare(world, [0, cut], [cut + 9, 70])
  expect(models.at(-1)?.stateHash()).toBe(truth.model.stateHash())
  expect(truth.published(65)).toEqual(truth.outputsFrom(65, 5))
  await world.stop(second)
})

test('a gap may reach beyond what was published: those records have no output', async () => {
  const { world, cut } = await snapshotThenMore()
  produce(world, 60, 20)
  world.log.log('input', 0).truncate(70n)
  const models: Processor['model'][] = []
  const process = world.start(options(models, { acceptGap: true }))
  await untilPublished(world, 70)
  const truth = bare(world, [0, cut], [70, 80])
  expect(truth.published(60)).toEqual(truth.outputsFrom(70, 10))
  expect(models.at(-1)?.stateHash()).toBe(truth.model.stateHash())
  expect(stateOf(process)).toEqual(['RUNNING'])
  await world.stop(process)
})

test('without any snapshot the gap begins at the first record', async () => {
  const world = new World()
  produce(world, 0, 30)
  const first = world.start(options([]))
  await untilPublished(world, 30)
  world.crash(first)
  world.log.log('input', 0).truncate(10n)
  produce(world, 30, 10)
  const models: Processor['model'][] = []
  const second = world.start(options(models, { acceptGap: true }))
  await untilPublished(world, 40)
  const truth = bare(world, [10, 40])
  expect(truth.published(30)).toEqual(truth.outputsFrom(30, 10))
  expect(models.at(-1)?.stateHash()).toBe(truth.model.stateHash())
  expect(world.commits().at(-1)?.gaps).toEqual([{ from: 0n, to: 10n }])
  await world.stop(second)
})

test('with leave and nothing lost, nothing is different', async () => {
  const { world } = await snapshotThenMore()
  produce(world, 60, 5)
  const models: Processor['model'][] = []
  const process = world.start(options(models, { acceptGap: true }))
  await untilPublished(world, 65)
  expect(models.at(-1)?.stateHash()).toBe(bare(world, [0, 65]).model.stateHash())
  expect(world.commits().at(-1)?.gaps).toEqual([])
  await world.stop(process)
})
