import type { WindowBatch } from '../rnn/index.ts'
import type { Dimensions } from './dimensions.ts'
import { Layout } from './layout.ts'
import { HEADER, type Sequence, type WindowBuffer } from './sequence.ts'

/** State of a loss in a window. */
const LOSS = { none: 0, arrived: 1, learnt: 2 } as const

/**
 * The windows of all sequences: rings over own steps of inputs (C, I), standardised targets (C, O)
 * with the state of each loss (C, O), record counts (C), each network's state before every
 * updateEvery-th step (Q, S), and the hidden features that read-outs still need (maxHorizon + 1,
 * F). O = K × D outputs, C steps of capacity.
 */
export class Windows {
  private readonly d: Dimensions
  private readonly inputSize: number
  private readonly stateSize: number
  private readonly featureSize: number
  private readonly checkpoints: number
  private readonly recordsAt: number
  private readonly inputsAt: number
  private readonly targetsAt: number
  private readonly statesAt: number
  private readonly featuresAt: number
  private readonly float64 = new Layout()
  private readonly float32 = new Layout()

  /** `stateSize`: floats of all networks' states together; `featureSize`: of those remembered. */
  constructor(d: Dimensions, inputSize: number, stateSize: number, featureSize: number) {
    this.d = d
    this.inputSize = inputSize
    this.stateSize = stateSize
    this.featureSize = featureSize
    this.checkpoints = Math.ceil(d.windowCapacity / d.updateEvery) + 1
    this.recordsAt = this.float64.claim(d.windowCapacity)
    this.inputsAt = this.float32.claim(d.windowCapacity * inputSize)
    this.targetsAt = this.float32.claim(d.windowCapacity * d.slots)
    this.statesAt = this.float32.claim(this.checkpoints * stateSize)
    this.featuresAt = this.float32.claim((d.maxHorizon + 1) * featureSize)
  }

  /** Bytes of one window. */
  get byteLength(): number {
    return 8 * this.float64.size + 4 * this.float32.size + this.d.windowCapacity * this.d.slots
  }

  /** A window for a sequence that has none; it begins at the next step with a stored state. */
  open(sequence: Sequence): WindowBuffer {
    const { updateEvery, windowCapacity, slots } = this.d
    const window = {
      float64: new Float64Array(this.float64.size),
      float32: new Float32Array(this.float32.size),
      bytes: new Uint8Array(windowCapacity * slots),
    }
    sequence.window = window
    sequence.core[HEADER.windowStart] = Math.ceil(sequence.steps / updateEvery) * updateEvery
    return window
  }

  /** Offset in `float32` of the input vector of own step `step`. */
  inputsOf(step: number): number {
    return this.inputsAt + (step % this.d.windowCapacity) * this.inputSize
  }

  /** Offset in `float32` of the features remembered of own step `step`. */
  featuresOf(step: number): number {
    return this.featuresAt + (step % (this.d.maxHorizon + 1)) * this.featureSize
  }

  /** Whether the window reaches back to own step `step` of a sequence at step `now`. */
  holds(sequence: Sequence, step: number): boolean {
    return sequence.window !== null && step >= sequence.core[HEADER.windowStart]!
  }

  /** Begins own step `step`: its record count, no losses yet, and at a checkpoint the states. */
  beginStep(sequence: Sequence, window: WindowBuffer, step: number, record: number): void {
    const { windowCapacity, slots, updateEvery } = this.d
    window.float64[this.recordsAt + (step % windowCapacity)] = record
    const losses = (step % windowCapacity) * slots
    window.bytes.fill(LOSS.none, losses, losses + slots)
    if (step % updateEvery === 0) {
      window.float32.set(sequence.states, this.checkpointOf(step))
    }
  }

  /** Keeps the target that has arrived for output `slot` of own step `step`, standardised. */
  arrive(window: WindowBuffer, step: number, slot: number, z: number): void {
    const at = (step % this.d.windowCapacity) * this.d.slots + slot
    window.float32[this.targetsAt + at] = z
    window.bytes[at] = LOSS.arrived
  }

