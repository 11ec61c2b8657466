import { setImmediate as turn } from 'node:timers/promises'
import { systemClock } from '../clock.ts'
import type { ServiceConfig } from '../config/schema.ts'
import { HeadraceError } from '../errors.ts'
import { type ApplicationReader, openApplicationReader } from '../kafka/application-reader.ts'
import { kernelDevice } from '../kernels/index.ts'
import { NUMERICS_VERSION } from '../model/version.ts'
import type { SequenceSummary } from '../model/view.ts'
import type { CommitRecord } from '../task/commit-record.ts'
import { fingerprint, isSameButDevice } from '../task/fingerprint.ts'
import { openProcessor } from '../task/open-processor.ts'
import type { InputRecord } from '../task/ports.ts'
import { checkManifest, checkOrigin, placeOf } from '../task/restore.ts'
import { type ChangelogView, viewChangelog } from '../task/verify/changelog-view.ts'
import { loadNewest } from '../task/verify/load-newest.ts'
import { encodeState } from '../task/verify/state-file.ts'
import type { Io } from './command.ts'
import { lookAt, type SequenceLook, type SequenceWish } from './inspect-sequences.ts'
import { usageError } from './options.ts'
import { Progress } from './progress.ts'
import { writeWhole } from './state-source.ts'
import { choosePartitions } from './verify-options.ts'

const sliceRecords = 256

/** What is asked of `headrace inspect` without a file. */
export interface ChangelogRequest {
  readonly partitions: readonly number[] | undefined
  readonly wish: SequenceWish
  /** File for the newest sealed state. */
  readonly exportTo: string | undefined
  /** Brings the state up to the newest commit, by the input. */
  readonly replay: boolean
}

/** What the changelog and the topics say of one partition. */
export interface TaskLook {
  readonly partition: number
  readonly view: ChangelogView
  readonly changelog: { readonly start: bigint; readonly end: bigint }
  readonly input: { readonly start: bigint; readonly end: bigint }
  readonly groupOffset: bigint | null
  /** Whether the configuration is that which has learnt. */
  readonly isOurs: boolean
  readonly state: StateLook | null
}

/** What a model holds that was loaded. */
export interface StateLook {
  /** Records that it has taken in; null: there is no state to be had. */
  readonly records: number | null
  readonly liveSequences: number
  readonly list: readonly SequenceSummary[] | null
  /** undefined: not asked for; null: there is none of that name. */
  readonly sequence: SequenceLook | null | undefined
  /** Bytes that were written. */
  readonly exportedTo: string | null
}

/** Looks at the partitions that are meant. */
export async function inspectChangelog(
  config: ServiceConfig,
  request: ChangelogRequest,
  io: Io,
): Promise<TaskLook[]> {
  const reader = openApplicationReader(config)
  try {
    const selection = { partitions: request.partitions, from: null, until: null }
    const existing = await reader.partitions()
    const partitions = choosePartitions(config.input.topic, existing, selection)
    if (request.exportTo !== undefined && partitions.length !== 1) {
      throw usageError('--export writes the state of one partition: choose it by --partition N.')
    }
    const looks: TaskLook[] = []
    for (const partition of partitions) {
      if (io.signal.aborted) break
      looks.push(await lookAtTask(config, reader, partition, request, io))
    }
    return looks
  } finally {
    await reader.close()
  }
}

async function lookAtTask(
  config: ServiceConfig,
  reader: ApplicationReader,
  partition: number,
  request: ChangelogRequest,
  io: Io,
): Promise<TaskLook> {
  const changelog = await reader.range('changelog', partition)
  const until = changelog.end - 1n
  const view = await viewChangelog(reader.changelog, { partition, until, hasSizes: true })
  const { wish, exportTo } = request
  const wantsState = wish.list !== null || wish.name !== undefined || exportTo !== undefined
  return {
    partition,
    view,
    changelog,
    input: await reader.range('input', partition),
    groupOffset: await reader.groupOffset(partition),
    isOurs: isOurs(config, view.commit?.fingerprint),
    state: wantsState ? await stateOf(config, reader, partition, request, io) : null,
  }
}

