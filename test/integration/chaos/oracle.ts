import { appendFileSync, createReadStream, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { ServiceConfig } from '../../../src/config/schema.ts'
import type { PartitionReader } from '../../../src/kafka/partition-reader.ts'
import type { FetchedRecord } from '../../../src/kafka/patches/decode.ts'
import { createOutputEncoder } from '../../../src/task/engine/output-encoder.ts'
import { Processor } from '../../../src/task/processor.ts'
import { predictionOf } from '../../unit/task/support/prediction.ts'
import { lineOf } from './output-line.ts'
import { upstreamHeader, type Verdict } from './upstream.ts'

export type OutputKind = 'predictions' | 'deadLetters'

/** What must have been published for one input record. */
export interface Expected {
  /** Of the input record. */
  readonly offset: number
  readonly line: string
  /** Records applied and chain hash behind it: what a commit header here must say. */
  readonly records: number
  readonly chainHash: string
}

/**
 * One undisturbed pass over a partition of the input, by the model alone: no task, no group. What
 * it expects goes to files, so that a long run needs no memory for it.
 */
export class Oracle {
  readonly #config: ServiceConfig
  readonly #partition: number
  readonly #folder: string
  readonly #reader: PartitionReader
  readonly #processor: Processor
  readonly #encoder: ReturnType<typeof createOutputEncoder>
  #position: bigint | null = null
  #records = 0
  #lastOffset = -1n
  /** By upstream transaction: how many of its records were delivered. */
  readonly #upstream = new Map<string, number>()
  #int32ZeroKeys = 0

  /** `config` may name other brokers than the service does: the reader decides. */
  constructor(config: ServiceConfig, partition: number, folder: string, reader: PartitionReader) {
    this.#config = config
    this.#partition = partition
    this.#folder = folder
    this.#reader = reader
    this.#processor = new Processor(config)
    this.#encoder = createOutputEncoder(config, partition)
    for (const kind of ['predictions', 'deadLetters'] as const) writeFileSync(this.#file(kind), '')
  }

  get records(): number {
    return this.#records
  }

  /** Of the last input record; −1 before there is one. */
  get lastOffset(): bigint {
    return this.#lastOffset
  }

  get int32ZeroKeys(): number {
    return this.#int32ZeroKeys
  }

  /** Takes in what is committed by now; call it again before input is deleted, and at the end. */
  async advance(): Promise<void> {
    const { topic } = this.#config.input
    const end = await this.#reader.offset(topic, this.#partition, 'end')
    this.#position ??= await this.#reader.offset(topic, this.#partition, 'start')
    if (this.#position >= end) return
    await this.#reader.read(topic, this.#partition, this.#position, ({ records, position }) => {
      this.#take(records)
      this.#position = position
      return position >= end
    })
  }

  /** The expected outputs of a topic, in their order. */
  async *expected(kind: OutputKind): AsyncGenerator<Expected> {
    const lines = createInterface({ input: createReadStream(this.#file(kind)) })
    for await (const text of lines) yield JSON.parse(text) as Expected
  }

  /** Adds the number of records that were delivered of each upstream transaction. */
  countUpstream(delivered: Map<string, number>): void {
    for (const [name, count] of this.#upstream) {
      delivered.set(name, (delivered.get(name) ?? 0) + count)
    }
  }

  #take(records: readonly FetchedRecord[]): void {
    const texts: Record<OutputKind, string> = { predictions: '', deadLetters: '' }
    for (const record of records) {
      const { key, value } = record
      const timestampMs = Number(record.timestamp)
      const input = { offset: BigInt(record.offset), timestampMs, key, value }
      const outcome = this.#processor.process(key, value, timestampMs)
      const { failure } = outcome
      const kind = failure === null ? 'predictions' : 'deadLetters'
      const output =
        failure === null
          ? { key, value: predictionOf(this.#encoder, input, outcome), headers: {} }
          : this.#encoder.deadLetter(input, failure)
      const expected: Expected = {
        offset: Number(record.offset),
        line: lineOf({ ...output, headers: (output.headers ?? {}) as Record<string, string> }),
        records: ++this.#records,
        chainHash: this.#processor.model.chainHash(),
      }
      texts[kind] += `${JSON.stringify(expected)}\n`
      this.#remember(record)
    }
    for (const kind of ['predictions', 'deadLetters'] as const) {
      appendFileSync(this.#file(kind), texts[kind])
    }
  }

  #remember({ key, headers, offset }: FetchedRecord): void {
    this.#lastOffset = BigInt(offset)
    const name = String((headers as Record<string, Buffer>)[upstreamHeader])
    this.#upstream.set(name, (this.#upstream.get(name) ?? 0) + 1)
    if (key?.length === 4 && key.readInt32BE(0) === 0) this.#int32ZeroKeys++
  }

  #file(kind: OutputKind): string {
    return join(this.#folder, `expected-${kind}-${this.#partition}.jsonl`)
  }
}

/**
 * Where the input as it was delivered contradicts what its producers know: something of an aborted
 * transaction, or nothing of a committed one.
 */
export function contradictions(
  oracles: readonly Oracle[],
  verdicts: ReadonlyMap<string, Verdict>,
): string[] {
  const delivered = new Map<string, number>()
  for (const oracle of oracles) oracle.countUpstream(delivered)
  const found: string[] = []
  for (const [name, verdict] of verdicts) {
    const count = delivered.get(name) ?? 0
    if (verdict === 'aborted' && count > 0) found.push(`${count} records of aborted ${name}`)
    if (verdict === 'committed' && count === 0) found.push(`nothing of committed ${name}`)
  }
  return found
}
