import { decodeManifest, manifestSlot } from '../../../src/task/snapshot-log.ts'
import { withAdmin } from '../support/broker.ts'
import type { World } from './world.ts'

/**
 * Deletes the input of a partition up to the cut of its newest sealed snapshot, which no restore
 * needs any more; the oracle has read it before. False where no snapshot lies behind its start.
 */
export async function truncate(world: World, partition: number): Promise<boolean> {
  const { app, broker, oracles, reader } = world
  const cut = await newestCut(world, partition)
  const start = await reader.offset(app.topics.input, partition, 'start')
  if (cut === null || cut <= start) return false
  await oracles[partition]?.advance()
  const partitions = [{ partition, offset: `${cut}` }]
  const topic = app.topics.input
  await withAdmin(
    async (admin) => {
      // Deleting alone does not look up where the partitions are.
      await admin.fetchTopicOffsets(topic)
      await admin.deleteTopicRecords({ topic, partitions })
    },
    [broker.address],
  )
  const begins = await reader.offset(topic, partition, 'start')
  if (begins !== cut) throw new Error(`${topic}/${partition} begins at ${begins}, not at ${cut}`)
  return true
}

/** Where a restore would begin by now; null: at the first record. */
async function newestCut({ app, reader }: World, partition: number): Promise<bigint | null> {
  const topic = app.topics.changelog
  const start = await reader.offset(topic, partition, 'start')
  const end = await reader.offset(topic, partition, 'end')
  let cut: bigint | null = null
  if (start >= end) return cut
  await reader.read(topic, partition, start, ({ records, position }) => {
    for (const { key, value } of records) {
      if (key === null || value === null || manifestSlot(key) === null) continue
      cut = decodeManifest(value).nextOffset
    }
    return position >= end
  })
  return cut
}
