import type { Manifest } from '../task/snapshot-log.ts'
import {
  type ChangelogKind,
  type ChangelogView,
  changelogKinds,
  newestSnapshot,
  type SealedSnapshot,
} from '../task/verify/changelog-view.ts'
import type { StateLook, TaskLook } from './inspect-changelog.ts'
import { listLines, sequenceLines } from './inspect-sequences.ts'
import { grouped, table } from './table.ts'

/** The object of `inspect --json` without a file. */
export function changelogJson(application: string, topic: string, looks: readonly TaskLook[]) {
  return { application, topic, partitions: looks.map(taskJson) }
}

function taskJson(look: TaskLook) {
  const { partition, view, changelog, input, groupOffset, isOurs, state } = look
  const { commit } = view
  return {
    partition,
    ...(commit === null ? { commit: null } : { commit: plain(commit), isOurs }),
    input: {
      start: Number(input.start),
      end: Number(input.end),
      ...(commit === null
        ? {}
        : { neededFrom: Number(neededFrom(look)), lag: Number(input.end - commit.nextOffset) }),
      groupOffset: groupOffset === null ? null : Number(groupOffset),
    },
    snapshots: slotsOf(view).map(({ manifest, offset }) => ({
      ...plain(manifest),
      ageRecords: ageOf(look, manifest),
      changelogOffset: Number(offset),
      isNewest: manifest === newestSnapshot(view)?.manifest,
    })),
    changelog: {
      start: Number(changelog.start),
      end: Number(changelog.end),
      sizes: view.sizes,
    },
    ...(state === null ? {} : { state: stateJson(state) }),
  }
}

function stateJson({ records, liveSequences, list, sequence, exportedTo }: StateLook) {
  return {
    records,
    sequences: liveSequences,
    ...(list === null ? {} : { list }),
    ...(sequence === undefined ? {} : { sequence }),
    ...(exportedTo === null ? {} : { exportedTo }),
  }
}

/** Offsets as JSON numbers. */
function plain(fields: object): Record<string, unknown> {
  const text = JSON.stringify(fields, (_, value: unknown) =>
    typeof value === 'bigint' ? Number(value) : value,
  )
  return JSON.parse(text) as Record<string, unknown>
}

/** The lines for people. */
export function changelogLines(looks: readonly TaskLook[]): string[] {
  return looks.flatMap((look, i) => [...(i === 0 ? [] : ['']), ...taskLines(look)])
}

function taskLines(look: TaskLook): string[] {
  const { partition, view, input, groupOffset, isOurs, state } = look
  const { commit } = view
  if (commit === null) return [`partition ${partition}: nothing was committed yet`]
  const { records, updates, transaction, startOffset, nextOffset, bootId } = commit
  const lag = grouped(Number(input.end - nextOffset))
  const group = groupOffset === null ? 'no group offset' : `group offset ${groupOffset}`
  return [
    `partition ${partition}: ${grouped(records)} records, ${grouped(updates)} updates, ` +
      `${grouped(transaction + 1)} transactions`,
    `  input offsets ${startOffset} to ${nextOffset - 1n}, ${lag} behind its end, ${group}`,
    `  chain ${commit.chainHash}, weights ${commit.weightsHash}, written by ${bootId}`,
    `  a restart needs the input from offset ${neededFrom(look)} on; it begins at ${input.start}`,
    ...(isOurs ? [] : ['  learnt with another configuration or version than this one']),
    ...commit.gaps.map(
      ({ from, to }) => `  input offsets ${from} to ${to - 1n} were accepted as lost`,
    ),
    ...indented(snapshotLines(look)),
    ...indented(sizeLines(look)),
    ...(state === null ? [] : ['', ...stateLines(look, state)]),
  ]
}

function snapshotLines(look: TaskLook): string[] {
  const { view } = look
  const { commit } = view
  const slots = slotsOf(view)
  if (slots.length === 0) {
    const { records = 0, startOffset = 0n } = commit ?? {}
    return [
      `no snapshot yet: the state is that of ${grouped(records)} records from offset ` +
        `${startOffset}`,
    ]
  }
  const head = [
    'snapshot',
    'slot',
    'records',
    'age',
    'next offset',
    'sequences',
    'bytes',
    'sealed at',
  ]
  const rows = slots.map(({ manifest, offset }) => [
    `${manifest.number}${manifest === newestSnapshot(view)?.manifest ? ' (newest)' : ''}`,
    String(manifest.slot),
    grouped(manifest.records),
    grouped(ageOf(look, manifest)),
    String(manifest.nextOffset),
    grouped(manifest.sequences),
    grouped(manifest.bytes),
    String(offset),
  ])
  return table([head, ...rows])
}

function sizeLines({ view, changelog }: TaskLook): string[] {
  const { sizes } = view
  if (sizes === null) return []
  const kinds = changelogKinds.filter((kind) => sizes[kind].logRecords > 0)
  const row = (kind: ChangelogKind) => {
    const { rows, bytes, logRecords, logBytes } = sizes[kind]
    return [kind, ...[rows, bytes, logRecords, logBytes].map(grouped)]
  }
  return [
    ...table([
      ['changelog', 'rows', 'bytes', 'records in the log', 'their bytes'],
      ...kinds.map(row),
    ]),
    `changelog offsets ${changelog.start} to ${changelog.end - 1n}`,
  ]
}

function stateLines({ view }: TaskLook, state: StateLook): string[] {
  const { records, liveSequences, list, sequence, exportedTo } = state
  if (records === null) {
    const { records: learnt = 0, startOffset = 0n } = view.commit ?? {}
    return [
      `no snapshot yet; the state is that of ${grouped(learnt)} records from offset ` +
        `${startOffset}: --replay computes it from the input`,
    ]
  }
  return [
    `the state after ${grouped(records)} records, ${grouped(liveSequences)} sequences`,
    ...(list === null ? [] : ['', ...listLines(list, liveSequences)]),
    ...(sequence === undefined
      ? []
      : [
          '',
          ...(sequence === null ? ['there is no such sequence here'] : sequenceLines(sequence)),
        ]),
    ...(exportedTo === null ? [] : [`written to ${exportedTo}`]),
  ]
}

/** The newest seal of each slot, the older one first. */
function slotsOf({ snapshots }: ChangelogView): SealedSnapshot[] {
  return ([0, 1] as const)
    .flatMap((slot) => snapshots.findLast(({ manifest }) => manifest.slot === slot) ?? [])
    .sort((a, b) => a.manifest.number - b.manifest.number)
}

/** Where a restart would begin to read the input. */
function neededFrom({ view }: TaskLook): bigint {
  const { commit } = view
  const needed = newestSnapshot(view)?.manifest.nextOffset ?? commit?.startOffset ?? 0n
  return commit?.gaps.findLast((gap) => gap.from === needed)?.to ?? needed
}

function ageOf({ view }: TaskLook, { records }: Manifest): number {
  return (view.commit?.records ?? records) - records
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`)
}
