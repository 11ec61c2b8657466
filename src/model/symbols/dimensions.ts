import type { SymbolsConfig } from '../../config/schema.ts'
import { AUTO_BLOCK_MAX } from '../block-learning.ts'

/** Sizes that all parts of the model of a symbols task share, from its configuration. */
export interface SymbolDimensions {
  /** h and h′, in own steps of a sequence; a step is a symbol. */
  readonly window: number
  readonly updateEvery: number
  /**
   * Own steps between two of which a window stores the states. No more than those of a block by
   * default: runs of a lone sequence then start at a stored state, without a warm-up.
   */
  readonly stateEvery: number
  /**
   * Own steps whose symbols a window holds: the run of the oldest loss that may still be learnt
   * begins up to stateEvery − 1 steps before its window.
   */
  readonly windowCapacity: number
  /**
   * Own steps whose losses may still be learnt: a sequence joins before it has taken more than
   * 2 × updateEvery steps since it last did, and then learns all but the newest.
   */
  readonly lossSteps: number
}

export function symbolDimensionsOf({ model }: SymbolsConfig): SymbolDimensions {
  const { window, updateEvery } = model
  const lossSteps = 2 * updateEvery + 2
  const stateEvery = Math.min(updateEvery, AUTO_BLOCK_MAX)
  const windowCapacity = window + stateEvery + lossSteps
  return { window, updateEvery, stateEvery, lossSteps, windowCapacity }
}
