export {
  type Cell,
  featureSize,
  type NetworkSpec,
  type ParameterLayout,
  parameterCount,
  parameterLayout,
  stateSize,
} from '../kernels/network-spec.ts'
