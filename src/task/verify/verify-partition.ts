import type { CommitRecord } from '../commit-record.ts'
import type { OutputEncoder } from '../engine/engine.ts'
import type { InputRecord } from '../ports.ts'
import type { Manifest } from '../snapshot-log.ts'
import { type Difference, differenceOf, explain, isEqual, surplus } from './difference.ts'
import { type Expected, expectedOf, type VerifyProcessor } from './expected.ts'
import type { OutputCursor } from './output-cursor.ts'
import { commitHeaderName, commitMark, headerText } from './published.ts'

/** Records that go through the model at once: others get their turn in between. */
const sliceRecords = 256

/** One of the two output topics, placed at the first record that is to be compared. */
export interface OutputLog {
  readonly cursor: OutputCursor
  /** Outputs of input records before this offset are not compared. */
  readonly from: bigint
}

export interface VerifyOptions {
  /** Stands where the records of `input` go on. */
  readonly processor: VerifyProcessor
  readonly encoder: OutputEncoder
  /** From where the model stands up to `until`, or to the commit record if that comes first. */
  readonly input: AsyncIterable<readonly InputRecord[]>
  readonly predictions: OutputLog
  readonly deadLetters: OutputLog
  /** The newest commit record when the verification began. */
  readonly commit: CommitRecord
  /** Input offset, at most that of the commit record: what comes then is not compared. */
  readonly until: bigint
  /** Sealed snapshots, whose state is compared where the model comes by. */
  readonly snapshots: readonly Manifest[]
  /** Whether a commit record says by now that the input was learnt beyond `offset`. */
  isCommitted(offset: bigint): Promise<boolean>
  readonly signal: AbortSignal
  /** Between two slices. */
  pause(): Promise<void>
  onProgress(records: number): void
}

export interface VerifyResult {
  readonly status: 'verified' | 'different' | 'interrupted'
  /** Input offset up to which everything is as the model says. */
  readonly until: bigint
  /** Records that went through the model. */
  readonly records: number
  /** Compared and found equal. */
  readonly predictions: number
  readonly deadLetters: number
  readonly commits: number
  readonly snapshots: number
  readonly difference: Difference | null
}

/**
 * Compares what one partition has published with what the model says, byte for byte and in order:
 * each usable input record its prediction, each other one its dead letter, each commit header, the
 * sealed snapshots, and at the end the newest commit record. Ends at the first difference.
 */
export async function verifyPartition(options: VerifyOptions): Promise<VerifyResult> {
  return new Verification(options).run()
}

class Verification {
  readonly #options: VerifyOptions
  readonly #snapshots: Manifest[]
  readonly #began: number
  #until: bigint | null = null
  #counts = { predictions: 0, deadLetters: 0, commits: 0, snapshots: 0 }
  /** The newest output that was compared, and whether it carried the header of a commit. */
  #newest: Expected | null = null
  #isMarked = false

  constructor(options: VerifyOptions) {
    const { records } = options.processor.model
    this.#options = options
    this.#began = records
    this.#snapshots = options.snapshots
      .filter((snapshot) => snapshot.records > records)
      .sort((a, b) => a.records - b.records)
  }

  async run(): Promise<VerifyResult> {
    const { input, signal, commit, until, processor } = this.#options
    for await (const batch of input) {
      for (let from = 0; from < batch.length; ) {
        if (signal.aborted) return this.#result('interrupted')
        const end = Math.min(batch.length, from + this.#room())
        const difference = await this.#slice(batch, from, end)
        if (difference !== null) return this.#result('different', difference)
        from = end
        this.#options.onProgress(processor.model.records - this.#began)
        await this.#options.pause()
      }
    }
    if (signal.aborted) return this.#result('interrupted')
    if (until >= commit.nextOffset) {
      const difference = this.#compareCommit() ?? (await this.#compareEnds())
      if (difference !== null) return this.#result('different', difference)
    }
    this.#until = until
    return this.#result('verified')
  }

  /** Records until the next look at the state. */
  #room(): number {
    const [next] = this.#snapshots
    if (next === undefined) return sliceRecords
    return Math.min(sliceRecords, next.records - this.#options.processor.model.records)
  }

  async #slice(
    records: readonly InputRecord[],
    from: number,
    end: number,
  ): Promise<Difference | null> {
    const { processor, encoder, predictions, deadLetters } = this.#options
    const wanted = { predictions: predictions.from, deadLetters: deadLetters.from }
    for (const expected of expectedOf(processor, encoder, records, from, end, wanted)) {
      const log = expected.kind === 'prediction' ? predictions : deadLetters
      const difference = await this.#compare(expected, log.cursor)
      if (difference !== null) return difference
      this.#until = expected.offset + 1n
    }
    this.#until = (records[end - 1] as InputRecord).offset + 1n
    return this.#compareSnapshot()
  }

