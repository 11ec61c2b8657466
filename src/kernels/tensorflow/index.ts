import { HeadraceError } from '../../errors.ts'
import type { Kernel } from '../kernel.ts'
import { ReferenceLeastSquares } from '../least-squares.ts'
import { loadTensorflow } from './load.ts'
import { TensorflowNetwork } from './network.ts'

/** Rows of one step, and runs of one update, that go to the device together at most. */
const ROWS_MAX = 4096
const RUNS_MAX = 512

/**
 * Single precision through TensorFlow.js: for wide layers and many sequences, where one operation
 * on all rows is worth what every operation costs. Not the bits of the other kernels, but the same
 * ones again on the same processor. Least squares, which go one record after the other, stay here.
 *
 * The order of reading: `cells`, `layer`, `tensor-network` (all on the device), `runs` and
 * `network` (what comes from this process and goes back).
 *
 * @throws HeadraceError HEADRACE_KERNEL_ABSENT
 */
export function openTensorflowKernel(): Kernel {
  const { tf, device } = loadTensorflow()
  const networks: TensorflowNetwork[] = []
  return {
    name: 'tensorflow',
    device,
    rowsMax: ROWS_MAX,
    runsMax: RUNS_MAX,
    // All of the thread's, as the library counts it.
    get arenaBytes() {
      return tf.memory().numBytes
    },
    openNetwork(spec, limits) {
      const network = new TensorflowNetwork(tf, spec, limits)
      networks.push(network)
      return network
    },
    openSymbolNetwork() {
      throw new HeadraceError(
        'HEADRACE_CONFIG_INVALID',
        'networks of symbols run on the kernels wasm and reference, not on tensorflow',
      )
    },
    openLeastSquares: (options) => new ReferenceLeastSquares(options),
    close() {
      for (const network of networks.splice(0)) network.dispose()
    },
  }
}
