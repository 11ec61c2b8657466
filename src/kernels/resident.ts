import type { NetworkKernel, Runs } from './kernel.ts'
import type { NetworkSpec } from './network-spec.ts'

/**
 * Sequences that stay on a device, as a kernel with a memory of its own offers it. Each has a slot,
 * a number that the caller gives; a slot holds a ring of the inputs of its newest steps (C, I), the
 * states of all networks (N S), and some of these as they were, for runs to begin with (Q, N S).
 *
 * Letters: N networks of one shape, I inputs, S state size, O outputs, F = L H hidden features.
 */
export interface ResidentSequences {
  /** Device memory of one slot. */
  readonly bytesPerSlot: number
  /** One step of every network for `rows` rows, each of another slot. */
  step(rows: number, live: ResidentRows, out: ResidentOutputs): void
  /**
   * Adds the gradient of runs whose inputs lie in their slots to every network; `inputs` of `runs`
   * are not read.
   */
  accumulate(runs: Runs, places: RunPlaces): void
  /** States (count, N S) and kept states (count, Q, N S) of the first `count` slots. */
  read(slots: Int32Array, count: number): { states: Float32Array; kept: Float32Array }
  /** The opposite; without `kept` zeros, without `inputs` (count, C, I) what was there before. */
  write(slots: Int32Array, count: number, content: SlotContent): void
}

/** What is kept on the device. */
export interface ResidentShape {
  readonly spec: NetworkSpec
  /** Of the same kernel, all of this shape. */
  readonly networks: readonly NetworkKernel[]
  /** Of which networks the caller wants the hidden features of each step. */
  readonly read: readonly boolean[]
  /** The network whose outputs from a state of zeros are wanted too; −1: none. */
  readonly twin: number
  /** C, Q */
  readonly inputSteps: number
  readonly keptStates: number
  /** Slots that may be in use; memory for more is only made when they are written. */
  readonly slotsUsual: number
}

/** The rows of a step. */
export interface ResidentRows {
  /** (rows, I) */
  readonly inputs: Float32Array
  readonly slots: Int32Array
  /** Where in the slot's ring the inputs go. */
  readonly inputPlaces: Int32Array
  /** Where the state before the step is kept; −1: nowhere. */
  readonly keptPlaces: Int32Array
}

/** What a step writes: (rows, O) of each network and of the twin, (rows, F) of those read. */
export interface ResidentOutputs {
  readonly outputs: readonly Float64Array[]
  readonly fresh: Float64Array
  readonly hidden: readonly Float32Array[]
}

/** Where the runs lie: of each its slot, and the places of its first step and its kept state. */
export interface RunPlaces {
  readonly slots: Int32Array
  readonly inputPlaces: Int32Array
  readonly keptPlaces: Int32Array
}

export interface SlotContent {
  readonly states: Float32Array
  readonly kept: Float32Array | null
  readonly inputs: Float32Array | null
}
