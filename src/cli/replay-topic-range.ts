import type { TopicReader } from '../kafka/topic-reader.ts'
import { usageError } from './options.ts'
import type { Bound, TopicSelection } from './replay-topic-options.ts'

/** A consecutive piece of one partition. */
export interface PartitionRange {
  readonly partition: number
  readonly from: bigint
  /** Not included; at least `from`. */
  readonly until: bigint
}

/**
 * The pieces that are meant, by ascending partition. The end is the one of now: what comes in
 * later is not replayed.
 * @throws HeadraceError HEADRACE_USAGE where the topic does not have what was asked for
 */
export async function resolveRanges(
  reader: Pick<TopicReader, 'topic' | 'partitions' | 'range' | 'offsetAt'>,
  selection: TopicSelection,
): Promise<PartitionRange[]> {
  const partitions = await chosen(reader, selection)
  const { from, until } = selection
  const byOffset = from.kind === 'offset' || until.kind === 'offset'
  if (byOffset && partitions.length > 1) {
    throw usageError(
      `Topic ${reader.topic} has ${partitions.length} partitions, and an offset belongs to one: ` +
        'choose it by --partition N, or name a time.',
    )
  }
  const ranges: PartitionRange[] = []
  for (const partition of partitions) {
    const range = await reader.range(partition)
    const offsetOf = async (option: string, bound: Bound): Promise<bigint> => {
      if (bound.kind === 'earliest') return range.start
      if (bound.kind === 'latest') return range.end
      if (bound.kind === 'offset') return inside(reader.topic, partition, range, option, bound)
      // Records may have come, or have gone, since the range was looked up.
      return clamp(await reader.offsetAt(partition, bound.timeMs), range)
    }
    const begin = await offsetOf('--from', from)
    const end = await offsetOf('--until', until)
    ranges.push({ partition, from: begin, until: end < begin ? begin : end })
  }
  return ranges
}

async function chosen(
  { topic, partitions }: Pick<TopicReader, 'topic' | 'partitions'>,
  selection: TopicSelection,
): Promise<readonly number[]> {
  const existing = await partitions()
  const absent = selection.partitions?.find((partition) => !existing.includes(partition))
  if (absent !== undefined) {
    const last = existing.at(-1)
    const has = last === 0 ? 'only partition 0' : `partitions 0 to ${last}`
    throw usageError(`Topic ${topic} has no partition ${absent}: it has ${has}.`)
  }
  return selection.partitions ?? existing
}

function inside(
  topic: string,
  partition: number,
  { start, end }: { readonly start: bigint; readonly end: bigint },
  option: string,
  { offset }: { readonly offset: bigint },
): bigint {
  if (offset >= start && offset <= end) return offset
  const holds = start === end ? 'no record' : `the offsets ${start} to ${end - 1n}`
  throw usageError(
    `${option} ${offset}: partition ${partition} of topic ${topic} holds ${holds}, ` +
      `its end is ${end}.`,
  )
}

function clamp(
  offset: bigint,
  { start, end }: { readonly start: bigint; readonly end: bigint },
): bigint {
  if (offset < start) return start
  return offset > end ? end : offset
}
