import { expect, test } from 'vitest'
import { FakeProcessor } from './support/fake-processor.ts'
import { feed } from './support/feed.ts'
import { isOnce, type ProcessOptions, World } from './support/world.ts'

const waves = 5

interface Result {
  readonly predictions: string[]
  readonly deadLetters: string[]
  readonly chainHash: string | undefined
  readonly records: number | undefined
}

function resultOf(world: World): Result {
  const newest = world.commits().at(-1)
  return { ...world.outputs(), chainHash: newest?.chainHash, records: newest?.records }
}

/** One process, nothing happens to it. */
async function undisturbed(): Promise<{ result: Result; calls: readonly string[] }> {
  const world = new World()
  const total = feed(world, waves)
  const process = world.start()
  await world.time.until('all outputs', () => world.published() === total)
  await world.stop(process)
  await process.service.done
  return { result: resultOf(world), calls: process.calls }
}

/** A process that dies where `disturb` says, and a second one that goes on. */
async function disturbed(disturb: ProcessOptions): Promise<{ result: Result; died: boolean }> {
  const world = new World()
  const total = feed(world, waves)
  const first = world.start(disturb)
  await world.time.until('its death or all outputs', () => {
    return first.isDead || world.published() === total
  })
  let hasStopped = false
  void first.service.stop().then(() => {
    hasStopped = true
  })
  await world.time.until('its death or its end', () => first.isDead || hasStopped)
  const died = first.isDead
  first.kill()
  world.expel(first)
  const second = world.start()
  await world.time.until('all outputs', () => world.published() >= total)
  await world.stop(second)
  await second.service.done
  return { result: resultOf(world), died }
}

test('an undisturbed run gives each record one output, in the order of the log', async () => {
  const { result, calls } = await undisturbed()
  const offsets = result.predictions.map((line) => Number(/"(\d+) /.exec(line)?.[1]))
  const deadOffsets = result.deadLetters.map((line) => Number(/"offset":"(\d+)"/.exec(line)?.[1]))
  expect(offsets).toEqual(offsets.toSorted((a, b) => a - b))
  expect(deadOffsets).toEqual(deadOffsets.toSorted((a, b) => a - b))
  expect(new Set([...offsets, ...deadOffsets]).size).toBe(waves * 12)
  expect(result.deadLetters).toHaveLength(7)
  expect(result.records).toBe(waves * 12)
  // Several transactions, or the crash points below would be few.
  expect(calls.filter((name) => name === 'end').length).toBeGreaterThan(4)
})

test('after a death at any call the outputs are those of an undisturbed run', async () => {
  const { result, calls } = await undisturbed()
  for (let point = 0; point < calls.length; point++) {
    const run = await disturbed({
      atCall: (index, _name, process) => {
        if (index === point) process.kill()
      },
    })
    const place = `death at call ${point}, ${calls[point]}`
    expect(run.died, place).toBe(true)
    expect(run.result, place).toEqual(result)
  }
})

test('after a death at any record the outputs are those of an undisturbed run', async () => {
  const { result } = await undisturbed()
  for (let record = 0; record < waves * 12; record += 3) {
    const dying: { kill?: () => void } = {}
    const run = await disturbed({
      createProcessor: () =>
        new FakeProcessor('', (records) => {
          if (records === record) dying.kill?.()
        }),
      atCall: (_index, _name, process) => {
        dying.kill = process.kill
      },
    })
    expect(run.died, `death at record ${record}`).toBe(true)
    expect(run.result, `death at record ${record}`).toEqual(result)
  }
})

test('after SIGTERM at any call the next process goes on where it was', async () => {
  const { result, calls } = await undisturbed()
  for (let point = 0; point < calls.length; point += 2) {
    const world = new World()
    const total = feed(world, waves)
    let stopping: Promise<void> | null = null
    const first = world.start({
      atCall: (index, _name, process) => {
        if (index === point) stopping = process.service.stop()
      },
    })
    await world.time.until('the call', () => stopping !== null)
    await world.stop(first)
    await first.service.done
    const second = world.start()
    await world.time.until('all outputs', () => world.published() >= total)
    await world.stop(second)
    expect(resultOf(world), `SIGTERM at call ${point}, ${calls[point]}`).toEqual(result)
  }
})

test('after a failure of any call the same process goes on by itself', async () => {
  const { result, calls } = await undisturbed()
  for (let point = 0; point < calls.length; point++) {
    const name = calls[point] as string
    if (isOnce(name)) continue
    const world = new World()
    const total = feed(world, waves)
    let hasFailed = false
    const process = world.start({
      atCall: (index) => {
        if (index !== point) return
        hasFailed = true
        throw new Error(`no answer to call ${index}`)
      },
    })
    await world.time.until(`outputs after ${name}`, () => hasFailed && world.published() >= total)
    await world.stop(process)
    await process.service.done
    expect(resultOf(world), `failure of call ${point}, ${name}`).toEqual(result)
  }
})
