import type { AuditTopic, AuditTopics } from './audit.ts'
import type { Published } from './published.ts'

/** So many offsets are read through rather than searched. */
const enoughOffsets = 200_000n

/**
 * An offset of an output topic before which no output of input offset `goal` lies, by bisection:
 * outputs lie in the order of their inputs. A foreign record can lead it astray, beyond the output
 * in question, which then is missed; so whoever reads on from there must not take that for the
 * beginning of what is there.
 */
export async function searchOutput(
  topics: Pick<AuditTopics, 'read'>,
  place: { readonly topic: AuditTopic; readonly partition: number },
  { start, end }: { readonly start: bigint; readonly end: bigint },
  goal: bigint,
  sourceOf: (record: Published) => bigint | null,
  enough = enoughOffsets,
): Promise<bigint> {
  let [low, high] = [start, end]
  while (high - low > enough) {
    const middle = (low + high) / 2n
    const source = await firstSource(topics, place, middle, end, sourceOf)
    if (source !== null && source < goal) low = middle
    else high = middle
  }
  return low
}

/** The input offset that the first record from `from` on is of; null where that is none of ours. */
async function firstSource(
  topics: Pick<AuditTopics, 'read'>,
  { topic, partition }: { readonly topic: AuditTopic; readonly partition: number },
  from: bigint,
  end: bigint,
  sourceOf: (record: Published) => bigint | null,
): Promise<bigint | null> {
  for await (const [first] of topics.read(topic, partition, from, end)) {
    if (first !== undefined) return sourceOf(first)
  }
  return null
}
