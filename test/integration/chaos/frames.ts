import { apis as transactionApis } from '../../../src/bench/service/frames.ts'

export { Framer, readCorrelationId } from '../../../src/bench/service/frames.ts'

/** The fields that every version of every request begins with. */
export interface RequestHeader {
  readonly api: number
  readonly correlationId: number
  readonly client: string
}

export function readRequestHeader(frame: Buffer): RequestHeader {
  const clientBytes = Math.max(0, frame.readInt16BE(12))
  return {
    api: frame.readInt16BE(4),
    correlationId: frame.readInt32BE(8),
    client: frame.toString('utf8', 14, 14 + clientBytes),
  }
}

/** The id that requests of a transaction, in the versions that kafkajs speaks, begin with. */
export function readTransactionalId(frame: Buffer): string {
  const at = 14 + Math.max(0, frame.readInt16BE(12))
  return frame.toString('utf8', at + 2, at + 2 + frame.readInt16BE(at))
}

/** https://kafka.apache.org/protocol.html#protocol_api_keys, those that the service uses. */
export const apis = {
  ...transactionApis,
  fetch: 1,
  listOffsets: 2,
  offsetFetch: 9,
  joinGroup: 11,
  heartbeat: 12,
  leaveGroup: 13,
  syncGroup: 14,
} as const