  async #compare(expected: Expected, cursor: OutputCursor): Promise<Difference | null> {
    if (cursor.head === undefined) await cursor.fetchLate()
    const { head } = cursor
    if (head === undefined || !isEqual(expected, head)) return explain(expected, cursor)
    const mark = commitMark(head)
    if (mark !== null) {
      const { records, chainHash } = expected
      const isRight = mark !== 'invalid' && mark.records === records
      if (!isRight || mark.chainHash !== chainHash) {
        const found = headerText(head.headers[commitHeaderName]) ?? 'not one text'
        const wanted = JSON.stringify({ records, chainHash })
        const kind = isRight ? 'chain hash' : 'commit header'
        return differenceOf(kind, expected, head, found, wanted)
      }
      this.#counts.commits++
    }
    cursor.next()
    this.#counts[expected.kind === 'prediction' ? 'predictions' : 'deadLetters']++
    this.#newest = expected
    this.#isMarked = mark !== null
    return null
  }

  #compareSnapshot(): Difference | null {
    const { model } = this.#options.processor
    const [next] = this.#snapshots
    if (next === undefined || next.records !== model.records) return null
    this.#snapshots.shift()
    const { chainHash, stateHash, number } = next
    const what = `of snapshot ${number}, after ${next.records} records`
    const isSame = chainHash === model.chainHash()
    const difference = isSame
      ? this.#atEnd('state hash', model.stateHash(), stateHash, what)
      : this.#atEnd('chain hash', model.chainHash(), chainHash, what)
    if (difference === null) this.#counts.snapshots++
    return difference
  }

  /** The state at the end with that of the newest commit record. */
  #compareCommit(): Difference | null {
    const { commit, processor } = this.#options
    const { model } = processor
    const what = `of the commit record of transaction ${commit.transaction}`
    return (
      this.#atEnd('record count', String(model.records), String(commit.records), what) ??
      this.#atEnd('chain hash', model.chainHash(), commit.chainHash, what) ??
      this.#atEnd('weights hash', model.weightsHash(), commit.weightsHash, what) ??
      this.#compareMark(commit)
    )
  }

  /** The last output before a commit record is the last of its transaction. */
  #compareMark({ records, chainHash }: CommitRecord): Difference | null {
    const newest = this.#newest
    if (newest === null || this.#isMarked || newest.records !== records) return null
    const wanted = `header ${commitHeaderName} ${JSON.stringify({ records, chainHash })}`
    return differenceOf('commit header', newest, undefined, 'no such header', wanted)
  }

  #atEnd(
    kind: Difference['kind'],
    expected: string,
    found: string,
    what: string,
  ): Difference | null {
    if (expected === found) return null
    const inputOffset = this.#until === null ? null : this.#until - 1n
    const place = { kind, topic: 'changelog', inputOffset, outputOffset: null } as const
    return { ...place, expected, found: `${found} ${what}` }
  }

  /** What lies behind the last output must be of a later transaction. */
  async #compareEnds(): Promise<Difference | null> {
    const { predictions, deadLetters } = this.#options
    return (
      (await this.#compareEnd('predictions', predictions)) ??
      (await this.#compareEnd('dead letters', deadLetters))
    )
  }

  async #compareEnd(
    topic: Difference['topic'],
    { cursor, from }: OutputLog,
  ): Promise<Difference | null> {
    const { commit, isCommitted, signal } = this.#options
    let newest = commit.nextOffset - 1n
    let first: Difference | null = null
    while ((await cursor.fetch()) && !signal.aborted) {
      const { head } = cursor
      if (head === undefined) break
      const source = cursor.sourceOf(head)
      if (source === null || source <= newest) {
        return surplus(topic, head, source, source !== null && source >= from)
      }
      first ??= surplus(topic, head, source, false)
      newest = source
      cursor.next()
    }
    return first === null || (await isCommitted(newest)) ? null : first
  }

  #result(status: VerifyResult['status'], difference: Difference | null = null): VerifyResult {
    const records = this.#options.processor.model.records - this.#began
    const until = this.#until ?? this.#options.predictions.from
    return { status, until, records, ...this.#counts, difference }
  }
}
