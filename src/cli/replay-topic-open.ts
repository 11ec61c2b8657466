import type { LoadedConfig } from '../config/load.ts'
import type { ServiceConfig } from '../config/schema.ts'
import { isCompacted } from '../kafka/topic-facts.ts'
import { openTopicReader, type TopicReader } from '../kafka/topic-reader.ts'
import type { Io } from './command.ts'
import type { TopicSelection } from './replay-topic-options.ts'
import { type PartitionRange, resolveRanges } from './replay-topic-range.ts'
import { untilStopped } from './until-stopped.ts'

/** A topic with the pieces of it that are replayed. */
export interface OpenTopic {
  readonly reader: TopicReader
  /** Empty where the user has interrupted before they were known. */
  readonly ranges: readonly PartitionRange[]
}

export interface OpenTopics {
  /** One for each configuration, in their order. */
  readonly topics: readonly OpenTopic[]
  close(): Promise<void>
}

/**
 * Looks up what is there, before the first record is read: configurations that name the same topic
 * get the same records, however long the first of them takes.
 * @throws HeadraceError HEADRACE_USAGE, HEADRACE_KAFKA_UNREACHABLE, HEADRACE_KAFKA_TOPIC_MISSING
 */
export async function openTopics(
  configs: readonly LoadedConfig<ServiceConfig>[],
  selection: TopicSelection,
  io: Io,
): Promise<OpenTopics> {
  const byPlace = new Map<string, OpenTopic>()
  const readers: TopicReader[] = []
  const topics: OpenTopic[] = []
  const close = async () => {
    await Promise.all(readers.map((reader) => reader.close()))
  }
  try {
    for (const { config } of configs) {
      const { kafka, input } = config
      const place = JSON.stringify([kafka, input.topic])
      let topic = byPlace.get(place)
      if (topic === undefined) {
        const reader = openTopicReader(kafka, input.topic)
        readers.push(reader)
        const found = await untilStopped(look(reader, config, selection), io.signal, 0)
        const { ranges, compacted } = found === 'stopped' ? { ranges: [], compacted: null } : found
        if (compacted === true) {
          io.stderr.write(
            `headrace: warning: topic ${input.topic} is compacted: what it holds is not all that ` +
              'was written, and a later replay may find less. `run` refuses it.\n',
          )
        }
        topic = { reader, ranges }
        byPlace.set(place, topic)
      }
      topics.push(topic)
    }
  } catch (error) {
    await close()
    throw error
  }
  return { topics, close }
}

async function look(
  reader: TopicReader,
  { kafka, input }: ServiceConfig,
  selection: TopicSelection,
) {
  // In this order: a topic that is missing is missed by the first, which knows its name.
  const ranges = await resolveRanges(reader, selection)
  return { ranges, compacted: await isCompacted(kafka, input.topic) }
}
