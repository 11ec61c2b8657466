import { assert } from '../../assert.ts'
import type { OutputEncoder } from '../engine/engine.ts'
import type { Fingerprint } from '../fingerprint.ts'
import type { Changelog, InputRecord } from '../ports.ts'
import { changelogLost, checkEnd, checkManifest, checkOrigin } from '../restore.ts'
import type { Manifest } from '../snapshot-log.ts'
import { canBeginAnew, loadSealed, usableSnapshots, whyNot } from './begin.ts'
import { type ChangelogView, newestSnapshot, viewChangelog } from './changelog-view.ts'
import type { VerifyProcessor } from './expected.ts'
import { OutputCursor } from './output-cursor.ts'
import { searchOutput } from './output-search.ts'
import { deadLetterSource, type Published, predictionSource } from './published.ts'
import { type OutputLog, type VerifyResult, verifyPartition } from './verify-partition.ts'

/** The topics of an application, read without a trace. */
export interface AuditTopics {
  /** The first offset that is there and one past the last that read_committed may see. */
  range(topic: AuditTopic, partition: number): Promise<{ start: bigint; end: bigint }>
  /** The records between two offsets, in batches that are valid until the next one. */
  read(
    topic: AuditTopic,
    partition: number,
    from: bigint,
    until: bigint,
  ): AsyncIterable<readonly (InputRecord & Published)[]>
  readonly changelog: Changelog
  /** What the group has committed; null without. */
  groupOffset(partition: number): Promise<bigint | null>
}

export type AuditTopic = 'input' | 'predictions' | 'deadLetters' | 'changelog'

/** A state from elsewhere, such as a file, to begin with. */
export interface OutsideState {
  readonly name: string
  readonly manifest: Manifest
  /** What the fingerprint was made of, as plain JSON. */
  readonly configuration: unknown
  /** Makes a new model that state. Throws `HEADRACE_STATE_INVALID`. */
  load(processor: VerifyProcessor): Promise<void>
}

export interface AuditOptions {
  readonly topics: AuditTopics
  readonly partition: number
  /** Name of the input topic. */
  readonly topic: string
  readonly fingerprint: Fingerprint
  readonly numerics: number
  createProcessor(): VerifyProcessor
  readonly encoder: OutputEncoder
  readonly state: OutsideState | null
  /** Input offsets that were asked for: from, and until without; null: all that can be proven. */
  readonly from: bigint | null
  readonly until: bigint | null
  readonly signal: AbortSignal
  pause(): Promise<void>
  /** Waits; for what may become visible a little later. */
  wait(delayMs: number): Promise<void>
  /** Records that went through the model, of how many. */
  onProgress(records: number, total: number): void
}

/** With what state a verification began. */
export interface AuditBegin {
  readonly kind: 'input' | 'snapshot' | 'state'
  /** Number of the snapshot; 0 without. */
  readonly number: number
  readonly records: number
  readonly offset: bigint
}

/** What can be proven: input offsets, `until` not included. */
export interface Provable {
  readonly from: bigint
  /** The first input offset whose dead letter would still be there. */
  readonly deadLettersFrom: bigint
  readonly until: bigint
}

export interface AuditReport {
  readonly partition: number
  /**
   * empty: nothing was published yet; unprovable: nothing can be compared; outside: what was asked
   * for cannot.
   */
  readonly status: VerifyResult['status'] | 'empty' | 'unprovable' | 'outside'
  readonly provable: Provable | null
  readonly begin: AuditBegin | null
  readonly result: VerifyResult | null
  /** Why it is unprovable. */
  readonly reason: string | null
}

const lateDelayMs = 100
const lateTries = 30

/**
 * Verifies one partition of an application. Throws what `run` would refuse it with: foreign
 * configuration or numerics, a lost changelog, an input that was made anew.
 */
