import type { Kernel } from '../../../src/kernels/kernel.ts'
import { type SymbolSpec, stateSize, symbolLayout } from '../../../src/kernels/network-spec.ts'
import type { SymbolLimits, SymbolNetworkKernel } from '../../../src/kernels/symbol-kernel.ts'
import type { Random } from '../../../src/random.ts'
import { SymbolBatch } from '../../../src/rnn/index.ts'
import { CELLS, randomise } from './fixtures.ts'

const LIMITS: SymbolLimits = { window: 8, runsMax: 16, warmupMax: 8 }

/** Every cell at one to three layers, without and with normalised gates; odd widths. */
export const SYMBOL_SPECS: readonly SymbolSpec[] = [false, true].flatMap((normalise) =>
  CELLS.flatMap((cell) =>
    [1, 2, 3].map((layers) => ({ cell, layers, normalise, hidden: 5, columns: 11 })),
  ),
)

/** A network with random parameters of this size, taken up; `used` columns in use. */
export function openRandomSymbols(
  kernel: Kernel,
  spec: SymbolSpec,
  random: Random,
  used = spec.columns,
  size = 0.5,
): SymbolNetworkKernel {
  const network = kernel.openSymbolNetwork(spec, LIMITS)
  randomise(network.parameters, random, size)
  network.upload()
  network.used = used
  return network
}

/** Random runs of [warm-up, steps] over the columns in use; each loss stands with this density. */
export function randomSymbols(
  used: number,
  runs: readonly (readonly [warmup: number, steps: number])[],
  random: Random,
  density = 0.6,
): SymbolBatch {
  const stepsMax = Math.max(...runs.map(([, steps]) => steps)) + 1
  const batch = new SymbolBatch({ runsMax: runs.length, stepsMax })
  for (const [warmup, steps] of runs) {
    const run = batch.add(warmup, steps)
    for (let step = 0; step <= steps; step++) {
      batch.symbols[batch.symbolsAt(run, step)] = Math.floor(random.uniform() * used)
    }
    for (let step = warmup; step < steps; step++) {
      batch.mask[batch.maskAt(run, step)] = random.uniform() < density ? 1 : 0
    }
    // One loss at least, and none at the last step of a longer run.
    if (steps > warmup) batch.mask[batch.maskAt(run, Math.max(warmup, steps - 2))] = 1
    if (steps - warmup > 1) batch.mask[batch.maskAt(run, steps - 1)] = 0
  }
  return batch
}

/** (runs, S) */
export function randomSymbolStates(spec: SymbolSpec, runs: number, random: Random): Float32Array {
  return randomise(new Float32Array(runs * stateSize(spec)), random, 0.5)
}

/** Number of parameters that have a gradient. */
export function learntCount(spec: SymbolSpec): number {
  return symbolLayout(spec).outputWeightsAt
}
