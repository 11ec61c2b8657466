export {
  type Cell,
  featureSize,
  type LayerLayout,
  type NetworkSpec,
  type ParameterLayout,
  parameterCount,
  parameterLayout,
  stateSize,
} from '../kernels/network-spec.ts'