export async function auditPartition(options: AuditOptions): Promise<AuditReport> {
  const { topics, partition } = options
  const changelogRange = await topics.range('changelog', partition)
  const view = await viewChangelog(topics.changelog, {
    partition,
    until: changelogRange.end - 1n,
  })
  const plain = { partition, provable: null, begin: null, result: null, reason: null }
  if (view.commit === null) {
    const groupOffset = await topics.groupOffset(partition)
    if (groupOffset !== null || (await holdsRecords(topics, 'predictions', partition))) {
      throw changelogLost(options, groupOffset)
    }
    return { ...plain, status: 'empty' }
  }
  checkOrigin(options, view.commit, view.configuration)
  checkManifest(options, view.commit, newestSnapshot(view)?.manifest ?? null)
  const input = await topics.range('input', partition)
  checkEnd(options, view.commit, input.end)
  const begin = await findBegin(options, view, input.start)
  if (typeof begin === 'string') return { ...plain, status: 'unprovable', reason: begin }
  return new Audit(options, view, begin).run()
}

interface Begun extends AuditBegin {
  readonly processor: VerifyProcessor
}

/** The state to begin with; else why there is none. */
async function findBegin(
  options: AuditOptions,
  view: ChangelogView,
  inputStart: bigint,
): Promise<Begun | string> {
  const { topics, partition, state, createProcessor } = options
  const { commit, snapshots } = view
  assert(commit !== null, 'a verification has a commit record')
  if (state !== null) {
    checkOrigin(options, state.manifest, state.configuration)
    const reason = whyNot(state.manifest, commit, inputStart)
    if (reason !== null) return `the state ${state.name} cannot be used: ${reason}`
    const processor = createProcessor()
    await state.load(processor)
    return begunWith('state', state.manifest, processor)
  }
  if (canBeginAnew(commit, inputStart)) {
    const place = { number: 0, records: 0, offset: commit.startOffset }
    return { kind: 'input', ...place, processor: createProcessor() }
  }
  for (const sealed of usableSnapshots(snapshots, commit, inputStart)) {
    const processor = createProcessor()
    if (await loadSealed(topics.changelog, partition, sealed, processor)) {
      return begunWith('snapshot', sealed.manifest, processor)
    }
  }
  const { startOffset } = commit
  const needed = `the input begins at offset ${inputStart}, the application at ${startOffset}`
  const gap = commit.gaps.at(-1)
  const behind =
    gap === undefined ? '' : `, records ${gap.from}…${gap.to - 1n} were accepted as lost`
  return `${needed}${behind}, and the changelog holds no whole snapshot that it reaches back to`
}

function begunWith(
  kind: 'snapshot' | 'state',
  { number, records, nextOffset }: Manifest,
  processor: VerifyProcessor,
): Begun {
  return { kind, number, records, offset: nextOffset, processor }
}

class Audit {
  readonly #options: AuditOptions
  readonly #view: ChangelogView
  readonly #begin: Begun

  constructor(options: AuditOptions, view: ChangelogView, begin: Begun) {
    this.#options = options
    this.#view = view
    this.#begin = begin
  }

  async run(): Promise<AuditReport> {
    const { partition, from, until } = this.#options
    const { kind, number, records, offset } = this.#begin
    const { commit } = this.#view
    assert(commit !== null, 'a verification has a commit record')
    const predictions = await this.#place('predictions', predictionSource, commit.nextOffset)
    const deadLetters = await this.#place('deadLetters', deadLetterSource, commit.nextOffset)
    const provable: Provable = {
      from: predictions.from,
      deadLettersFrom: deadLetters.from,
      until: commit.nextOffset,
    }
    const begin = { kind, number, records, offset }
    const report = { partition, provable, begin, reason: null }
    try {
      if (isOutside(provable, from, until)) return { ...report, status: 'outside', result: null }
      const result = await this.#compare(predictions, deadLetters)
      return { ...report, status: result.status, result }
    } finally {
      predictions.cursor.close()
      deadLetters.cursor.close()
    }
  }

