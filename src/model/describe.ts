import type { Config } from '../config/schema.ts'
import { openKernel } from '../kernels/index.ts'
import { openModel } from './open.ts'

/** What a configuration costs, known before the first record. */
export interface ModelDescription {
  readonly parametersPerNetwork: number
  readonly networks: number
  /** Parameters of all networks together. */
  readonly parameters: number
  /** State of one sequence with its window, without its name. */
  readonly bytesPerSequence: number
  /** State of what all sequences of a partition share. */
  readonly bytesShared: number
  /** Of the state of one sequence with its window what is on a device too; 0 without one. */
  readonly bytesOnDevice: number
  /** What the kernel has laid out to work in, copies of that state included. */
  readonly bytesKernel: number
}

/** Sizes of the model that a configuration makes, read off such a model. */
export function describeModel(config: Config): ModelDescription {
  const kernel = openKernel(config.model.kernel)
  const model = openModel(config, kernel, { seeded: false })
  const description = {
    parametersPerNetwork: model.parameters / Math.max(1, model.networkCount),
    networks: model.networkCount,
    parameters: model.parameters,
    bytesPerSequence: model.bytesPerSequence,
    bytesShared: model.bytesShared,
    bytesOnDevice: 'bytesOnDevice' in model ? model.bytesOnDevice : 0,
    bytesKernel: kernel.arenaBytes,
  }
  kernel.close()
  return description
}
