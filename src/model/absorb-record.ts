import type { Hash64 } from './hash.ts'
import { ABSENT } from './layout.ts'

/** Takes a record's key, value and event time into the chain hash. */
export function absorbRecord(
  chain: Hash64,
  key: Uint8Array | null,
  value: Uint8Array | null,
  timeMs: number | null,
): void {
  chain.word(key === null ? 0 : 1)
  if (key !== null) chain.bytes(key)
  chain.word(value === null ? 0 : 1)
  if (value !== null) chain.bytes(value)
  chain.float64(timeMs ?? ABSENT)
}
