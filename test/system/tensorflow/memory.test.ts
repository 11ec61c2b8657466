import { describe, expect, test } from 'vitest'
import type { Config, ConfigInput } from '../../../src/config/schema.ts'
import { loadTensorflow } from '../../../src/kernels/tensorflow/load.ts'
import { DeviceTable } from '../../../src/kernels/tensorflow/table.ts'
import { openProcessor } from '../../../src/task/open-processor.ts'
import { driverOf, supervised } from '../../unit/model/supervised/support/driver.ts'
import { lateLabels } from '../../unit/model/supervised/support/streams.ts'
import { configOf } from '../../unit/model/support/driver.ts'
import { inTurn } from '../../unit/task/support/batches.ts'

const { tf } = loadTensorflow()
const tensors = () => tf.memory().numTensors

/** A network that learns at every record. */
function forecast(model: ConfigInput['model'], sequences: ConfigInput['sequences'] = {}): Config {
  const small = { hidden: 2, window: 1, updateEvery: 1, block: 1, learningRates: [1e-2] }
  return configOf({ model: { kernel: 'tensorflow', ...small, ...model }, sequences })
}

/** Feeds records of so many sequences, and counts updates and tensors on the way. */
function fed(config: Config, keys: number, warmUp: number, records: number) {
  const processor = openProcessor(config)
  const { model } = processor
  const stream = inTurn(warmUp + records, keys)
  const feed = (from: number, until: number) => {
    for (let at = from; at < until; at += 64) {
      processor.processMany(stream, at, Math.min(at + 64, until), () => {})
    }
    return { updates: model.updates, tensors: tensors() }
  }
  const before = feed(0, warmUp)
  const after = feed(warmUp, stream.length)
  if ('close' in model) model.close()
  return { updates: after.updates - before.updates, before: before.tensors, after: after.tensors }
}

describe('tensors are as many after updates as before, and none are left at the end', () => {
  test('ten thousand updates of one network', () => {
    const open = tensors()
    const config = forecast({ portfolio: 'network', cell: 'rnn' })
    const { updates, before, after } = fed(config, 4, 100, 10_000)
    expect(updates).toBeGreaterThanOrEqual(10_000)
    expect(after).toBe(before)
    expect(tensors()).toBe(open)
  })

  test('a portfolio of members over windows, with diagnostics', () => {
    const open = tensors()
    const { updates, before, after } = fed(forecast({ window: 5, diagnostics: true }), 40, 400, 600)
    expect(updates).toBeGreaterThanOrEqual(600)
    expect(after).toBe(before)
    expect(tensors()).toBe(open)
  })

  test('labels that come late', () => {
    const open = tensors()
    const driver = driverOf(supervised({ id: 'id' }, { model: { kernel: 'tensorflow' } }))
    const stream = lateLabels(3, 400)
    driver.feed(stream.slice(0, 400))
    const [before, updates] = [tensors(), driver.model.updates]
    driver.feed(stream.slice(400))
    expect(driver.model.updates - updates).toBeGreaterThan(50)
    expect(tensors()).toBe(before)
    driver.model.close()
    expect(tensors()).toBe(open)
  })
})

test('sequences on the device are as many as sequences.max says, and those of one block', () => {
  const most = new Map<DeviceTable, number>()
  const grow = DeviceTable.prototype.grow
  DeviceTable.prototype.grow = function (count) {
    grow.call(this, count)
    most.set(this, this.scrap)
  }
  try {
    fed(forecast({ portfolio: 'network', window: 4, block: 16 }, { max: 100 }), 1_000, 0, 4_000)
  } finally {
    DeviceTable.prototype.grow = grow
  }
  // Inputs, states and kept states; of the states one for each sequence.
  expect(most.size).toBe(3)
  const [, states] = most.values()
  expect(states).toBeGreaterThanOrEqual(100)
  expect(states).toBeLessThanOrEqual(100 + 64)
})
