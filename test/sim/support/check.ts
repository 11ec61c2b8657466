import { expect } from 'vitest'
import { readTail } from '../../../src/task/changelog-tail.ts'
import { SnapshotReader } from '../../../src/task/engine/snapshot-reader.ts'
import type { ChangelogRecord } from '../../../src/task/ports.ts'
import { Processor } from '../../../src/task/processor.ts'
import { parseRowKey } from '../../../src/task/snapshot-log.ts'
import type { World } from '../../unit/task/support/world.ts'
import type { Schedule } from './schedule.ts'
import type { Facts, Truth, Workload } from './workload.ts'

type Model = Processor['model']

/** Everything that a schedule has left behind is what an undisturbed pass makes of the input. */
export async function check(
  { world, models, processes, groupOffsetTouched }: Schedule,
  workload: Workload,
): Promise<void> {
  for (const { lines } of processes) {
    const failed = lines.filter(({ event }) => event === 'task.failed')
    expect(failed, 'tasks that failed for good').toEqual([])
  }
  for (const [partition, truth] of workload.truths.entries()) {
    checkLog(world, partition, truth)
    const last = world.commits(partition).at(-1)
    // Ours wins, but only a transaction puts it right.
    if (last?.transaction !== groupOffsetTouched.get(partition)) {
      const groupOffset = world.log.groupOffset(partition)
      expect(groupOffset, `group offset of partition ${partition}`).toBe(last?.nextOffset)
    }
    await checkSnapshot(world, partition, workload)
  }
  // One at record 0 may be a model into which a snapshot was only half loaded.
  for (const model of models) if (model.records > 0) checkModel(model, workload)
}

function checkLog(world: World, partition: number, truth: Truth): void {
  const { predictions, deadLetters, facts } = truth
  const place = `partition ${partition}`
  expect(world.outputs(partition), `outputs of ${place}`).toEqual({ predictions, deadLetters })
  const commits = world.commits(partition)
  for (const { records, chainHash, weightsHash, updates } of commits) {
    const { stateHash: _, ...expected } = facts[records] as Facts
    expect({ chainHash, weightsHash, updates }, `commit at ${records}`).toEqual(expected)
  }
  const last = commits.at(-1)
  expect(last?.records, `records of ${place}`).toBe(facts.length - 1)
  for (const role of ['predictions', 'deadLetters', 'changelog'] as const) {
    const { end, stableEnd } = world.log.log(role, partition)
    expect(stableEnd, `an open transaction in ${role} of ${place}`).toBe(end)
  }
}

/**
 * The newest sealed snapshot of a partition in a fresh model, which must be what an undisturbed one
 * is at its cut; null where there is none.
 */
export async function restoreSealed(world: World, partition: number, workload: Workload) {
  const rows = world.log.records('changelog', partition)
  const changelog = {
    read: async (_: number, __: object, visit: (record: ChangelogRecord) => void) => {
      for (const { offset, key, value } of rows) if (key !== null) visit({ offset, key, value })
    },
  }
  const query = { partition, bootId: '', markerOffset: 0n, sinceOffset: 0n }
  const { manifest, slots } = await readTail(changelog, query)
  if (manifest === null) return null
  const processor = new Processor(workload.config)
  const reader = new SnapshotReader(processor.model.snapshots.loader())
  for (const { key, value } of rows) {
    if (key !== null && parseRowKey(key)?.slot === manifest.slot) reader.add(key, value)
  }
  const otherCut = slots[manifest.slot === 0 ? 1 : 0].manifest?.records ?? null
  reader.finish({ manifest, otherCut }, [[...slots[0].names], [...slots[1].names]])
  const cut = workload.truths[partition]?.facts[manifest.records]
  expect(processor.model.stateHash(), `state of partition ${partition}`).toBe(cut?.stateHash)
  return { processor, nextOffset: manifest.nextOffset }
}

/** The newest sealed snapshot leads to what an undisturbed model is at the end. */
async function checkSnapshot(world: World, partition: number, workload: Workload): Promise<void> {
  const restored = await restoreSealed(world, partition, workload)
  expect(restored, `a snapshot of partition ${partition}`).not.toBeNull()
  if (restored === null) return
  const { processor, nextOffset } = restored
  for (const { offset, key, value, timestampMs } of world.log.records('input', partition)) {
    if (offset >= nextOffset) processor.process(key, value, timestampMs)
  }
  checkModel(processor.model, workload)
  const truth = workload.truths[partition] as Truth
  expect(processor.model.records).toBe(truth.facts.length - 1)
}

/** A model, wherever it was left, is that of an undisturbed pass at its record. */
function checkModel(model: Model, { truths }: Workload): void {
  const { records } = model
  const found = truths
    .map(({ facts }) => facts[records])
    .find((facts) => facts?.chainHash === model.chainHash())
  expect(found, `chain hash of a model at record ${records}`).toBeDefined()
  expect(model.weightsHash(), `weights at record ${records}`).toBe(found?.weightsHash)
  expect(model.stateHash(), `state at record ${records}`).toBe(found?.stateHash)
}
