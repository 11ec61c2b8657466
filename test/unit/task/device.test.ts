import { describe, expect, test } from 'vitest'
import { createOutputEncoder } from '../../../src/task/engine/output-encoder.ts'
import { Processor } from '../../../src/task/processor.ts'
import { type ProcessOptions, testConfig, World } from './support/world.ts'

const model = { hidden: 4, window: 3, updateEvery: 2, portfolio: 'network' } as const
const config = testConfig({ model: { ...model, kernel: 'tensorflow' } })
/** So that a snapshot comes after a few records, or never. */
const often = { ...config, snapshot: { maxReplayMs: 1 } }
const never = { ...config, snapshot: { maxReplayMs: 3_600_000 } }
/** Two kernels that differ by rounding stand for the two devices. */
const standIns = {
  cpu: testConfig({ model: { ...model, kernel: 'wasm' } }),
  gpu: testConfig({ model: { ...model, kernel: 'reference' } }),
}

function produce(world: World, count: number): void {
  const from = world.log.records('input', 0).length
  const records = Array.from({ length: count }, (_, i) => ({
    key: Buffer.from(`key-${(from + i) % 3}`),
    value: Buffer.from(`{"y":${((from + i) * 7) % 11}}`),
    timestampMs: 60_000 * (from + i),
  }))
  world.log.produce(0, records)
}

/** A process on a device whose weights come out `astray` times too large. */
function on(device: 'cpu' | 'gpu', change: ProcessOptions = {}, astray = 1): ProcessOptions {
  return {
    config: never,
    device,
    createProcessor: () => {
      const processor = new Processor(standIns[device])
      const { model: own } = processor
      const real = own.witness.bind(own)
      own.witness = () => {
        const said = real(device)
        return said && { ...said, weights: said.weights.map((norm) => astray * norm) }
      }
      return processor
    },
    createEncoder: (partition) => createOutputEncoder(config, partition),
    ...change,
  }
}

/** Runs until all input is published, and is gone then. */
async function publish(world: World, options: ProcessOptions): Promise<string[]> {
  const process = world.start({ failFast: true, ...options })
  const all = world.log.records('input', 0).length
  await Promise.race([
    process.service.done,
    world.time.until('all is published', () => world.published() === all),
  ])
  world.crash(process)
  return process.lines.map(({ event }) => event)
}

describe('a model that a CPU has learnt', () => {
  test.each([
    ['replayed from the beginning', never],
    ['loaded from a snapshot', often],
  ])('%s: goes on on a GPU only where that is said', async (_name, first) => {
    const world = new World()
    produce(world, 40)
    await publish(world, on('cpu', { config: first }))
    const [commit] = world.commits().slice(-1)
    expect(commit?.witness?.weights[0]).toBeGreaterThan(0)
    produce(world, 20)
    await expect(publish(world, on('gpu'))).rejects.toMatchObject({
      code: 'HEADRACE_TASK_FINGERPRINT_FOREIGN',
      message: expect.stringMatching(/learnt on a CPU, and this is a GPU.*--allow-different-dev/),
    })
    expect(world.published()).toBe(40)
    const events = await publish(world, on('gpu', { allowDifferentDevice: true }))
    expect(events).toContain('task.device-changed')
    expect(world.commits().at(-1)?.fingerprint).not.toBe(commit?.fingerprint)
    // It is that device's from now on.
    produce(world, 20)
    const again = await publish(world, on('gpu', { allowDifferentDevice: true }))
    expect(again).not.toContain('task.device-changed')
    produce(world, 20)
    await publish(world, on('gpu'))
    produce(world, 20)
    await expect(publish(world, on('cpu'))).rejects.toMatchObject({
      code: 'HEADRACE_TASK_FINGERPRINT_FOREIGN',
    })
    await publish(world, on('cpu', { allowDifferentDevice: true }))
    expect(world.published()).toBe(120)
  })

  test('is refused where the other device comes to something else', async () => {
    const world = new World()
    produce(world, 40)
    await publish(world, on('cpu'))
    produce(world, 20)
    const astray = on('gpu', { allowDifferentDevice: true }, 1.02)
    await expect(publish(world, astray)).rejects.toMatchObject({
      code: 'HEADRACE_TASK_HASH_MISMATCH',
      message: expect.stringMatching(/norms of the weights became \[.*2\.00 % apart, where 1 %/),
    })
    expect(world.published()).toBe(40)
    await publish(world, on('gpu', { allowDifferentDevice: true }, 1.005))
    expect(world.published()).toBe(60)
  })
})
