import { HeadraceError } from '../../errors.ts'
import type { Witness } from '../../model/witness.ts'
import type { CommitRecord } from '../commit-record.ts'
import type { StreamModel } from './engine.ts'
import type { EngineStart } from './messages.ts'

/** How far apart two devices may be, as a share: rounding grows while a model learns. */
const TOLERANCE = 0.01

type ReplayEnd = Pick<EngineStart, 'commit' | 'hasGap' | 'isOtherDevice' | 'place'>

/** The state that a replay with outputs suppressed must lead to: that of the last commit record. */
export class ReplayGoal {
  readonly #commit: CommitRecord | null
  readonly #hasGap: boolean
  readonly #isOtherDevice: boolean
  readonly #place: string

  /**
   * `commit` null: a new application, nothing to replay. `hasGap`: records before it are lost for
   * good and were accepted as lost, so the position alone tells the end. `isOtherDevice`: bits
   * differ, and numbers must be near. `place`: names the partition in messages.
   */
  constructor({ commit, hasGap, isOtherDevice, place }: ReplayEnd) {
    this.#commit = commit
    this.#hasGap = hasGap
    this.#isOtherDevice = isOtherDevice
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
    if (this.#isOtherDevice) {
      this.#checkWitness(commit.witness, model.witness?.())
      return true
    }
    const chainHash = model.chainHash()
    if (chainHash !== commit.chainHash) {
      throw this.#mismatch(
        `after ${commit.records} records the chain hash is ${chainHash}, ` +
          `the commit record has ${commit.chainHash}`,
      )
    }
    // The chain of a GPU holds the input alone. Where bits are the same this finds nothing.
    if (commit.witness !== undefined) this.#checkWitness(commit.witness, model.witness?.())
    return true
  }

  #checkWitness(theirs: Witness | undefined, ours: Witness | undefined): void {
    for (const part of ['weights', 'means'] as const) {
      const [there, here] = [theirs?.[part] ?? [], ours?.[part] ?? []]
      const apart = distance(there, here)
      if (apart <= TOLERANCE) continue
      const names = { weights: 'norms of the weights', means: 'newest forecast' }
      throw this.#mismatch(
        `here the ${names[part]} became ${shown(here)}, the commit record ` +
          `has ${shown(there)}: ${(100 * apart).toPrecision(3)} % apart, where ` +
          `${100 * TOLERANCE} % are allowed`,
      )
    }
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

/** ‖a − b‖ ÷ ‖a‖; Infinity where they cannot be compared. */
function distance(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return Infinity
  let apart = 0
  let size = 0
  a.forEach((value, i) => {
    apart += (value - (b[i] as number)) ** 2
    size += value ** 2
  })
  const share = apart === 0 ? 0 : Math.sqrt(apart / size)
  return Number.isNaN(share) ? Infinity : share
}

function shown(values: readonly number[]): string {
  return `[${values
    .slice(0, 4)
    .map((value) => value.toPrecision(5))
    .join(', ')}]`
}
