import type {
  AppNames,
  Cluster,
  Commit,
  InputMessage,
  InputProducer,
  OutputMessage,
} from '../bench/service/cluster.ts'
import { systemClock } from '../clock.ts'
import { createKafka, type KafkaSettings } from '../kafka/client.ts'
import { silentLogger } from '../kafka/logger.ts'
import { PartitionReader } from '../kafka/partition-reader.ts'
import type { FetchedRecord } from '../kafka/patches/decode.ts'
import { createTopics, deleteTopics, topicNames, withAdmin } from '../kafka/topics.ts'

/** Less than what a reader of a partition takes for a defect when nothing comes. */
const quietMs = 20_000

/** The Kafka that the benches of the service run against, by our own client. */
export class KafkaCluster implements Cluster {
  readonly #settings: KafkaSettings
  /** For what is looked up, all on one connection. */
  readonly #reader: PartitionReader
  readonly #topics = new Set<string>()
  readonly #groups = new Set<string>()

  constructor(settings: KafkaSettings) {
    this.#settings = settings
    this.#reader = new PartitionReader(settings, silentLogger)
  }

  get brokers(): readonly string[] {
    return this.#settings.brokers
  }

  async nodes(): Promise<{ host: string; port: number }[]> {
    return await withAdmin(this.#settings, async (admin) => {
      const { brokers } = await admin.describeCluster()
      return brokers.map(({ host, port }) => ({ host, port }))
    })
  }

  async createTopics(app: AppNames, partitions: number): Promise<void> {
    const named = this.#named(app)
    await withAdmin(this.#settings, (admin) =>
      createTopics(admin, named, { inputPartitions: partitions }),
    )
    for (const topic of Object.values(topicNames(named))) this.#topics.add(topic)
    this.#groups.add(app.name)
  }

  async producer(topic: string): Promise<InputProducer> {
    const producer = createKafka(this.#settings, silentLogger).producer({
      allowAutoTopicCreation: false,
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition ?? 0,
    })
    await producer.connect()
    return {
      async send(partition: number, messages: readonly InputMessage[]) {
        const [answer] = await producer.send({
          topic,
          messages: messages.map((message) => ({ ...message, partition })),
          acks: -1,
        })
        return BigInt(answer?.baseOffset ?? -1)
      },
      close: () => producer.disconnect(),
    }
  }

  async followPredictions(
    app: AppNames,
    partition: number,
    listener: {
      onMessages(messages: readonly OutputMessage[]): void
      onError(error: unknown): void
    },
  ): Promise<() => Promise<void>> {
    const { predictions } = topicNames(this.#named(app))
    // A connection each: a broker answers the requests of one in turn, and a fetch may wait.
    const reader = new PartitionReader(this.#settings, silentLogger)
    let position = await reader.offset(predictions, partition, 'end')
    let isStopped = false
    const follow = async (): Promise<void> => {
      while (!isStopped) {
        const sinceMs = systemClock.monotonicMs()
        await reader.read(predictions, partition, position, (chunk) => {
          if (chunk.records.length > 0) listener.onMessages(chunk.records.map(toMessage))
          position = chunk.position
          // A read that begins again may be quiet for as long as one that has just begun.
          return isStopped || systemClock.monotonicMs() - sinceMs > quietMs
        })
      }
    }
    const followed = follow().catch((error: unknown) => listener.onError(error))
    return async () => {
      isStopped = true
      await followed
      await reader.close()
    }
  }

  async commits(app: AppNames, partition: number): Promise<Commit[]> {
    const { predictions } = topicNames(this.#named(app))
    const reader = this.#reader
    const start = await reader.offset(predictions, partition, 'start')
    const end = await reader.offset(predictions, partition, 'end')
    const commits: Commit[] = []
    for await (const { records } of reader.chunks(predictions, partition, start, end)) {
      for (const { timestamp, headers } of records) {
        const header = commitHeader(headers)
        if (header === null) continue
        // The topic has LogAppendTime.
        commits.push({ records: header.records, appendedMs: Number(timestamp) })
      }
    }
    return commits
  }

  async groupOffset(app: AppNames, partition: number): Promise<bigint> {
    return (await this.#reader.groupOffset(app.name, app.input, partition)) ?? 0n
  }

  async close(): Promise<void> {
    await this.#reader.close()
    await withAdmin(this.#settings, async (admin) => {
      await deleteTopics(admin, [...this.#topics])
      for (const group of this.#groups) {
        // One that was killed is still a member for a while; without offsets it leaves no trace.
        await admin.deleteGroups([group]).catch(() => {})
      }
    })
  }

  #named({ name, input }: AppNames) {
    return { name, input: { topic: input } }
  }
}

function toMessage({ value, headers }: FetchedRecord): OutputMessage {
  return { value: value ?? new Uint8Array(), bootId: commitHeader(headers)?.bootId ?? null }
}

/** What the last record of a transaction tells of it; null for any other record. */
function commitHeader(headers: object): { records: number; bootId: string } | null {
  const header = (headers as Readonly<Record<string, Buffer | undefined>>)['headrace-commit']
  return header === undefined ? null : JSON.parse(header.toString())
}
