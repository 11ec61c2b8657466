import type { WindowBatch } from '../../rnn/index.ts'
import type { Dimensions } from '../dimensions.ts'
import type { Hash64 } from '../hash.ts'
import { Layout } from '../layout.ts'
import { ringIndex } from '../ring.ts'
import { HEADER, NO_WINDOW, type Sequence } from '../sequence.ts'
import { type Chunk, Slab } from '../slab.ts'

/** State of a loss in a window. */
const LOSS = { none: 0, arrived: 1, learnt: 2 } as const

/** Floats per own step of what windows keep. */
export interface WindowShape {
  /** X: inputs of a step, as they are kept. */
  readonly inputs: number
  /** S: states of all networks together. */
  readonly states: number
  /** L: losses that a step may have. */
  readonly losses: number
}

/** Who makes kept inputs what networks take, and labels what they are to learn. */
export interface RunWriter {
  /** Writes the inputs (I) of a step, kept at `from[fromAt…]`, to `to[toAt…]`. */
  expand(from: Float32Array, fromAt: number, to: Float32Array, toAt: number): void
  /** Sets what loss `loss` of a step is to learn, at the step's place among a batch's targets. */
  aim(batch: WindowBatch, place: number, loss: number, label: number): void
}

/**
 * The windows of all sequences, a slot each, shared by all networks: rings over own steps of
 * inputs, of the networks' states before every updateEvery-th step, and of losses with their
 * labels. Labels may be a while late before what they belong to has left.
 */
export class CaseWindows {
  private readonly d: Dimensions
  private readonly shape: WindowShape
  private readonly slab: Slab
  /** R: steps of the rings; Q: stored states. */
  private readonly steps: number
  private readonly checkpoints: number
  private readonly labelsAt: number
  private readonly statesAt: number

  constructor(d: Dimensions, shape: WindowShape) {
    this.d = d
    this.shape = shape
    this.steps = d.windowCapacity
    this.checkpoints = Math.floor((this.steps - 1) / d.updateEvery) + 1
    const float32 = new Layout()
    float32.claim(this.steps * shape.inputs)
    this.labelsAt = float32.claim(this.steps * shape.losses)
    this.statesAt = float32.claim(this.checkpoints * shape.states)
    this.slab = new Slab({
      float64: this.steps,
      float32: float32.size,
      int16: 0,
      bytes: this.steps * shape.losses,
    })
  }

  /** Bytes of one window. */
  get byteLength(): number {
    return this.slab.slotBytes
  }

  /** A window for a sequence that has none; it begins at the next step with a stored state. */
  open(sequence: Sequence): void {
    const { updateEvery } = this.d
    sequence.window = this.slab.open()
    sequence.core[HEADER.windowStart] = Math.ceil(sequence.steps / updateEvery) * updateEvery
  }

  copyTo({ window }: Sequence, to: Uint32Array, at: number): void {
    const from = this.slab.wordsAt(window)
    to.set(this.slab.chunkOf(window).words.subarray(from, from + this.byteLength / 4), at)
  }

  /** Gives a sequence the window that lies in `words`, all of them. */
  copyFrom(sequence: Sequence, words: Uint32Array): void {
    if (sequence.window === NO_WINDOW) sequence.window = this.slab.open()
    this.slab.chunkOf(sequence.window).words.set(words, this.slab.wordsAt(sequence.window))
  }

  /** Takes the window away, where there is one. */
  close(sequence: Sequence): void {
    if (sequence.window === NO_WINDOW) return
    this.slab.release(sequence.window)
    sequence.window = NO_WINDOW
  }

  /** Takes the bytes of a sequence's window into `hash`, as a word 0 where it has none. */
  hash({ window }: Sequence, hash: Hash64): void {
    hash.word(window === NO_WINDOW ? 0 : 1)
    if (window === NO_WINDOW) return
    hash.words(this.slab.chunkOf(window).words, this.slab.wordsAt(window), this.byteLength / 4)
  }

  /** Begins own step `step`: its record count, kept inputs, no losses; at a checkpoint states. */
  beginStep(sequence: Sequence, step: number, record: number, inputs: Float32Array): void {
    const { updateEvery } = this.d
    const { losses, states } = this.shape
    const { window } = sequence
    const { float64, float32, bytes } = this.slab.chunkOf(window)
    const ring = ringIndex(step, this.steps)
    float64[this.slab.float64At(window) + ring] = record
    const first = this.slab.bytesAt(window) + ring * losses
    for (let i = 0; i < losses; i++) bytes[first + i] = LOSS.none
    const kept = this.slab.float32At(window) + ring * this.shape.inputs
    for (let i = 0; i < inputs.length; i++) float32[kept + i] = inputs[i]!
    if (ringIndex(step, updateEvery) !== 0) return
    const { home, statesAt } = sequence
    const to = this.checkpointOf(sequence, step)
    for (let i = 0; i < states; i++) float32[to + i] = home.float32[statesAt + i]!
  }

