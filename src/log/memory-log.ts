import { assert } from '../assert.ts'
import type { Clock } from '../clock.ts'
import { HeadraceError } from '../errors.ts'
import type { OutputRecord } from '../task/ports.ts'
import { type LogRecord, type LogTransaction, PartitionLog } from './partition-log.ts'

/** Topics of one application, by role. */
export const roles = ['input', 'predictions', 'deadLetters', 'changelog'] as const
export type Role = (typeof roles)[number]

export type ProducedRecord = OutputRecord & { readonly timestampMs?: number }

/** A producer under the transactional id of a partition, as of one InitProducerId. */
export interface Producer {
  readonly partition: number
  readonly epoch: number
}

/** The coordinator's view of one transactional id. */
interface TransactionalId {
  epoch: number
  /** What the open transaction has written to; null: none is open. */
  open: Map<Role, LogTransaction> | null
  /** Offset of the group that the open transaction carries. */
  groupOffset: bigint | null
  /** Markers of transactions that have ended which are still to be written. */
  markersDue: number
}

export interface MemoryLogOptions {
  readonly partitions: number
  readonly clock: Pick<Clock, 'nowMs'>
  /**
   * When the marker of a transaction that has ended reaches one of its partitions; each of them has
   * its own, and readers see nothing of it before. Default: at once.
   */
  writeMarker?(write: () => void): void
}

/**
 * Kafka for one application inside this process: the four topics with the same partitions, one
 * transactional id per partition with epochs, markers that take offsets, and the group's offsets.
 * All of it synchronous and deterministic; the ports on top of it bring the order of events.
 */
export class MemoryLog {
  readonly partitions: number
  readonly #clock: Pick<Clock, 'nowMs'>
  readonly #writeMarker: (write: () => void) => void
  readonly #topics: Readonly<Record<Role, readonly PartitionLog[]>>
  readonly #ids: readonly TransactionalId[]
  readonly #groupOffsets: (bigint | null)[]
  readonly #watchers = new Set<() => void>()

  constructor({ partitions, clock, writeMarker = (write) => write() }: MemoryLogOptions) {
    assert(partitions > 0, 'a topic has a partition')
    this.partitions = partitions
    this.#clock = clock
    this.#writeMarker = writeMarker
    const each = <T>(make: () => T): T[] => Array.from({ length: partitions }, make)
    const topic = (): PartitionLog[] => each(() => new PartitionLog())
    this.#topics = {
      input: topic(),
      predictions: topic(),
      deadLetters: topic(),
      changelog: topic(),
    }
    this.#ids = each(() => ({ epoch: -1, open: null, groupOffset: null, markersDue: 0 }))
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
  produce(partition: number, records: readonly ProducedRecord[]): void {
    const log = this.log('input', partition)
    for (const record of records) log.append(this.#complete(record))
    this.#changed()
  }

  /** Appends input records in a transaction of its own, as another application would. */
  produceTransaction(
    partition: number,
    records: readonly ProducedRecord[],
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

  /** Moves what the group has committed, as an administrator's tool does. */
  moveGroupOffset(partition: number, offset: bigint): void {
    this.#groupOffsets[partition] = offset
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

  /**
   * Whether the former transaction of the producer's id has ended, but not yet in all its
   * partitions: until then the next one cannot begin (CONCURRENT_TRANSACTIONS). Throws where the
   * producer is fenced.
   */
  isEnding(producer: Producer): boolean {
    return this.#current(producer).markersDue > 0
  }

  /** Appends to the producer's open transaction, which begins with the first append. */
  append(producer: Producer, role: Role, records: readonly OutputRecord[]): bigint | null {
    const id = this.#current(producer)
    assert(id.markersDue === 0, 'a transaction begins after the former one has ended')
    id.open ??= new Map()
    const transaction: LogTransaction = id.open.get(role) ?? { outcome: 'open' }
    id.open.set(role, transaction)
    const log = this.log(role, producer.partition)
    const offsets = records.map((record) => log.append(this.#complete(record), transaction))
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
    const { open, groupOffset } = id
    assert(open !== null, 'a transaction that ends is open')
    id.open = null
    id.groupOffset = null
    const mark = (write: () => void): void => {
      id.markersDue++
      this.#writeMarker(() => {
        write()
        id.markersDue--
        this.#changed()
      })
    }
    for (const role of roles) {
      const transaction = open.get(role)
      if (transaction === undefined) continue
      mark(() => {
        transaction.outcome = outcome
        this.log(role, partition).append(this.#marker(), null, true)
      })
    }
    if (outcome === 'committed' && groupOffset !== null) {
      mark(() => {
        this.#groupOffsets[partition] = groupOffset
      })
    }
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

  #complete(record: ProducedRecord): Omit<LogRecord, 'offset'> {
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