  /** Whether any loss of own step `step` has arrived, learnt or not. */
  anyArrived(window: WindowBuffer, step: number): boolean {
    const at = (step % this.d.windowCapacity) * this.d.slots
    for (let o = 0; o < this.d.slots; o++) if (window.bytes[at + o] !== LOSS.none) return true
    return false
  }

  /** The newest own step ≤ `from` with a loss to learn, or −1. */
  newestUnlearnt(sequence: Sequence, from: number): number {
    const { window } = sequence
    if (window === null) return -1
    const { windowCapacity, slots, updateEvery, maxHorizon } = this.d
    const reach = sequence.steps - 1 - maxHorizon - 3 * updateEvery
    const oldest = Math.max(sequence.core[HEADER.windowStart]!, reach, 0)
    for (let step = from; step >= oldest; step--) {
      const at = (step % windowCapacity) * slots
      for (let o = 0; o < slots; o++) if (window.bytes[at + o] === LOSS.arrived) return step
    }
    return -1
  }

  /** Record count of own step `step`. */
  recordOf(window: WindowBuffer, step: number): number {
    return window.float64[this.recordsAt + (step % this.d.windowCapacity)]!
  }

  /**
   * Writes the run whose newest loss stands at own step `newest` as the batch's next, with all
   * losses within `runLosses` steps, which count as learnt from now on, and returns the own step at
   * which it starts: that of the nearest stored state.
   */
  writeRun(sequence: Sequence, window: WindowBuffer, newest: number, batch: WindowBatch): number {
    const { runLosses, windowCapacity, slots } = this.d
    const start = this.writeInputs(sequence, window, newest, batch)
    const run = batch.runs - 1
    const oldest = Math.max(start + batch.warmup[run]!, newest - runLosses + 1)
    for (let step = oldest; step <= newest; step++) {
      const place = batch.targetsAt(run, step - start)
      const losses = (step % windowCapacity) * slots
      for (let o = 0; o < slots; o++) {
        if (window.bytes[losses + o] !== LOSS.arrived) continue
        batch.mask[place + o] = 1
        batch.targets[place + o] = window.float32[this.targetsAt + losses + o]!
        window.bytes[losses + o] = LOSS.learnt
      }
    }
    return start
  }

  /**
   * The same run with every loss of own step `newest` that has arrived, learnt or not, for a look.
   */
  writeProbe(sequence: Sequence, window: WindowBuffer, newest: number, batch: WindowBatch): number {
    const start = this.writeInputs(sequence, window, newest, batch)
    const place = batch.targetsAt(batch.runs - 1, newest - start)
    const losses = (newest % this.d.windowCapacity) * this.d.slots
    for (let o = 0; o < this.d.slots; o++) {
      batch.mask[place + o] = window.bytes[losses + o] === LOSS.none ? 0 : 1
      batch.targets[place + o] = window.float32[this.targetsAt + losses + o]!
    }
    return start
  }

  private writeInputs(
    sequence: Sequence,
    window: WindowBuffer,
    newest: number,
    batch: WindowBatch,
  ): number {
    const { updateEvery } = this.d
    const first = Math.max(sequence.core[HEADER.windowStart]!, newest - this.d.window + 1)
    const start = Math.floor(first / updateEvery) * updateEvery
    const run = batch.add(first - start, newest - start + 1)
    for (let step = start; step <= newest; step++) {
      const from = this.inputsOf(step)
      const to = batch.inputsAt(run, step - start)
      for (let i = 0; i < this.inputSize; i++) batch.inputs[to + i] = window.float32[from + i]!
    }
    return start
  }

  /** Offset in `float32` of the states stored before own step `step`, a multiple of updateEvery. */
  checkpointOf(step: number): number {
    return this.statesAt + ((step / this.d.updateEvery) % this.checkpoints) * this.stateSize
  }
}
