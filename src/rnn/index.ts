export type { Kernel, LeastSquares, LeastSquaresOptions } from '../kernels/kernel.ts'
export { referenceKernel } from '../kernels/reference.ts'
export { initialise } from './initialise.ts'
export { Network, type NetworkOptions, type ObservedUpdates, type UpdateReport } from './network.ts'
export {
  type Cell,
  featureSize,
  type NetworkSpec,
  type ParameterLayout,
  parameterCount,
  parameterLayout,
  stateSize,
} from './spec.ts'
export { SymbolBatch, type SymbolBatchOptions } from './symbol-batch.ts'
export {
  SymbolNetwork,
  type SymbolNetworkOptions,
  type SymbolStateArrays,
} from './symbol-network.ts'
export type { SymbolTuning } from './symbol-tuning.ts'
export { WindowBatch, type WindowBatchOptions } from './window-batch.ts'
