import type { Layout } from '../layout.ts'

/** Places in the core of a sequence that a symbols task has beside those of every sequence. */
export interface SymbolFields {
  /** Own steps before it have been learnt, or cannot be. */
  readonly learntTo: number
  /** 1: a life is going on; 0: the next symbol begins one. */
  readonly going: number
  /** 1: a life has ended since the sequence last joined, with losses to learn. */
  readonly ended: number
}

export function claimFields(core: Layout): SymbolFields {
  return { learntTo: core.claim(1), going: core.claim(1), ended: core.claim(1) }
}
