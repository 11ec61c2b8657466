import { assert } from '../assert.ts'
import { HeadraceError } from '../errors.ts'
import type { OutputTransaction, PartitionWriter, Sink } from '../task/ports.ts'
import type { Scheduler } from '../task/scheduler.ts'
import type { MemoryLog, Producer } from './memory-log.ts'

/**
 * Carries one request over the "network" and resolves with what `apply` has returned at the other
 * end. It may wait before or after, fail before or after, have it applied later although it has
 * failed, or never come back.
 */
export type Carry = <T>(name: string, partition: number | null, apply: () => T) => Promise<T>

/** How long a client waits before it asks again whether the former transaction has ended. */
const retryMs = 3

export interface MemorySinkOptions {
  readonly log: MemoryLog
  readonly scheduler: Scheduler
  readonly carry: Carry
}

/** The output topics of a `MemoryLog`. */
export class MemorySink implements Sink {
  readonly #options: MemorySinkOptions

  constructor(options: MemorySinkOptions) {
    this.#options = options
  }

  async open(partition: number): Promise<PartitionWriter> {
    await this.#options.carry('connect', partition, () => {})
    return new MemoryWriter(this.#options, partition)
  }
}

class MemoryWriter implements PartitionWriter {
  readonly #options: MemorySinkOptions
  readonly #partition: number
  #producer: Producer | null = null
  #isSpent = false
  #isBusy = false

  constructor(options: MemorySinkOptions, partition: number) {
    this.#options = options
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
    await this.#options.carry('close', this.#partition, () => {})
  }

  async #run(transaction: OutputTransaction): Promise<bigint | null> {
    const { log, carry } = this.#options
    const partition = this.#partition
    this.#producer ??= await carry('init', partition, () => log.initProducer(partition))
    const producer = this.#producer
    let changelogOffset: bigint | null = null
    for (const role of ['predictions', 'deadLetters', 'changelog'] as const) {
      const records = transaction[role]
      if (records.length === 0) continue
      const append = () => log.append(producer, role, records)
      const offset = await this.#begun(producer, `send ${role}`, append)
      if (role === 'changelog') changelogOffset = offset
    }
    const { nextOffset } = transaction
    if (nextOffset !== null) {
      await carry('offsets', partition, () => log.sendOffset(producer, nextOffset))
    }
    await carry('end', partition, () => log.commit(producer))
    return changelogOffset
  }

  /** A request that may be a transaction's first: asked again until the former one has ended. */
  async #begun<T>(producer: Producer, name: string, apply: () => T): Promise<T> {
    const { log, scheduler, carry } = this.#options
    for (;;) {
      const answer = await carry(name, this.#partition, () =>
        log.isEnding(producer) ? null : { value: apply() },
      )
      if (answer !== null) return answer.value
      await new Promise<void>((resolve) => scheduler.after(retryMs, resolve))
    }
  }
}
