import type { TransactionalRecord } from './aborted.ts'

/** The reader of primitive types that kafkajs hands to its decoders. */
export interface Decoder {
  offset: number
  readInt32(): number
  readBytes(length: number): Buffer
  canReadBytes(length: number): boolean
}

export interface BatchContext {
  readonly firstOffset: string
  readonly lastOffsetDelta: number
  readonly maxTimestamp: string
  readonly producerId: string
  readonly inTransaction: boolean
  readonly isControlBatch: boolean
}

/** A record as kafkajs's fetch response carries it. */
export interface FetchedRecord extends TransactionalRecord {
  readonly timestamp: string
  readonly value: Buffer | null
  readonly headers: object
  readonly batchContext: BatchContext
  /** Set where this stands for a batch that cannot be decoded. Nothing follows it. */
  readonly failure?: Error
}

export interface DecodeParts {
  readonly createDecoder: (bytes: Buffer) => Decoder
  readonly decodeBatch: (
    decoder: Decoder,
  ) => Promise<BatchContext & { readonly records: readonly FetchedRecord[] }>
  /** Message formats 0 and 1, from before Kafka 0.11. */
  readonly decodeMessageSet: (decoder: Decoder, size: number) => Promise<FetchedRecord[]>
}

const magicPosition = 16
const currentMagic = 2
/** Up to and without the records: below it a batch is cut off. */
const batchHeaderBytes = 61

/**
 * kafkajs's `decodeMessages` with three corrections.
 *
 * Records are appended one by one: spreading a whole fetch into the arguments of `push` ends in a
 * RangeError at some hundred thousand records. A batch whose last records compaction has removed is
 * followed by a control record at its last offset, so that the position passes it: kafkajs takes an
 * empty batch for "nothing new" and stands still for ever. A batch that cannot be decoded becomes a
 * record with its `failure`, so that the reader can stop this partition; as an exception it would
 * end the reading of every partition of the broker.
 */
export function createDecodeMessages(
  parts: DecodeParts,
): (decoder: Decoder) => Promise<FetchedRecord[]> {
  return async (decoder) => {
    const size = decoder.readInt32()
    if (size <= magicPosition || !decoder.canReadBytes(size)) return []
    const bytes = decoder.readBytes(size)
    const batches = parts.createDecoder(bytes)
    if (bytes.readInt8(magicPosition) !== currentMagic) return parts.decodeMessageSet(batches, size)
    const records: FetchedRecord[] = []
    while (batches.canReadBytes(batchHeaderBytes)) {
      const start = batches.offset
      try {
        const batch = await parts.decodeBatch(batches)
        for (const record of batch.records) records.push(record)
        const lastOffset = (BigInt(batch.firstOffset) + BigInt(batch.lastOffsetDelta)).toString()
        if (batch.records.at(-1)?.offset !== lastOffset) records.push(emptyRecord(batch, true))
      } catch (error) {
        // The last batch of a fetch may be cut off by its size limit: it comes with the next one.
        if ((error as Error).name !== 'KafkaJSPartialMessageError') {
          records.push({ ...emptyRecord(readHeader(bytes, start), false), failure: error as Error })
        }
        break
      }
    }
    return records
  }
}

/** A record without content at the last offset of a batch. */
function emptyRecord(batch: BatchContext, isControlRecord: boolean): FetchedRecord {
  return {
    offset: (BigInt(batch.firstOffset) + BigInt(batch.lastOffsetDelta)).toString(),
    timestamp: batch.maxTimestamp,
    key: null,
    value: null,
    headers: {},
    isControlRecord,
    batchContext: batch,
  }
}

/** https://kafka.apache.org/documentation/#recordbatch */
function readHeader(bytes: Buffer, start: number): BatchContext {
  const attributes = bytes.readInt16BE(start + 21)
  return {
    firstOffset: bytes.readBigInt64BE(start).toString(),
    lastOffsetDelta: bytes.readInt32BE(start + 23),
    maxTimestamp: bytes.readBigInt64BE(start + 35).toString(),
    producerId: bytes.readBigInt64BE(start + 43).toString(),
    inTransaction: (attributes & 0x10) !== 0,
    isControlBatch: (attributes & 0x20) !== 0,
  }
}
