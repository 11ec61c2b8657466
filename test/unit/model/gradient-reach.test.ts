import { expect, test } from 'vitest'
import type { Runs } from '../../../src/kernels/kernel.ts'
import { Random } from '../../../src/random.ts'
import { type ParameterLayout, parameterLayout, referenceKernel } from '../../../src/rnn/index.ts'
import { configOf, Driver } from './support/driver.ts'
import { type SeenRun, spyKernel } from './support/spy-kernel.ts'

const window = 4

/** The one run with but one of its losses. */
function onlyLoss(run: SeenRun, at: number): Runs {
  const mask = new Uint8Array(run.mask.length)
  mask[at] = 1
  return {
    runs: 1,
    stepsMax: run.steps,
    warmup: Int32Array.of(run.warmup),
    steps: Int32Array.of(run.steps),
    inputs: run.inputs,
    targets: run.targets,
    mask,
  }
}

test('every loss reaches the recurrent weights, at horizons beyond the window too', () => {
  const horizons = [1, 3, 40]
  const config = configOf({
    task: { targets: ['a', 'b'], horizons, calendar: false },
    model: { hidden: 4, window, updateEvery: 8, portfolio: 'network', diagnostics: false },
  })
  const { kernel, networks } = spyKernel()
  const driver = new Driver(config, kernel)
  const network = networks[0]!
  const { spec } = network
  const layout = parameterLayout(spec)
  const { inputs, weightsAt } = layout.layers[0]!
  const probe = referenceKernel.openNetwork(spec, {
    window,
    runsMax: 1,
    warmupMax: 0,
    huberDelta: 1,
  })
  const reached = new Array<number>(6).fill(0)
  const silent = new Array<number>(6).fill(0)
  network.onUpdate = (runs) => {
    probe.parameters.set(network.parameters)
    for (const run of runs) {
      run.mask.forEach((bit, at) => {
        // An output's read-out starts at zero: its first update lets no gradient through.
        if (bit === 0 || readOutNorm(probe.parameters, layout, at % 6) === 0) return
        probe.clearGradient()
        probe.accumulate(onlyLoss(run, at), run.state)
        const recurrent = recurrentNorm(probe.gradient, weightsAt, inputs, 4)
        const counts = recurrent > 0 ? reached : silent
        counts[at % 6]!++
      })
    }
  }
  const random = new Random(3)
  const steps = 160
  for (let t = 0; t < steps; t++) {
    driver.step({ values: [random.normal(), random.normal()] })
  }
  expect(silent).toEqual([0, 0, 0, 0, 0, 0])
  // All but the losses of an output's first update and those not yet gathered at the end.
  reached.forEach((count, slot) => {
    expect(count).toBeGreaterThanOrEqual(steps - horizons[slot >> 1]! - 24)
  })
})

function readOutNorm(parameters: Float32Array, layout: ParameterLayout, output: number): number {
  const width = (layout.readoutBiasesAt - layout.readoutWeightsAt) / 6
  const at = layout.readoutWeightsAt + output * width
  return parameters.subarray(at, at + width).reduce((sum, weight) => sum + weight * weight, 0)
}

/** ‖∂L/∂U‖² of the recurrent columns of the weights (3 H, I + H). */
function recurrentNorm(
  gradient: Float64Array,
  weightsAt: number,
  inputs: number,
  hidden: number,
): number {
  let sum = 0
  for (let row = 0; row < 3 * hidden; row++) {
    const at = weightsAt + row * (inputs + hidden) + inputs
    for (let j = 0; j < hidden; j++) sum += gradient[at + j]! ** 2
  }
  return sum
}
