import type { Message, Producer, Transaction } from 'kafkajs'
import { assert } from '../assert.ts'
import { HeadraceError } from '../errors.ts'
import type { OutputRecord, OutputTransaction, PartitionWriter, Sink } from '../task/ports.ts'
import { connectDeadlineMs, createKafka, type KafkaSettings, requestTimeoutMs } from './client.ts'
import { withDeadline } from './deadline.ts'
import type { KafkaLogger } from './logger.ts'
import { type TopicNames, unanswered } from './topics.ts'
import { translateError } from './translate-error.ts'

export interface SinkOptions {
  readonly kafka: KafkaSettings
  /** The application: consumer group and prefix of the transactional ids. */
  readonly application: string
  readonly topics: TopicNames
  readonly logger: KafkaLogger
}

/** kafkajs never splits a send, and a broker takes a batch of 1 MB by default. */
const maxSendBytes = 900_000
/** So that one send does not hold up heartbeats and fetches for long. */
const maxSendRecords = 5_000
/** Lengths, deltas and attributes of a record, generously. */
const recordOverheadBytes = 32

/**
 * The first request after a commit often gets CONCURRENT_TRANSACTIONS, so the first wait is short:
 * with 20 ms a transaction takes 35 ms instead of 5. Five seconds in all, for a new leader.
 */
const retry = { initialRetryTime: 3, maxRetryTime: 500, factor: 0.2, multiplier: 2, retries: 17 }

/** The three output topics: one transactional producer for each partition. */
export class KafkaSink implements Sink {
  readonly #options: SinkOptions

  constructor(options: SinkOptions) {
    this.#options = options
  }

  /** Throws `HEADRACE_KAFKA_*` when the brokers cannot be had. */
  async open(partition: number): Promise<PartitionWriter> {
    const { kafka, application, topics, logger } = this.#options
    const transactionalId = `${application}.${topics.input}.${partition}`
    // Not `idempotent`: a transaction is that in any case, and the flag would only ask for another
    // producer id at the start.
    const producer = createKafka(kafka, logger).producer({
      transactionalId,
      transactionTimeout: kafka.transactionTimeoutMs,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: () => () => partition,
      retry,
    })
    try {
      await withDeadline(producer.connect(), connectDeadlineMs, () => unanswered(kafka.brokers))
    } catch (error) {
      void producer.disconnect().catch(() => {})
      const doing = `connecting the producer ${transactionalId}`
      throw translateError(error, { brokers: kafka.brokers, doing })
    }
    return new KafkaPartitionWriter(producer, partition, this.#options)
  }
}

class KafkaPartitionWriter implements PartitionWriter {
  readonly #producer: Producer
  readonly #partition: number
  readonly #options: SinkOptions
  #state: 'ready' | 'committing' | 'spent' = 'ready'

  constructor(producer: Producer, partition: number, options: SinkOptions) {
    this.#producer = producer
    this.#partition = partition
    this.#options = options
  }

  async commit(transaction: OutputTransaction): Promise<{ changelogOffset: bigint | null }> {
    const { kafka, topics } = this.#options
    assert(
      this.#state === 'ready',
      'a writer commits one transaction at a time, and none once spent',
    )
    this.#state = 'committing'
    const { transactionTimeoutMs } = kafka
    try {
      // Beyond that the broker has aborted it, and no answer can be trusted any more.
      const result = await withDeadline(this.#run(transaction), transactionTimeoutMs, () => {
        const of = `topic ${topics.input}, partition ${this.#partition}`
        const message = `A transaction of ${of}, took longer than kafka.transactionTimeoutMs`
        return new HeadraceError('HEADRACE_KAFKA_TIMEOUT', `${message} (${transactionTimeoutMs}).`)
      })
      this.#state = 'ready'
      return result
    } catch (error) {
      this.#state = 'spent'
      const doing = `writing the outputs of topic ${topics.input}, partition ${this.#partition}`
      throw translateError(error, { brokers: kafka.brokers, doing })
    }
  }

