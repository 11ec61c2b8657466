import { assert } from '../../assert.ts'
import { HeadraceError } from '../../errors.ts'
import type { Kernel } from '../kernel.ts'
import { ReferenceLeastSquares } from '../least-squares.ts'
import { loadTensorflow } from './load.ts'
import { TensorflowNetwork } from './network.ts'
import { TensorflowResident } from './resident.ts'

/** Rows of one step that go to the device together at most. */
const ROWS_MAX = 4096
/** Runs of one update: what the way back needs of them is to stay within so many bytes. */
const RUNS_MAX = 512
const RUNS_MIN = 16
const TAPE_BYTES = 512 * 1024 * 1024
/** Floats for each unit and step that forward and backward hold, about. */
const TAPE_FLOATS = 32

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
  const residents: TensorflowResident[] = []
  return {
    name: 'tensorflow',
    device,
    rowsMax: ROWS_MAX,
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
    runsMax: ({ layers, hidden }, steps) => {
      const each = 4 * TAPE_FLOATS * layers * hidden * steps
      return Math.max(RUNS_MIN, Math.min(RUNS_MAX, Math.floor(TAPE_BYTES / each)))
    },
    openResident(shape) {
      const own = shape.networks.map((network) => {
        assert(network instanceof TensorflowNetwork, 'resident networks are of the same kernel')
        return network
      })
      const resident = new TensorflowResident(tf, shape, own)
      residents.push(resident)
      return resident
    },
    close() {
      for (const resident of residents.splice(0)) resident.dispose()
      for (const network of networks.splice(0)) network.dispose()
    },
  }
}
