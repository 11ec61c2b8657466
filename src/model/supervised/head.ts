import type { SupervisedForecast, SupervisedSample } from '../../record/types.ts'
import type { WindowBatch } from '../../rnn/index.ts'
import type { NetworkMember } from '../networks.ts'
import type { PooledSquares } from '../rls.ts'
import type { Scored } from '../scored.ts'
import type { SharedArray } from '../state.ts'
import type { Case } from './case.ts'
import type { CaseNetworks, NetworkNeeds } from './networks.ts'
import type { SupervisedScored } from './scored.ts'

/** Features of a read-out by least squares at most. */
export const READ_OUT_MAX = 256

export interface HeadOptions {
  readonly seed: number
  readonly networkNames: readonly string[]
  /** F: hidden features of a network. */
  readonly hidden: number
  /** Floats of a network's state. */
  readonly state: number
  /** Whether a network is scored that forgets. */
  readonly twin: boolean
}

/**
 * What depends on the kind of labels: what is known of them before a prediction, who predicts from
 * that, and how it is learnt. Everything that a prediction was made of stands in its case, so a
 * label may come at any time.
 */
export interface Head {
  /** M: all members, in their order. */
  readonly names: readonly string[]
  /** Names of each target's classes, as they become known; [] of labels that are none. */
  readonly classNames: readonly (readonly string[])[]
  readonly needs: NetworkNeeds
  /** L: losses of a step in which networks learn, those of target d being d, d + D, … */
  readonly losses: number
  /** Float64s of a case that `look` fills, and that `predict` does. */
  readonly past: number
  readonly said: number
  readonly squares: readonly PooledSquares[]
  /** What the losses of the label learnt last are to be, (L); ABSENT = none. */
  readonly aims: Float64Array
  arrays(): SharedArray[]
  /** A new sequence. */
  begin(core: Float64Array): void
  share(liveSequences: number): void
  /** The state was written by a restore. */
  restored(): void
  /** To be called once, before the first record. */
  attach(networks: CaseNetworks): void
  /** Fills what is known of labels before the step of a case, whose inputs it has. */
  look(core: Float64Array, now: Case): void
  /** Writes what networks see of that to `x[at…]`, `needs.inputs` floats. */
  write(from: Case, x: Float32Array, at: number): void
  /** Predicts from a case whose step the networks have run last; keeps in it what was said. */
  predict(now: Case, forecast: SupervisedForecast): void
  /** Its predictions anew, by what has been learnt since; leaves the case as it is. */
  again(past: Case): void
  /** Whether a sample brings a label for target d, and which it is, as a number. */
  brings(sample: SupervisedSample, d: number): boolean
  labelOf(sample: SupervisedSample, d: number): number
  /**
   * Fills what was said of a label, and of the one it corrects where the case has one; `again` has
   * been called before a late one.
   */
  score(past: Case, d: number, label: number, scored: SupervisedScored, isLate: boolean): void
  /** Writes the label that a sample brings and what was predicted for it, for people. */
  tell(past: Case | null, d: number, sample: SupervisedSample, forecast: SupervisedForecast): void
  /**
   * Learns the first label of a case, and fills `aims`. `core` is null where its sequence is gone;
   * `steps`: own steps that it has taken by now.
   */
  learn(core: Float64Array | null, steps: number, past: Case, d: number, label: number): void
  /** A label has been corrected. */
  correct(core: Float64Array | null, steps: number, past: Case, d: number, label: number): void
  /** Sets what a loss is to learn at a step's place among a batch's targets. */
  aim(batch: WindowBatch, place: number, loss: number, label: number): void
  /** Called for each network before it learns a batch from the states given. */
  prepare(member: NetworkMember, batch: WindowBatch, states: Float32Array): void
  /**
   * How members and the simplest of them fared with the label learnt last, and what is usual for
   * the sizes of errors, (D).
   */
  readonly watched: Scored
  readonly usual: Float64Array
}
