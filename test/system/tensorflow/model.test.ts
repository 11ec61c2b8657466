import { describe, expect, test } from 'vitest'
import type { Config } from '../../../src/config/schema.ts'
import { type KernelName, openKernel } from '../../../src/kernels/index.ts'
import { Random } from '../../../src/random.ts'
import { type Delivered, Processor } from '../../../src/task/processor.ts'
import { openRandom, randomise, randomStates } from '../../unit/kernels/fixtures.ts'
import { bitsOf } from '../../unit/kernels/shapes.ts'
import { checkManySnapshots } from '../../unit/model/snapshot/many.ts'
import { driverOf, Store, supervised } from '../../unit/model/supervised/support/driver.ts'
import { lateLabels } from '../../unit/model/supervised/support/streams.ts'
import { configOf } from '../../unit/model/support/driver.ts'
import { batched, checkBatches, inTurn } from '../../unit/task/support/batches.ts'

function configFor(kernel: KernelName, model: object = {}): Config {
  const own = { kernel, hidden: 7, window: 6, updateEvery: 3, learningRates: [3e-3], ...model }
  return configOf({ task: { targets: ['y'], horizons: [1, 3], seasons: [5] }, model: own })
}

/** Means of all forecasts. */
function meansOf(config: Config, records: readonly Delivered[]): number[][] {
  const processor = new Processor(config)
  const means: number[][] = []
  for (let from = 0; from < records.length; from += 200) {
    const until = Math.min(records.length, from + 200)
    processor.processMany(records, from, until, (_, { forecast }) => {
      means.push([...(forecast?.means ?? [])])
    })
  }
  return means
}

describe('on a processor', () => {
  test('a batch has the bits of one record after the other', () => {
    checkBatches(['tensorflow'], 40)
  })

  test.each([256, 300])('%s units: a row has the same bits alone and among 4,096', (hidden) => {
    const spec = { cell: 'lstm', layers: 2, inputs: 12, hidden, outputs: 6 } as const
    const kernel = openKernel('tensorflow')
    const limits = { runsMax: 1, warmupMax: 1, window: 1, huberDelta: 1 }
    const network = openRandom(kernel, spec, limits, new Random(3), 0.06)
    const random = new Random(4)
    const inputs = randomise(new Float32Array(4096 * spec.inputs), random)
    const states = randomStates(spec, 4096, random)
    const size = states.length / 4096
    const step = (rows: number) => {
      const after = states.slice(0, rows * size)
      const outputs = new Float64Array(rows * spec.outputs)
      network.forward(rows, inputs, 0, after, 0, outputs, 0)
      return { after, outputs }
    }
    const all = step(4096)
    for (const rows of [1, 7, 32, 100, 1000]) {
      const { after, outputs } = step(rows)
      expect(bitsOf(after, outputs), `${rows} rows`).toBe(
        bitsOf(all.after.subarray(0, after.length), all.outputs.subarray(0, outputs.length)),
      )
    }
    kernel.close()
  })

  test.each(['full', 'network'] as const)('%s: a snapshot is the state at its cut', (portfolio) => {
    checkManySnapshots('tensorflow', portfolio, 600)
  })

  test.each([1, 2])('the same comes out again, bit for bit, with %s layers', (layers) => {
    const config = configFor('tensorflow', { layers, cell: 'lstm', hidden: 70, block: 96 })
    const records = inTurn(1500, 50)
    const first = batched(config, records, [200])
    expect(first.updates).toBeGreaterThan(10)
    expect(batched(config, records, [200])).toEqual(first)
    expect(batched(config, records, [64, 3])).toEqual(first)
  })

  test.each(['rnn', 'gru', 'lstm'] as const)('%s: forecasts are near those of wasm', (cell) => {
    const records = inTurn(1200, 20)
    const truth = meansOf(configFor('wasm', { cell }), records)
    const means = meansOf(configFor('tensorflow', { cell }), records)
    expect(means).toHaveLength(records.length)
    const distance = truth.flatMap((own, i) => own.map((mean, k) => Math.abs(means[i]![k]! - mean)))
    expect(Math.max(...distance.filter((d) => !Number.isNaN(d)))).toBeLessThan(1e-2)
    expect(distance.filter((d) => d > 0).length).toBeGreaterThan(records.length)
  })

  test('labels that come late are learnt again with the same bits, through a snapshot too', () => {
    const config = supervised({ id: 'id' }, { model: { kernel: 'tensorflow' } })
    const stream = lateLabels(7, 200)
    const whole = driverOf(config).feed(stream)
    expect(whole.model.updates).toBeGreaterThan(20)
    expect(driverOf(config).feed(stream).hashes).toEqual(whole.hashes)
    const restored = new Store().through(driverOf(config).feed(stream.slice(0, 150)))
    expect(restored.feed(stream.slice(150)).hashes).toEqual(whole.hashes)
  })
})
