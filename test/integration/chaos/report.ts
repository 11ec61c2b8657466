import type { Havoc } from './chaos.ts'
import { changelogOnDisk, type Verdict } from './settle.ts'

/** The table at the end of a run: faults by kind, what they led to, and the verdict. */
export function table({ world, befallen, missed }: Havoc, verdict: Verdict): string {
  const { fleet, upstream, oracles } = world
  const { batches, emptyBatches } = changelogOnDisk(world)
  const byKind = new Map<string, number>()
  for (const { kind } of befallen) byKind.set(kind, (byKind.get(kind) ?? 0) + 1)
  const aborted = [...upstream.verdicts.values()].filter((outcome) => outcome === 'aborted').length
  const rows: (readonly [string, number | string])[] = [
    ...[...byKind].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ['faults', befallen.length],
    ['faults that nobody met', missed.length],
    ['processes', fleet.members.length],
    ['starts without Kafka', fleet.refusedStarts],
    ['restores', fleet.restores],
    ['of them from a snapshot', fleet.snapshotRestores],
    ['transactions in doubt', fleet.count('commit.failed')],
    ['upstream transactions', upstream.verdicts.size],
    ['of them aborted', aborted],
    ['changelog batches', batches],
    ['of them emptied by compaction', emptyBatches],
    ['keys of an int32 zero', oracles.reduce((sum, { int32ZeroKeys }) => sum + int32ZeroKeys, 0)],
    ['records', verdict.records],
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  const lines = rows.map(([name, count]) => `${name.padEnd(width)} ${`${count}`.padStart(8)}`)
  for (const { reader, published, lost, duplicated, reordered, different } of verdict.readings) {
    lines.push(
      `read by ${reader}: ${published} published, ${lost} lost, ${duplicated} duplicated, ` +
        `${reordered} reordered, ${different} different`,
    )
  }
  lines.push(verdict.verified)
  return lines.join('\n')
}
