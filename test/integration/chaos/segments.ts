import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What the logs of a topic hold on the broker's disk. */
export interface TopicOnDisk {
  readonly batches: number
  /** Batches that compaction has left without a record. */
  readonly emptyBatches: number
}

/** Counts the record batches of a topic: https://kafka.apache.org/documentation/#recordbatch */
export function topicOnDisk(dataFolder: string, topic: string): TopicOnDisk {
  let batches = 0
  let emptyBatches = 0
  const folders = readdirSync(dataFolder).filter((name) => name.replace(/-\d+$/, '') === topic)
  for (const folder of folders) {
    for (const name of readdirSync(join(dataFolder, folder))) {
      if (!name.endsWith('.log')) continue
      const segment = readFileSync(join(dataFolder, folder, name))
      for (let at = 0; at + 61 <= segment.length; ) {
        const batchBytes = segment.readInt32BE(at + 8)
        // The file of the active segment is longer than what is written.
        if (batchBytes <= 0) break
        batches++
        if (segment.readInt32BE(at + 57) === 0) emptyBatches++
        at += 12 + batchBytes
      }
    }
  }
  return { batches, emptyBatches }
}
