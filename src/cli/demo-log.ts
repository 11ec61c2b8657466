import { systemClock } from '../clock.ts'
import type { ServiceConfig } from '../config/schema.ts'
import { createKafka } from '../kafka/client.ts'
import type { KafkaLogger } from '../kafka/logger.ts'
import { openKafkaPorts } from '../kafka/open.ts'
import { createTopics, deleteGroup, deleteTopics, topicNames, withAdmin } from '../kafka/topics.ts'
import { MemoryGroup } from '../log/memory-group.ts'
import { MemoryLog } from '../log/memory-log.ts'
import { memoryPorts } from '../log/memory-ports.ts'
import { systemScheduler } from '../task/scheduler.ts'
import type { ServicePorts } from '../task/task-context.ts'
import type { DemoRecord } from './demo-data.ts'

/** Where the demo's records go and come from: topics of one partition, fresh for each run. */
export interface DemoLog {
  readonly ports: ServicePorts
  /** Appends to the input, in order. */
  send(records: readonly DemoRecord[]): Promise<void>
  /** How a user reads the predictions, one command a line; none where nobody else can. */
  readonly consumeCommands: readonly string[]
  /** Closes the connections; deletes what was made where `isDeleted`. */
  close(isDeleted: boolean): Promise<void>
}

/** The in-process log, where there is no Kafka. */
export function openMemoryLog(): DemoLog {
  const log = new MemoryLog({ partitions: 1, clock: systemClock })
  const group = new MemoryGroup(1, systemScheduler)
  return {
    ports: memoryPorts({ log, group, scheduler: systemScheduler }),
    send: async (records) => log.produce(0, records),
    consumeCommands: [],
    close: async () => {},
  }
}

/** Creates the topics that the configuration names and connects to them. */
export async function openKafkaLog(config: ServiceConfig, logger: KafkaLogger): Promise<DemoLog> {
  const { kafka } = config
  const topics = topicNames(config)
  await withAdmin(kafka, (admin) => createTopics(admin, config, { inputPartitions: 1 }), logger)
  const producer = createKafka(kafka, logger).producer({
    allowAutoTopicCreation: false,
    createPartitioner: () => () => 0,
  })
  await producer.connect()
  const { ports, close } = openKafkaPorts(config, logger)
  return {
    ports,
    async send(records) {
      const messages = records.map(({ key, value }) => ({ partition: 0, key, value }))
      await producer.send({ topic: topics.input, messages, acks: -1 })
    },
    consumeCommands: consumeCommands(kafka.brokers, topics.predictions),
    async close(isDeleted) {
      await producer.disconnect()
      await close()
      if (!isDeleted) return
      await withAdmin(
        kafka,
        async (admin) => {
          await deleteTopics(admin, Object.values(topics))
          await deleteGroup(admin, config.name)
        },
        logger,
      )
    },
  }
}

function consumeCommands(brokers: readonly string[], topic: string): string[] {
  const list = brokers.join(',')
  return [
    `kcat -C -b ${list} -t ${topic} -o beginning -X isolation.level=read_committed`,
    `kafka-console-consumer.sh --bootstrap-server ${list} --topic ${topic} ` +
      '--from-beginning --isolation-level read_committed',
  ]
}
