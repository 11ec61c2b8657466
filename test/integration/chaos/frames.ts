/** Cuts a stream of Kafka’s protocol into frames: a size of four bytes, then so many bytes. */
export class Framer {
  #pieces: Buffer[] = []
  #bytes = 0

  /** Takes the next piece of the stream; returns the frames that are complete now, with sizes. */
  push(piece: Buffer): Buffer[] {
    this.#pieces.push(piece)
    this.#bytes += piece.length
    const frames: Buffer[] = []
    while (this.#bytes >= 4) {
      let [first] = this.#pieces as [Buffer]
      if (first.length < 4) first = this.#join()
      const frameBytes = 4 + first.readInt32BE(0)
      if (this.#bytes < frameBytes) break
      if (first.length < frameBytes) first = this.#join()
      frames.push(first.subarray(0, frameBytes))
      this.#bytes -= frameBytes
      if (first.length === frameBytes) this.#pieces.shift()
      else this.#pieces[0] = first.subarray(frameBytes)
    }
    return frames
  }

  #join(): Buffer {
    const joined = Buffer.concat(this.#pieces)
    this.#pieces = [joined]
    return joined
  }
}

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

export function readCorrelationId(response: Buffer): number {
  return response.readInt32BE(4)
}

/** https://kafka.apache.org/protocol.html#protocol_api_keys, those that the service uses. */
export const apis = {
  produce: 0,
  fetch: 1,
  listOffsets: 2,
  offsetFetch: 9,
  joinGroup: 11,
  heartbeat: 12,
  leaveGroup: 13,
  syncGroup: 14,
  initProducerId: 22,
  addPartitionsToTxn: 24,
  addOffsetsToTxn: 25,
  endTxn: 26,
  txnOffsetCommit: 28,
} as const
