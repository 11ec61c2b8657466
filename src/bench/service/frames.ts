/** Requests of Kafka's protocol, by the numbers of https://kafka.apache.org/protocol.html. */
export const apis = {
  produce: 0,
  metadata: 3,
  findCoordinator: 10,
  initProducerId: 22,
  addPartitionsToTxn: 24,
  addOffsetsToTxn: 25,
  endTxn: 26,
  txnOffsetCommit: 28,
} as const

/** Cuts a stream into frames: a size of four bytes, then so many bytes. */
export class Framer {
  #pieces: Buffer[] = []
  #bytes = 0

  /** Takes the next piece; returns the frames that are complete now, with their sizes. */
  push(piece: Buffer): Buffer[] {
    this.#pieces.push(piece)
    this.#bytes += piece.length
    const frames: Buffer[] = []
    for (;;) {
      const frameBytes = this.#frameBytes()
      if (frameBytes === null || this.#bytes < frameBytes) return frames
      const all = this.#join()
      frames.push(all.subarray(0, frameBytes))
      this.#pieces = [all.subarray(frameBytes)]
      this.#bytes -= frameBytes
    }
  }

  /** Of the first frame; null where not even its size is there. */
  #frameBytes(): number | null {
    if (this.#bytes < 4) return null
    const [first] = this.#pieces
    const head = first !== undefined && first.length >= 4 ? first : this.#join()
    return 4 + head.readInt32BE(0)
  }

  #join(): Buffer {
    const joined = this.#pieces.length === 1 ? this.#pieces[0] : undefined
    const all = joined ?? Buffer.concat(this.#pieces)
    this.#pieces = [all]
    return all
  }
}

/** The fields that every version of every request begins with. */
export function readRequestHeader(frame: Buffer): { api: number; correlationId: number } {
  return { api: frame.readInt16BE(4), correlationId: frame.readInt32BE(8) }
}

export function readCorrelationId(response: Buffer): number {
  return response.readInt32BE(4)
}

export interface Address {
  readonly host: string
  readonly port: number
}

/** A frame in which every occurrence of a node's address is another one, its size adapted. */
export function withAddresses(
  frame: Buffer,
  others: readonly { readonly from: Address; readonly to: Address }[],
): Buffer {
  const pairs = others.map(({ from, to }) => ({ from: encode(from), to: encode(to) }))
  const parts: Buffer[] = []
  let rest = frame.subarray(4)
  for (;;) {
    const next = pairs
      .map((pair) => ({ ...pair, at: rest.indexOf(pair.from) }))
      .filter(({ at }) => at >= 0)
      .reduce<{ from: Buffer; to: Buffer; at: number } | null>(
        (a, b) => (a === null || b.at < a.at ? b : a),
        null,
      )
    if (next === null) break
    parts.push(rest.subarray(0, next.at), next.to)
    rest = rest.subarray(next.at + next.from.length)
  }
  const body = Buffer.concat([...parts, rest])
  const size = Buffer.alloc(4)
  size.writeInt32BE(body.length)
  return Buffer.concat([size, body])
}

/** As answers to Metadata and FindCoordinator have it, in the versions that kafkajs asks for. */
function encode({ host, port }: Address): Buffer {
  const name = Buffer.from(host)
  const bytes = Buffer.alloc(2 + name.length + 4)
  bytes.writeInt16BE(name.length)
  name.copy(bytes, 2)
  bytes.writeInt32BE(port, 2 + name.length)
  return bytes
}
