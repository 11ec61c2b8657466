import { HeadraceError } from '../../errors.ts'
import type { CommitRecord } from '../commit-record.ts'
import type { StreamModel } from './engine.ts'

/** The state that a replay with outputs suppressed must lead to: that of the last commit record. */
export class ReplayGoal {
  readonly #commit: CommitRecord | null
  readonly #hasGap: boolean
  readonly #place: string

  /**
   * `commit` null: a new application, nothing to replay. `hasGap`: records before it are lost for
   * good and were accepted as lost, so the position alone tells the end. `place`: names the
   * partition in messages.
   */
  constructor(commit: CommitRecord | null, hasGap: boolean, place: string) {
    this.#commit = commit
    this.#hasGap = hasGap
    this.#place = place
  }

  /** Records that may still be replayed from here; one at a time where only the position tells. */
  room(model: StreamModel): number {
    if (this.#commit === null) return 0
    return this.#hasGap ? 1 : this.#commit.records - model.records
  }

  /**
   * Whether the model has taken in as many records as the commit record counts: a count, not an
   * offset, because behind the last record there may be only markers. `position`: how far the
   * partition has been read. Throws `HEADRACE_TASK_HASH_MISMATCH` when the model is another one
   * there.
   */
  isReached(model: StreamModel, position: bigint): boolean {
    const commit = this.#commit
    if (commit === null) return true
    if (this.#hasGap) return position >= commit.nextOffset
    if (model.records < commit.records) {
      if (position < commit.nextOffset) return false
      throw this.#mismatch(
        `up to offset ${commit.nextOffset} it holds ${model.records} records, ` +
          `the commit record counts ${commit.records}`,
      )
    }
    const chainHash = model.chainHash()
    if (chainHash !== commit.chainHash) {
      throw this.#mismatch(
        `after ${commit.records} records the chain hash is ${chainHash}, ` +
          `the commit record has ${commit.chainHash}`,
      )
    }
    return true
  }

  #mismatch(what: string): HeadraceError {
    return new HeadraceError(
      'HEADRACE_TASK_HASH_MISMATCH',
      `${this.#place}: the replay led elsewhere than the run that was published: ${what}. The ` +
        'input was changed after it had been learnt, or this machine computes differently. Start ' +
        'a new application name, or reset with `headrace topics --reset`.',
    )
  }
}
