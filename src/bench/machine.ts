import { availableParallelism, cpus } from 'node:os'

/** Where figures come from. */
export interface Machine {
  readonly processor: string
  readonly cores: number
  /** `v24.1.0` */
  readonly node: string
}

/** The machine that this process runs on. */
export function thisMachine(nodeVersion: string): Machine {
  return {
    processor: cpus()[0]?.model.trim() || 'unknown processor',
    cores: availableParallelism(),
    node: nodeVersion,
  }
}
