import { decodeManifest, manifestSlot } from '../../../src/task/snapshot-log.ts'
import type { World } from '../../unit/task/support/world.ts'

/** The newest sealed snapshot of a partition, by the log. */
export function newestManifest(world: World, partition: number) {
  const manifests = world.log.records('changelog', partition).flatMap(({ key, value }) => {
    const isManifest = key !== null && value !== null && manifestSlot(key) !== null
    return isManifest ? [decodeManifest(value)] : []
  })
  return manifests.toSorted((a, b) => a.number - b.number).at(-1) ?? null
}

/** The boot id of whoever has written the newest commit record or marker; null: nobody has. */
export function newestWriter(world: World, partition: number): string | null {
  const newest = world.log.records('changelog', partition).findLast(({ key }) => {
    return `${key}` === 'commit' || `${key}` === 'fence'
  })
  return newest === undefined ? null : (JSON.parse(`${newest.value}`) as { bootId: string }).bootId
}
