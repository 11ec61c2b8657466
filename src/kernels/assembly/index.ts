import { Layer, Network } from './layout'

export { adam, gradientNorm } from './adam'
export { dot, updateLeastSquares } from './least-squares'
export { mapExp, mapLog, mapSigmoid, mapTanh } from './maps'
export { step } from './forward'
export { accumulate, lagNorms, transposeWeights } from './learning'
export { product } from './product'
export {
  symbolAccumulate,
  symbolDistribution,
  symbolLearn,
  symbolStep,
  transposeReadOut,
} from './symbols'

/** First byte that the caller may lay out as it likes. */
export function heapBase(): usize {
  return __heap_base
}

/** Sizes of the blocks that describe a network, for a comparison with the caller's. */
export function networkBytes(): usize {
  return offsetof<Network>()
}

export function layerBytes(): usize {
  return offsetof<Layer>()
}
