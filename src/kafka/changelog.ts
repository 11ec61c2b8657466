import { assert } from '../assert.ts'
import type { Changelog, ChangelogRecord } from '../task/ports.ts'
import type { PartitionReader } from './partition-reader.ts'

/** The changelog topic, read outside the consumer group. */
export class KafkaChangelog implements Changelog {
  readonly #reader: PartitionReader
  readonly #topic: string

  constructor(reader: PartitionReader, topic: string) {
    this.#reader = reader
    this.#topic = topic
  }

  /**
   * Visits what is committed from `from`, by default the log's start, until the position has passed
   * `until`; what the broker sends along behind `until` is visited too. Throws
   * `HEADRACE_KAFKA_TIMEOUT` when the position stands still before that.
   */
  async read(
    partition: number,
    { from = 0n, until }: { readonly from?: bigint; readonly until: bigint },
    visit: (record: ChangelogRecord) => void,
    pause: () => Promise<void> = async () => {},
  ): Promise<void> {
    const logStart = await this.#reader.offset(this.#topic, partition, 'start')
    const start = from > logStart ? from : logStart
    if (start > until) return
    await this.#reader.read(this.#topic, partition, start, async ({ records, position }) => {
      for (const { offset, key, value } of records) {
        assert(key !== null, 'a compacted topic takes no record without a key')
        visit({ offset: BigInt(offset), key, value })
      }
      await pause()
      return position > until
    })
  }
}
