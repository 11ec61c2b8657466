import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  type Cell,
  Network,
  type NetworkSpec,
  parameterCount,
  WindowBatch,
} from '../../src/rnn/index.ts'
import { KERNELS } from '../unit/kernels/fixtures.ts'

interface Vectors {
  readonly inputs: number
  readonly hidden: number
  readonly outputs: number
  readonly steps: number
  readonly options: {
    readonly learningRate: number
    readonly beta2: number
    readonly epsilon: number
    readonly clipNorm: number
    readonly huberDelta: number
  }
  readonly cases: readonly Case[]
}

/** One cell through PyTorch, see generate.py. */
interface Case {
  readonly cell: Cell
  readonly layers: number
  readonly normalise?: boolean
  readonly parameters: readonly number[]
  readonly state: readonly number[]
  readonly inputs: readonly number[]
  readonly targets: readonly number[]
  readonly mask: readonly number[]
  readonly outputs: readonly number[]
  /** Of the mean loss, before clipping. */
  readonly gradient: readonly number[]
  readonly updates: readonly {
    readonly loss: number
    readonly gradientNorm: number
    readonly parameters: readonly number[]
  }[]
}

const TOLERANCE = 1e-5
const vectors: Vectors = JSON.parse(
  readFileSync(new URL('./vectors.json', import.meta.url), 'utf8'),
)
const { steps, options } = vectors

function specOf({ cell, layers, normalise = false }: Case): NetworkSpec {
  const { inputs, hidden, outputs } = vectors
  return { cell, layers, normalise, inputs, hidden, outputs }
}

function batchOf(golden: Case): WindowBatch {
  const { inputs, outputs } = vectors
  const batch = new WindowBatch({ runsMax: 1, stepsMax: steps, inputs, outputs })
  batch.add(0, steps)
  batch.inputs.set(golden.inputs)
  batch.targets.set(golden.targets)
  batch.mask.set(golden.mask)
  return batch
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length)
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual[i]! - expected[i]!), `at ${i}`).toBeLessThan(TOLERANCE)
  }
}

function nameOf({ cell, layers, normalise }: Case): string {
  return `${normalise ? 'normalised ' : ''}${cell} of ${layers}`
}

test('the vectors cover every cell, and normalised gates, at one and two layers', () => {
  const cells = ['rnn', 'gru', 'lstm', 'normalised gru', 'normalised lstm']
  const names = cells.flatMap((cell) => [`${cell} of 1`, `${cell} of 2`])
  expect(vectors.cases.map(nameOf)).toEqual(names)
})

const CASES = KERNELS.flatMap(({ name, open }) =>
  vectors.cases.map((c) => [name, nameOf(c), open, c] as const),
)

describe.each(CASES)('%s: %s against PyTorch', (_kernel, _name, open, golden) => {
  const spec = specOf(golden)
  const state = new Float32Array(golden.state)

  test('forward and backward of one window', () => {
    expect(golden.parameters.length).toBe(parameterCount(spec))
    const kernel = open().openNetwork(spec, {
      ...options,
      window: steps,
      runsMax: 1,
      warmupMax: 0,
    })
    kernel.parameters.set(golden.parameters)
    kernel.upload()
    const moving = state.slice()
    const outputs = new Float64Array(golden.outputs.length)
    for (let t = 0; t < steps; t++) {
      const x = new Float32Array(golden.inputs)
      kernel.forward(1, x, t * spec.inputs, moving, 0, outputs, t * spec.outputs)
    }
    expectClose(outputs, golden.outputs)
    kernel.accumulate(batchOf(golden), state)
    expectClose(
      kernel.gradient.map((g) => g / kernel.losses),
      golden.gradient,
    )
  })

  test('updates: mean loss, clip by global norm, Adam with bias correction', () => {
    const network = new Network(
      spec,
      { ...options, window: steps, runsMax: 1, warmupMax: 0, seed: 1 },
      open(),
    )
    network.parameters.set(golden.parameters)
    network.stateWritten()
    const batch = batchOf(golden)
    for (const update of golden.updates) {
      network.accumulate(batch, state)
      const report = network.finishUpdate()
      expectClose([report.loss, report.gradientNorm], [update.loss, update.gradientNorm])
      expect([report.applied, report.clipped]).toEqual([true, true])
      expectClose(network.parameters, update.parameters)
    }
  })
})
