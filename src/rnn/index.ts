export type { Kernel, LeastSquares, LeastSquaresOptions } from '../kernels/kernel.ts'
export { referenceKernel } from '../kernels/reference.ts'
export { initialise } from './initialise.ts'
export { Network, type NetworkOptions, type UpdateReport } from './network.ts'
export {
  type Cell,
  featureSize,
  type NetworkSpec,
  type ParameterLayout,
  parameterCount,
  parameterLayout,
  stateSize,
} from './spec.ts'
export { WindowBatch, type WindowBatchOptions } from './window-batch.ts'