  /** An output topic at the first record that can be compared. */
  async #place(
    topic: 'predictions' | 'deadLetters',
    sourceOf: (record: Published) => bigint | null,
    goal: bigint,
  ): Promise<OutputLog> {
    const { topics, partition } = this.#options
    const { offset, kind } = this.#begin
    const range = await topics.range(topic, partition)
    const { start, end } = range
    const late = () => lateRecords(this.#options, topic, end)
    // From the application's first record on every output counts, so nothing is passed.
    const isWhole = kind === 'input'
    const place = { topic, partition }
    const from = isWhole ? start : await searchOutput(topics, place, range, offset, sourceOf)
    const cursor = new OutputCursor(topics.read(topic, partition, from, end), sourceOf, late)
    const passed = isWhole ? 0 : await cursor.seek(offset)
    if (start === 0n || from > start || passed > 0) return { cursor, from: offset }
    const isThere = await cursor.fetch()
    const first = cursor.head === undefined ? null : sourceOf(cursor.head)
    if (!isThere) return { cursor, from: goal }
    return { cursor, from: first === null || first < offset ? offset : first }
  }

  async #compare(predictions: OutputLog, deadLetters: OutputLog): Promise<VerifyResult> {
    const { topics, partition, encoder, signal, pause, from } = this.#options
    const { commit, snapshots } = this.#view
    assert(commit !== null, 'a verification has a commit record')
    const { processor, offset, records } = this.#begin
    const until = this.#options.until ?? commit.nextOffset
    const newest = snapshots.filter(({ manifest }) => manifest.nextOffset <= until).slice(-2)
    const total = Math.max(1, commit.records - records)
    return verifyPartition({
      processor,
      encoder,
      input: topics.read('input', partition, offset, until),
      predictions: await placedFrom(predictions, from),
      deadLetters: await placedFrom(deadLetters, from),
      commit,
      until,
      snapshots: newest.map(({ manifest }) => manifest),
      isCommitted: (source) => this.#isCommitted(source),
      signal,
      pause,
      onProgress: (done) => this.#options.onProgress(done, total),
    })
  }

  /** Whether a later commit record counts the input record at `source`, now or in a moment. */
  async #isCommitted(source: bigint): Promise<boolean> {
    const { topics, partition, wait, signal } = this.#options
    for (let attempt = 0; attempt < lateTries && !signal.aborted; attempt++) {
      const { end } = await topics.range('changelog', partition)
      const { commit } = await viewChangelog(topics.changelog, { partition, until: end - 1n })
      if (commit !== null && commit.nextOffset > source) return true
      await wait(lateDelayMs)
    }
    return false
  }
}

function isOutside(provable: Provable, from: bigint | null, until: bigint | null): boolean {
  const isBefore = (offset: bigint) => offset < provable.from
  if (from !== null && (isBefore(from) || from < provable.deadLettersFrom)) return true
  return until !== null && (isBefore(until) || until > provable.until)
}

/** The same log, placed at the first output of an input record from `from` on. */
async function placedFrom(log: OutputLog, from: bigint | null): Promise<OutputLog> {
  if (from === null || from <= log.from) return log
  await log.cursor.seek(from)
  return { ...log, from }
}

/** What becomes visible behind `end` within a few seconds. */
async function* lateRecords(
  { topics, partition, wait, signal }: AuditOptions,
  topic: AuditTopic,
  end: bigint,
): AsyncGenerator<readonly (InputRecord & Published)[], void, undefined> {
  for (let attempt = 0; attempt < lateTries && !signal.aborted; attempt++) {
    const range = await topics.range(topic, partition)
    if (range.end > end) {
      yield* topics.read(topic, partition, end, range.end)
      return
    }
    await wait(lateDelayMs)
  }
}

async function holdsRecords(
  topics: AuditTopics,
  topic: AuditTopic,
  partition: number,
): Promise<boolean> {
  const { start, end } = await topics.range(topic, partition)
  for await (const batch of topics.read(topic, partition, start, end)) {
    if (batch.length > 0) return true
  }
  return false
}
