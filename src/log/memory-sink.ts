import { assert } from '../assert.ts'
import { HeadraceError } from '../errors.ts'
import type { OutputTransaction, PartitionWriter, Sink } from '../task/ports.ts'
import type { MemoryLog, Producer } from './memory-log.ts'

/**
 * Runs before each request of the "network" and after the last; may wait, throw, or never come
 * back.
 */
export type Step = (name: string, partition: number) => Promise<void>

/** The output topics of a `MemoryLog`. */
export class MemorySink implements Sink {
  readonly #log: MemoryLog
  readonly #step: Step

  constructor(log: MemoryLog, step: Step) {
    this.#log = log
    this.#step = step
  }

  async open(partition: number): Promise<PartitionWriter> {
    await this.#step('connect', partition)
    return new MemoryWriter(this.#log, this.#step, partition)
  }
}

class MemoryWriter implements PartitionWriter {
  readonly #log: MemoryLog
  readonly #step: Step
  readonly #partition: number
  #producer: Producer | null = null
  #isSpent = false
  #isBusy = false

  constructor(log: MemoryLog, step: Step, partition: number) {
    this.#log = log
    this.#step = step
    this.#partition = partition
  }

  async commit(transaction: OutputTransaction): Promise<{ changelogOffset: bigint | null }> {
    assert(!this.#isBusy, 'one transaction at a time')
    if (this.#isSpent) throw new HeadraceError('HEADRACE_KAFKA_FENCED', 'The writer is spent.')
    this.#isBusy = true
    try {
      const changelogOffset = await this.#run(transaction)
      this.#isBusy = false
      return { changelogOffset }
    } catch (error) {
      this.#isSpent = true
      this.#isBusy = false
      throw error
    }
  }

  async close(): Promise<void> {
    this.#isSpent = true
    await this.#step('close', this.#partition)
  }

  async #run(transaction: OutputTransaction): Promise<bigint | null> {
    const log = this.#log
    const partition = this.#partition
    if (this.#producer === null) {
      await this.#step('init', partition)
      this.#producer = log.initProducer(partition)
    }
    const producer = this.#producer
    let changelogOffset: bigint | null = null
    for (const role of ['predictions', 'deadLetters', 'changelog'] as const) {
      const records = transaction[role]
      if (records.length === 0) continue
      await this.#step(`send ${role}`, partition)
      const offset = log.append(producer, role, records)
      if (role === 'changelog') changelogOffset = offset
    }
    if (transaction.nextOffset !== null) {
      await this.#step('offsets', partition)
      log.sendOffset(producer, transaction.nextOffset)
    }
    await this.#step('end', partition)
    log.commit(producer)
    await this.#step('reply', partition)
    return changelogOffset
  }
}