/** Whether a model was learnt with this configuration, on whatever device. */
function isOurs(config: ServiceConfig, hash: string | undefined): boolean {
  const device = config.model.kernel === 'tensorflow' ? 'cpu' : 'host'
  const print = fingerprint(config, NUMERICS_VERSION, device)
  return hash !== undefined && isSameButDevice(print, hash)
}

async function stateOf(
  config: ServiceConfig,
  reader: ApplicationReader,
  partition: number,
  { wish, exportTo, replay }: ChangelogRequest,
  io: Io,
): Promise<StateLook> {
  const { topic } = config.input
  const device = kernelDevice(config.model.kernel)
  const print = fingerprint(config, NUMERICS_VERSION, device)
  const asked = { topic, partition, fingerprint: print, numerics: NUMERICS_VERSION }
  // Who looks computes nothing on.
  const asker = { ...asked, allowDifferentDevice: true }
  const found: { commit?: CommitRecord | null } = {}
  const loaded = await loadNewest(
    reader,
    asker,
    () => openProcessor(config),
    (view) => {
      const { commit } = view
      found.commit = commit
      if (commit === null) return
      checkOrigin(asker, commit, view.configuration)
      for (const { manifest } of view.snapshots.slice(-1)) checkManifest(asker, commit, manifest)
    },
  )
  const { commit = null } = found
  if (loaded === null && (!replay || commit === null)) {
    if (exportTo !== undefined) throw nothingSealed(asker)
    return { records: null, liveSequences: 0, list: null, sequence: undefined, exportedTo: null }
  }
  const processor = loaded?.processor ?? openProcessor(config)
  if (replay && commit !== null) {
    const from = loaded?.manifest.nextOffset ?? commit.startOffset
    await catchUp(reader, partition, processor, { from, commit }, io)
  }
  const { model } = processor
  const { list, name } = wish
  const look = {
    records: model.records,
    liveSequences: model.liveSequences,
    list: list === null ? null : model.view.sequences(list.order, list.limit),
    sequence: name === undefined ? undefined : lookAt(model, name),
  }
  if (exportTo === undefined || loaded === null) return { ...look, exportedTo: null }
  const { manifest } = loaded
  const configuration: unknown = JSON.parse(print.canonical)
  const header = { application: config.name, topic, partition, manifest, configuration }
  await writeWhole(exportTo, encodeState(header, model.snapshots))
  return { ...look, exportedTo: exportTo }
}

/** Lets the model take in what lies between its state and the newest commit. */
async function catchUp(
  reader: ApplicationReader,
  partition: number,
  processor: ReturnType<typeof openProcessor>,
  { from, commit }: { readonly from: bigint; readonly commit: CommitRecord },
  io: Io,
): Promise<void> {
  const { start } = await reader.range('input', partition)
  if (start > from) {
    throw new HeadraceError(
      'HEADRACE_TASK_INPUT_EXPIRED',
      `Partition ${partition}: input expired, records ${from}…${start - 1n} are gone: without ` +
        '--replay the newest sealed state is shown.',
    )
  }
  const progress = new Progress(io.stderr, systemClock)
  const { model } = processor
  const before = model.records
  try {
    for await (const batch of reader.read('input', partition, from, commit.nextOffset)) {
      for (let i = 0; i < batch.length && !io.signal.aborted; i += sliceRecords) {
        const until = Math.min(batch.length, i + sliceRecords)
        processor.processMany(batch as readonly InputRecord[], i, until, () => {})
        const done = model.records - before
        progress.update(done, done / Math.max(1, commit.records - before))
        await turn()
      }
      if (io.signal.aborted) return
    }
  } finally {
    progress.clear()
  }
}

function nothingSealed(place: { readonly topic: string; readonly partition: number }) {
  return new HeadraceError(
    'HEADRACE_STATE_MISSING',
    `${placeOf(place)}: no snapshot was sealed yet, so there is no state to export. One comes ` +
      'when a replay since the last one would take snapshot.maxReplayMs, and at SIGTERM.',
  )
}
