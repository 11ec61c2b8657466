import { describe, expect, test } from 'vitest'
import { type KernelName, openKernel } from '../../../src/kernels/index.ts'
import { Random } from '../../../src/random.ts'
import {
  describeBuild,
  HUBER_DELTA,
  openRandom,
  randomBatch,
  randomStates,
  relativeError,
  SPECS,
} from '../../unit/kernels/fixtures.ts'
import {
  learntCount,
  openRandomSymbols,
  randomSymbolStates,
  randomSymbols,
  SYMBOL_SPECS,
} from '../../unit/kernels/symbol-fixtures.ts'
import { Autodiff } from './support/autodiff.ts'

/** Both sides round to single precision, through eight steps and a warm-up. */
const ERROR = 2e-5
const RUNS = [
  [0, 8],
  [3, 9],
  [0, 1],
  [2, 7],
] as const
const LIMITS = { window: 8, runsMax: 16, warmupMax: 8, huberDelta: HUBER_DELTA }

const autodiff = new Autodiff()

describe.each(SPECS.map((spec) => [describeBuild(spec), spec] as const))('%s', (_name, spec) => {
  const kernels = (['reference', 'wasm', 'tensorflow'] as const).map((name) => {
    return { name, network: openRandom(openKernel(name), spec, LIMITS, new Random(31)) }
  })
  const { parameters } = openRandom(openKernel('reference'), spec, LIMITS, new Random(31))
  const random = new Random(32)
  const batch = randomBatch(spec, RUNS, random)
  const states = randomStates(spec, RUNS.length, random)

  test('every kernel’s gradient is the one that TensorFlow.js derives', () => {
    const truth = autodiff.network(spec, parameters, HUBER_DELTA, batch, states)
    for (const { name, network } of kernels) {
      network.accumulate(batch, states)
      expect(relativeError(network.gradient, truth), name).toBeLessThan(ERROR)
    }
    expect(truth.every((g) => g !== 0)).toBe(true)
  })

  test('so is what it says of each lag', () => {
    for (const [run, [warmup, steps]] of RUNS.entries()) {
      batch.mask[batch.targetsAt(run, steps - 1)] = 1
      const truth = autodiff.normsByLag(spec, parameters, HUBER_DELTA, batch, run, states)
      expect(truth).toHaveLength(steps - warmup)
      for (const { name, network } of kernels) {
        const norms = new Float64Array(LIMITS.window)
        network.gradientNormByLag(batch, run, states, norms)
        truth.forEach((norm, k) => {
          expect(Math.abs(norms[k]! - norm) / norm, `${name}, lag ${k}`).toBeLessThan(10 * ERROR)
        })
      }
    }
  })
})

describe.each(SYMBOL_SPECS.map((spec) => [describeBuild(spec), spec] as const))(
  'of symbols, %s',
  (_name, spec) => {
    test('every kernel’s gradient is the one that TensorFlow.js derives', () => {
      const used = 9
      const random = new Random(33)
      const batch = randomSymbols(used, RUNS, random)
      const states = randomSymbolStates(spec, RUNS.length, random)
      const { parameters } = openRandomSymbols(openKernel('reference'), spec, new Random(34), used)
      const all = autodiff.symbols(spec, parameters, used, batch, states)
      const truth = all.subarray(0, learntCount(spec))
      for (const name of ['reference', 'wasm'] satisfies KernelName[]) {
        const network = openRandomSymbols(openKernel(name), spec, new Random(34), used)
        network.accumulate(batch, states)
        expect(relativeError(network.gradient, truth), name).toBeLessThan(ERROR)
      }
      expect(truth.some((g) => g !== 0)).toBe(true)
    })
  },
)