  /** Whether what a run that ends with own step `step` needs is all still there. */
  holds(sequence: Sequence, step: number): boolean {
    if (sequence.window === NO_WINDOW) return false
    const start = Math.floor(step / this.d.updateEvery) * this.d.updateEvery
    return start >= this.oldest(sequence)
  }

  /** The memory that `checkpointOf` leads into. */
  memoryOf(sequence: Sequence): Chunk {
    return this.slab.chunkOf(sequence.window)
  }

  /** Offset in `float32` of the states stored before own step `step`, a multiple of updateEvery. */
  checkpointOf({ window }: Sequence, step: number): number {
    const ring = ringIndex(step / this.d.updateEvery, this.checkpoints)
    return this.slab.float32At(window) + this.statesAt + ring * this.shape.states
  }

  /** Keeps the label of loss `loss` of own step `step`, until a boundary learns it. */
  arrive({ window }: Sequence, step: number, loss: number, label: number): void {
    const { float32, bytes } = this.slab.chunkOf(window)
    const at = ringIndex(step, this.steps) * this.shape.losses + loss
    float32[this.slab.float32At(window) + this.labelsAt + at] = label
    bytes[this.slab.bytesAt(window) + at] = LOSS.arrived
  }

  /** Whether own step `step` has a loss yet, learnt or not. */
  anyArrived({ window }: Sequence, step: number): boolean {
    const { losses } = this.shape
    const { bytes } = this.slab.chunkOf(window)
    const at = this.slab.bytesAt(window) + ringIndex(step, this.steps) * losses
    for (let i = 0; i < losses; i++) if (bytes[at + i] !== LOSS.none) return true
    return false
  }

  /** The newest own step ≤ `from` with a loss to learn, or −1. */
  newestUnlearnt(sequence: Sequence, from: number): number {
    const { window } = sequence
    if (window === NO_WINDOW) return -1
    const { losses } = this.shape
    const { bytes } = this.slab.chunkOf(window)
    const base = this.slab.bytesAt(window)
    const oldest = this.oldest(sequence)
    for (let step = from; step >= oldest; step--) {
      const at = base + ringIndex(step, this.steps) * losses
      for (let i = 0; i < losses; i++) if (bytes[at + i] === LOSS.arrived) return step
    }
    return -1
  }

  /** Record count of own step `step`. */
  recordOf({ window }: Sequence, step: number): number {
    const { float64 } = this.slab.chunkOf(window)
    return float64[this.slab.float64At(window) + ringIndex(step, this.steps)]!
  }

  /**
   * Writes the run whose newest loss stands at own step `newest` as the batch's next, with all
   * losses within `runLosses` steps, which count as learnt from now on, and returns the own step at
   * which it starts: that of the nearest stored state.
   */
  writeRun(sequence: Sequence, newest: number, batch: WindowBatch, writer: RunWriter): number {
    const { updateEvery, window: length, runLosses } = this.d
    const { inputs, losses } = this.shape
    const { window } = sequence
    const first = Math.max(this.oldest(sequence), newest - length + 1)
    const start = Math.floor(first / updateEvery) * updateEvery
    const run = batch.add(first - start, newest - start + 1)
    const { float32, bytes } = this.slab.chunkOf(window)
    const kept = this.slab.float32At(window)
    for (let step = start; step <= newest; step++) {
      const from = kept + ringIndex(step, this.steps) * inputs
      writer.expand(float32, from, batch.inputs, batch.inputsAt(run, step - start))
    }
    const states = this.slab.bytesAt(window)
    const oldest = Math.max(first, newest - runLosses + 1)
    for (let step = oldest; step <= newest; step++) {
      const place = batch.targetsAt(run, step - start)
      const at = ringIndex(step, this.steps) * losses
      for (let i = 0; i < losses; i++) {
        if (bytes[states + at + i] !== LOSS.arrived) continue
        writer.aim(batch, place, i, float32[kept + this.labelsAt + at + i]!)
        bytes[states + at + i] = LOSS.learnt
      }
    }
    return start
  }

  /** The first own step whose stored state, and all inputs since, are still there. */
  private oldest(sequence: Sequence): number {
    const { updateEvery } = this.d
    const kept = Math.max(0, sequence.steps - this.steps)
    const start = Math.ceil(kept / updateEvery) * updateEvery
    return Math.max(sequence.core[HEADER.windowStart]!, start)
  }
}
