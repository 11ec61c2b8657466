import { assert } from '../assert.ts'
import type { Clock } from '../clock.ts'
import { HeadraceError } from '../errors.ts'
import type { OutputRecord } from '../task/ports.ts'
import { type LogRecord, type LogTransaction, PartitionLog } from './partition-log.ts'

/** Topics of one application, by role. */
export const roles = ['input', 'predictions', 'deadLetters', 'changelog'] as const
export type Role = (typeof roles)[number]

/** A producer under the transactional id of a partition, as of one InitProducerId. */
export interface Producer {
  readonly partition: number
  readonly epoch: number
}

/** The coordinator's view of one transactional id. */
interface TransactionalId {
  epoch: number
  open: LogTransaction | null
  /** Partitions that the open transaction has written to. */
  readonly touched: Set<Role>
  /** Offset of the group that the open transaction carries. */
  groupOffset: bigint | null
}

/**
 * Kafka for one application inside this process: the four topics with the same partitions, one
 * transactional id per partition with epochs, markers that take offsets, and the group's offsets.
 * All of it synchronous and deterministic; the ports on top of it bring the order of events.
 */
export class MemoryLog {
  readonly partitions: number
  readonly #clock: Pick<Clock, 'nowMs'>
  readonly #topics: Readonly<Record<Role, readonly PartitionLog[]>>
  readonly #ids: readonly TransactionalId[]
  readonly #groupOffsets: (bigint | null)[]
  readonly #watchers = new Set<() => void>()

  constructor({ partitions, clock }: { partitions: number; clock: Pick<Clock, 'nowMs'> }) {
    assert(partitions > 0, 'a topic has a partition')
    this.partitions = partitions
    this.#clock = clock
    const each = <T>(make: () => T): T[] => Array.from({ length: partitions }, make)
    const topic = (): PartitionLog[] => each(() => new PartitionLog())
    this.#topics = {
      input: topic(),
      predictions: topic(),
      deadLetters: topic(),
      changelog: topic(),
    }
    this.#ids = each(() => ({ epoch: -1, open: null, touched: new Set(), groupOffset: null }))
    this.#groupOffsets = each(() => null)
  }

  /** One partition of a topic. */
  log(role: Role, partition: number): PartitionLog {
    const log = this.#topics[role][partition]
    assert(log !== undefined, `partition ${partition} is one of ${this.partitions}`)
    return log
  }

  /** All read_committed records of a partition. */
  records(role: Role, partition: number): readonly LogRecord[] {
    const log = this.log(role, partition)
    return log.fetch(log.start, Number.POSITIVE_INFINITY).records
  }

  /** Appends input records, outside any transaction. Without a timestamp they get the clock's. */
  produce(
    partition: number,
    records: readonly (OutputRecord & { readonly timestampMs?: number })[],
  ): void {
    const log = this.log('input', partition)
    for (const record of records) log.append(this.#complete(record))
    this.#changed()
  }

  /** Appends input records in a transaction of its own, as another application would. */
  produceTransaction(
    partition: number,
    records: readonly OutputRecord[],
    outcome: 'committed' | 'aborted',
  ): void {
    const log = this.log('input', partition)
    const transaction: LogTransaction = { outcome }
    for (const record of records) log.append(this.#complete(record), transaction)
    log.append(this.#marker(), null, true)
    this.#changed()
  }

  groupOffset(partition: number): bigint | null {
    return this.#groupOffsets[partition] ?? null
  }

  /** Forgets what the group has committed, as a deleted group does. */
  resetGroupOffset(partition: number): void {
    this.#groupOffsets[partition] = null
  }

  /** InitProducerId: a new epoch; the open transaction of the former one is aborted. */
  initProducer(partition: number): Producer {
    const id = this.#id(partition)
    if (id.open !== null) this.#end(partition, id, 'aborted')
    id.epoch++
    return { partition, epoch: id.epoch }
  }

  /**
   * Aborts an open transaction that took too long, as the coordinator does: its producer is fenced.
   */
  timeOut(partition: number): void {
    const id = this.#id(partition)
    if (id.open === null) return
    this.#end(partition, id, 'aborted')
    id.epoch++
  }

  /** Appends to the producer's open transaction, which begins with the first append. */
  append(producer: Producer, role: Role, records: readonly OutputRecord[]): bigint | null {
    const id = this.#current(producer)
    id.open ??= { outcome: 'open' }
    id.touched.add(role)
    const log = this.log(role, producer.partition)
    const offsets = records.map((record) => log.append(this.#complete(record), id.open))
    return offsets[0] ?? null
  }

  /** Adds the group's offset to the open transaction. */
  sendOffset(producer: Producer, offset: bigint): void {
    const id = this.#current(producer)
    assert(id.open !== null, 'offsets are sent within a transaction')
    id.groupOffset = offset
  }

  /** EndTxn with commit. */
  commit(producer: Producer): void {
    const id = this.#current(producer)
    assert(id.open !== null, 'a transaction that is committed has begun')
    this.#end(producer.partition, id, 'committed')
  }

  /** Calls back after each change of what a reader may see; the returned function ends it. */
  watch(changed: () => void): () => void {
    this.#watchers.add(changed)
    return () => this.#watchers.delete(changed)
  }

  #end(partition: number, id: TransactionalId, outcome: 'committed' | 'aborted'): void {
    assert(id.open !== null, 'a transaction that ends is open')
    id.open.outcome = outcome
    for (const role of roles) {
      if (id.touched.has(role)) this.log(role, partition).append(this.#marker(), null, true)
    }
    if (outcome === 'committed' && id.groupOffset !== null) {
      this.#groupOffsets[partition] = id.groupOffset
    }
    id.open = null
    id.touched.clear()
    id.groupOffset = null
    this.#changed()
  }

  #id(partition: number): TransactionalId {
    const id = this.#ids[partition]
    assert(id !== undefined, `partition ${partition} is one of ${this.partitions}`)
    return id
  }

  #current(producer: Producer): TransactionalId {
    const id = this.#id(producer.partition)
    if (id.epoch === producer.epoch) return id
    throw new HeadraceError(
      'HEADRACE_KAFKA_FENCED',
      `The producer of partition ${producer.partition} has epoch ${producer.epoch}, the newest ` +
        `one is ${id.epoch}.`,
    )
  }

  #complete(record: OutputRecord & { readonly timestampMs?: number }): Omit<LogRecord, 'offset'> {
    const { key, value, headers = {}, timestampMs = this.#clock.nowMs() } = record
    return { key, value, headers, timestampMs }
  }

  #marker(): Omit<LogRecord, 'offset'> {
    return { key: null, value: null, headers: {}, timestampMs: this.#clock.nowMs() }
  }

  #changed(): void {
    for (const changed of this.#watchers) changed()
  }
}
