import { type Config, configSchema } from '../../../src/config/schema.ts'
import type { KafkaSettings } from '../../../src/kafka/client.ts'
import { silentLogger } from '../../../src/kafka/logger.ts'
import { KafkaSink } from '../../../src/kafka/sink.ts'
import { KafkaSource } from '../../../src/kafka/source.ts'
import { createTopics, type TopicNames, topicNames, withAdmin } from '../../../src/kafka/topics.ts'
import type {
  InputBatch,
  OutputRecord,
  OutputTransaction,
  SourceListener,
} from '../../../src/task/ports.ts'
import { brokers, uniqueName } from '../support/broker.ts'

export interface Application {
  readonly config: Config
  readonly kafka: KafkaSettings
  readonly name: string
  readonly topics: TopicNames
  readonly source: () => KafkaSource
  readonly sink: () => KafkaSink
}

/** An application of its own, without topics. */
export function application(kafka: Partial<Config['kafka']> = {}): Application {
  const name = uniqueName('app')
  const config = configSchema.parse({
    name,
    kafka: {
      brokers: brokers(),
      sessionTimeoutMs: 4000,
      heartbeatIntervalMs: 500,
      ...kafka,
    },
    input: { topic: `${name}-input` },
    task: { targets: ['value'] },
  })
  const topics = topicNames(config)
  const logger = silentLogger
  return {
    config,
    kafka: config.kafka,
    name,
    topics,
    source: () =>
      new KafkaSource({ kafka: config.kafka, topic: topics.input, groupId: name, logger }),
    sink: () => new KafkaSink({ kafka: config.kafka, application: name, topics, logger }),
  }
}

/** An application with its topics. */
export async function createApplication(
  partitions = 1,
  kafka: Partial<Config['kafka']> = {},
): Promise<Application> {
  const created = application(kafka)
  await withAdmin(created.kafka, (admin) =>
    createTopics(admin, created.config, { inputPartitions: partitions }),
  )
  return created
}

/** What a source has told its listener. */
export class Recorder implements SourceListener {
  readonly assignments: number[][] = []
  readonly batches: InputBatch[] = []
  readonly interruptions: Error[] = []
  heartbeats = 0
  readonly failures: { error: Error; partition: number | undefined }[] = []
  /** Where each owned partition goes on. */
  readonly positions = new Map<number, bigint>()
  readonly #begin: (partition: number, recorder: Recorder) => void

  /** `begin` is called for every partition that is new; the others go on where they stand. */
  constructor(begin: (partition: number, recorder: Recorder) => void = () => {}) {
    this.#begin = begin
  }

  source: KafkaSource | undefined

  onAssigned(partitions: readonly number[]): void {
    this.assignments.push([...partitions])
    const before = new Map(this.positions)
    this.positions.clear()
    for (const partition of partitions) {
      const position = before.get(partition)
      if (position === undefined) {
        this.#begin(partition, this)
        continue
      }
      this.positions.set(partition, position)
      this.source?.seek(partition, position)
    }
  }

  onBatch(batch: InputBatch): void {
    this.batches.push(batch)
    this.positions.set(batch.partition, batch.nextOffset)
  }

  onHeartbeat(): void {
    this.heartbeats++
  }

  onInterrupted(error: Error): void {
    this.interruptions.push(error)
  }

  onFailed(error: Error, partition?: number): void {
    this.failures.push({ error, partition })
  }

  /** The values of a partition in the order of their coming. */
  values(partition?: number): string[] {
    return this.batches
      .filter((batch) => partition === undefined || batch.partition === partition)
      .flatMap(({ records }) => records.map(({ value }) => text(value)))
  }

  /** Starts a partition at an offset. */
  begin(partition: number, offset = 0n): void {
    this.positions.set(partition, offset)
    this.source?.seek(partition, offset)
    this.source?.resume(partition)
  }
}

/** A running source whose new partitions begin at offset 0. */
export async function startSource(
  app: Application,
  recorder = new Recorder((partition, self) => self.begin(partition)),
): Promise<{ source: KafkaSource; recorder: Recorder }> {
  const source = app.source()
  recorder.source = source
  await source.start(recorder)
  return { source, recorder }
}

function bytes(value: string): Uint8Array {
  return new TextEncoder().encode(value)
}

export function text(value: Uint8Array | null): string {
  return value === null ? 'null' : new TextDecoder().decode(value)
}

export function output(key: string, value: string | null): OutputRecord {
  return { key: bytes(key), value: value === null ? null : bytes(value) }
}

/** A transaction; what is not given is empty. */
export function outputs(parts: Partial<OutputTransaction>): OutputTransaction {
  return { predictions: [], deadLetters: [], changelog: [], nextOffset: null, ...parts }
}

export function range(count: number, prefix = 'v'): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`)
}
