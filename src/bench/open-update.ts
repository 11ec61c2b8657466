import type { Kernel } from '../kernels/kernel.ts'
import { Random } from '../random.ts'
import { Network, type NetworkSpec, parameterCount, WindowBatch } from '../rnn/index.ts'
import type { UpdateCase } from './rows.ts'

/** Width of the input of every network that is measured. */
export const updateInputs = 8

/** An update that is ready to run, again and again. */
export interface Update {
  readonly network: Network
  readonly batch: WindowBatch
  /** Each row's state before the window, all zero. */
  readonly states: Float32Array
  /** Forward over the window, backward over it, clip, Adam. Returns the mean loss before it. */
  run(): number
}

/** The network of a case: one layer, one output. */
export function updateSpec({ cell, hidden }: UpdateCase): NetworkSpec {
  return { cell, inputs: updateInputs, hidden, layers: 1, outputs: 1 }
}

/** Floating point operations of one update: 6 × parameters × rows × window. */
export function updateFlops(each: UpdateCase): number {
  return 6 * parameterCount(updateSpec(each)) * each.rows * each.window
}

/** Opens the network of a case and fills its batch with noise; every step has a loss. */
export function openUpdate(each: UpdateCase, kernel: Kernel): Update {
  const { rows, window } = each
  const network = new Network(
    updateSpec(each),
    {
      learningRate: 1e-3,
      beta2: 0.999,
      epsilon: 1e-5,
      clipNorm: 1,
      huberDelta: 1,
      window,
      runsMax: rows,
      warmupMax: 0,
      seed: 1,
    },
    kernel,
  )
  const batch = new WindowBatch({
    runsMax: rows,
    stepsMax: window,
    inputs: updateInputs,
    outputs: 1,
  })
  fill(batch, rows, window)
  const states = new Float32Array(rows * network.stateSize)
  return {
    network,
    batch,
    states,
    run: () => {
      network.accumulate(batch, states)
      return network.finishUpdate().loss
    },
  }
}

function fill(batch: WindowBatch, rows: number, window: number): void {
  const random = new Random(1)
  for (let row = 0; row < rows; row++) {
    batch.add(0, window)
    for (let step = 0; step < window; step++) {
      const at = batch.inputsAt(row, step)
      for (let i = 0; i < updateInputs; i++) batch.inputs[at + i] = random.normal()
      batch.targets[batch.targetsAt(row, step)] = random.normal()
      batch.mask[batch.targetsAt(row, step)] = 1
    }
  }
}