  async close(): Promise<void> {
    this.#state = 'spent'
    const limitMs = requestTimeoutMs(this.#options.kafka)
    // A connection that does not end in time dies with its broker's or our process.
    await withDeadline(this.#producer.disconnect(), limitMs, () => new Error('no answer')).catch(
      (error) => this.#options.logger.debug('kafka.writer.close', { error }),
    )
  }

  /** The steps are sequential: two sends at once would share sequence numbers and lose records. */
  async #run(outputs: OutputTransaction): Promise<{ changelogOffset: bigint | null }> {
    const { predictions, deadLetters, changelog, nextOffset } = outputs
    const { application, topics } = this.#options
    // An empty one would not reach the broker, and so prove nothing; offsets alone can fail.
    assert(
      predictions.length + deadLetters.length + changelog.length > 0,
      'a transaction holds a record',
    )
    const transaction = await this.#producer.transaction()
    await this.#send(transaction, topics.predictions, predictions)
    await this.#send(transaction, topics.deadLetters, deadLetters)
    const changelogOffset = await this.#send(transaction, topics.changelog, changelog)
    if (nextOffset !== null) {
      this.#continues()
      await transaction.sendOffsets({
        consumerGroupId: application,
        topics: [
          {
            topic: topics.input,
            partitions: [{ partition: this.#partition, offset: nextOffset.toString() }],
          },
        ],
      })
    }
    this.#continues()
    await transaction.commit()
    return { changelogOffset }
  }

  /** The offset of the first record; null without any. */
  async #send(
    transaction: Transaction,
    topic: string,
    records: readonly OutputRecord[],
  ): Promise<bigint | null> {
    let first: bigint | null = null
    for (const messages of splitSends(records, this.#partition)) {
      this.#continues()
      // One topic a send: kafkajs can lose one of two when leaders move between its attempts.
      const answers = await transaction.send({
        topic,
        messages,
        acks: -1,
        timeout: requestTimeoutMs(this.#options.kafka),
      })
      if (answers.length === 0) throw this.#partitionMissing(topic)
      const answer = answers[0]
      if (answers.length !== 1 || answer?.partition !== this.#partition) {
        throw new Error(`The broker has not confirmed a send to topic ${topic}`)
      }
      first ??= BigInt(answer.baseOffset ?? -1)
    }
    return first
  }

  /** kafkajs leaves out, without a word, what goes to a partition that its metadata do not have. */
  #partitionMissing(topic: string): HeadraceError {
    return new HeadraceError(
      'HEADRACE_KAFKA_TOPIC_UNSUITABLE',
      `Topic ${topic} has no partition ${this.#partition}, the input topic ` +
        `${this.#options.topics.input} has: they must have equally many.`,
    )
  }

  /** After its deadline a transaction must not go on behind the caller's back. */
  #continues(): void {
    if (this.#state !== 'committing') throw new Error('The transaction was given up')
  }
}

/** Sends of at most 900 kB and 5,000 records, in order; a larger record goes alone. */
export function splitSends(records: readonly OutputRecord[], partition: number): Message[][] {
  const sends: Message[][] = []
  let bytes = 0
  for (const record of records) {
    const size = recordBytes(record)
    const current = sends.at(-1)
    if (current === undefined || bytes + size > maxSendBytes || current.length === maxSendRecords) {
      sends.push([toMessage(record, partition)])
      bytes = size
    } else {
      current.push(toMessage(record, partition))
      bytes += size
    }
  }
  return sends
}

function recordBytes({ key, value, headers }: OutputRecord): number {
  let bytes = recordOverheadBytes + (key?.length ?? 0) + (value?.length ?? 0)
  if (headers === undefined) return bytes
  for (const [name, header] of Object.entries(headers)) {
    bytes += recordOverheadBytes + Buffer.byteLength(name) + Buffer.byteLength(header)
  }
  return bytes
}

function toMessage({ key, value, headers }: OutputRecord, partition: number): Message {
  const message = { partition, key: asBuffer(key), value: asBuffer(value) }
  if (headers === undefined) return message
  return {
    ...message,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, header]) => [
        name,
        typeof header === 'string' ? header : (asBuffer(header) as Buffer),
      ]),
    ),
  }
}

/** The same bytes: kafkajs would write any other array as text. */
function asBuffer(bytes: Uint8Array | null): Buffer | null {
  if (bytes === null || Buffer.isBuffer(bytes)) return bytes
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
