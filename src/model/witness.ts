import type { KernelDevice } from '../kernels/kernel.ts'
import { ABSENT } from './layout.ts'

/** A few numbers that tell what a model is: what another device must nearly come to. */
export interface Witness {
  /** ‖weights‖₂ of each network. */
  readonly weights: readonly number[]
  /** The means of the newest forecast, 0 for those that are absent; [] where it has none. */
  readonly means: readonly number[]
}

interface Weighted {
  readonly network: { readonly parameters: Float32Array }
}

/** Undefined where the kernel computes in this process, with the same bits everywhere. */
export function witnessOf(
  device: KernelDevice,
  networks: readonly Weighted[],
  means: Float64Array,
): Witness | undefined {
  if (device === 'host') return undefined
  const isMissing = (mean: number) => mean === ABSENT || Number.isNaN(mean)
  return {
    weights: networks.map(({ network }) => norm(network.parameters)),
    means: Array.from(means, (mean) => (isMissing(mean) ? 0 : mean)),
  }
}

/** ‖values‖₂ */
export function norm(values: Float32Array): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!
  return Math.sqrt(sum)
}
