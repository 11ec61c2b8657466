import type { Positions } from '../task/ports.ts'
import type { PartitionReader } from './partition-reader.ts'
import type { TopicNames } from './topics.ts'

/** Facts about the topics and the group that decide where a task begins. */
export class KafkaPositions implements Positions {
  readonly #reader: PartitionReader
  readonly #topics: TopicNames
  readonly #groupId: string

  constructor(reader: PartitionReader, topics: TopicNames, groupId: string) {
    this.#reader = reader
    this.#topics = topics
    this.#groupId = groupId
  }

  async inputRange(partition: number): Promise<{ start: bigint; end: bigint }> {
    const { input } = this.#topics
    const start = await this.#reader.offset(input, partition, 'start')
    return { start, end: await this.#reader.offset(input, partition, 'end') }
  }

  inputOffsetAt(partition: number, timeMs: number): Promise<bigint> {
    // To a broker, negative times are names of positions.
    return this.#reader.offset(this.#topics.input, partition, { timeMs: Math.max(0, timeMs) })
  }

  groupOffset(partition: number): Promise<bigint | null> {
    return this.#reader.groupOffset(this.#groupId, this.#topics.input, partition)
  }

  /**
   * Reads for it: comparing the first and the last offset would count the aborted records and the
   * markers of a first transaction that never committed.
   */
  async hasPredictions(partition: number): Promise<boolean> {
    const { predictions } = this.#topics
    const start = await this.#reader.offset(predictions, partition, 'start')
    const end = await this.#reader.offset(predictions, partition, 'end')
    if (start >= end) return false
    let found = false
    await this.#reader.read(predictions, partition, start, ({ records, position }) => {
      found = records.length > 0
      return found || position >= end
    })
    return found
  }
}
