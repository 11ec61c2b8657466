import type { WindowBatch } from '../rnn/index.ts'
import type { Dimensions } from './dimensions.ts'
import type { Hash64 } from './hash.ts'
import { Layout } from './layout.ts'
import type { PackedInputs } from './packed-inputs.ts'
import { ringIndex } from './ring.ts'
import { HEADER, NO_WINDOW, type Sequence } from './sequence.ts'
import { type Chunk, Slab } from './slab.ts'

/** Words of a cache line. */
const LINE_WORDS = 16

/** State of a loss in a window. */
const LOSS = { none: 0, arrived: 1, learnt: 2 } as const

/** Q: states that a window keeps for runs to begin with. */
export function keptStatesOf({ windowCapacity, updateEvery }: Dimensions): number {
  return Math.floor((windowCapacity - 1) / updateEvery) + 1
}

/** Floats per sequence and step of what windows keep of all networks together. */
export interface WindowSizes {
  /** S: states. */
  readonly states: number
  /** F: hidden features that read-outs still need when a target arrives. */
  readonly features: number
}

/**
 * The windows of all sequences, a slot each, shared by all networks. A slot holds rings over own
 * steps: inputs, packed (C); each network's state before every updateEvery-th step (Q, S); hidden
 * features (maxHorizon + 1, F); and, as far back as a loss may still be learnt (R), record counts
 * (R), standardised targets (R, O) and the state of each loss (R, O).
 */
export class Windows {
  private readonly d: Dimensions
  private readonly inputs: PackedInputs
  private readonly sizes: WindowSizes
  private readonly slab: Slab
  /** Q, R */
  private readonly checkpoints: number
  private readonly lossSteps: number
  /** Places of the rings among the slot's elements of their type. */
  private readonly targetsAt: number
  private readonly statesAt: number
  private readonly featuresAt: number
  /** Where the lower halves of the packed inputs begin, behind the states of losses. */
  private readonly lowAt: number
  /** Elements of a slot's float32 part. */
  private readonly floats: number

  constructor(d: Dimensions, inputs: PackedInputs, sizes: WindowSizes) {
    const { windowCapacity, updateEvery, maxHorizon, outputs } = d
    this.d = d
    this.inputs = inputs
    this.sizes = sizes
    this.checkpoints = keptStatesOf(d)
    // A sequence joins before it has taken more than 2 × updateEvery steps since it last did, and
    // then learns everything that has arrived.
    this.lossSteps = 2 * updateEvery + maxHorizon
    const float32 = new Layout()
    this.targetsAt = float32.claim(this.lossSteps * outputs)
    this.statesAt = float32.claim(this.checkpoints * sizes.states)
    this.featuresAt = float32.claim((maxHorizon + 1) * sizes.features)
    this.floats = float32.size
    this.lowAt = this.lossSteps * outputs
    this.slab = new Slab({
      float64: this.lossSteps,
      float32: float32.size,
      int16: windowCapacity * inputs.size,
      bytes: this.lowAt + windowCapacity * inputs.lowBytes,
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

  /** Bytes of the sequence's window, `byteLength` / 4 words of them, to `to[at…]`. */
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

  /** Whether the window reaches back to own step `step` of a sequence. */
  holds(sequence: Sequence, step: number): boolean {
    return sequence.window !== NO_WINDOW && step >= sequence.core[HEADER.windowStart]!
  }

  /** Begins own step `step`: its record count, and no losses yet. */
  beginStep(sequence: Sequence, step: number, record: number): void {
    const { outputs } = this.d
    const { window } = sequence
    const { float64, bytes } = this.slab.chunkOf(window)
    const ring = ringIndex(step, this.lossSteps)
    float64[this.slab.float64At(window) + ring] = record
    const losses = this.slab.bytesAt(window) + ring * outputs
    for (let o = 0; o < outputs; o++) bytes[losses + o] = LOSS.none
  }

  /** Keeps the states before own step `step` where runs may begin with it. */
  keepStates(sequence: Sequence, step: number): void {
    if (ringIndex(step, this.d.updateEvery) !== 0) return
    const { float32 } = this.slab.chunkOf(sequence.window)
    const { home, statesAt } = sequence
    const to = this.checkpointOf(sequence, step)
    for (let i = 0; i < this.sizes.states; i++) float32[to + i] = home.float32[statesAt + i]!
  }

  /**
   * Reads a number of each cache line that the sequence's next step will write, or of all lines
   * where the step may make the sequence learn; their sum.
   */
  fetch(sequence: Sequence): number {
    const { window, steps, core } = sequence
    const { slab, inputs, d } = this
    const { float64, float32, bytes, int16, words } = slab.chunkOf(window)
    let sum = 0
    if (core[HEADER.learnable]! + 1 >= d.updateEvery) {
      const from = slab.wordsAt(window)
      const end = from + this.byteLength / 4
      for (let at = from; at < end; at += LINE_WORDS) sum ^= words[at]!
      return sum
    }
    const loss = ringIndex(steps, this.lossSteps)
    const place = ringIndex(steps, d.windowCapacity)
    const high = this.highOf(window, place)
    sum += float64[slab.float64At(window) + loss]!
    sum += float32[slab.float32At(window) + this.targetsAt + loss * d.outputs]!
    sum += bytes[slab.bytesAt(window) + loss * d.outputs]! + bytes[this.lowOf(window, place)]!
    return sum + int16[high]! + int16[high + inputs.size - 1]!
  }

  /** Keeps the input vector x (I) of own step `step`, and rounds it to what is kept. */
  keepInputs({ window }: Sequence, step: number, x: Float32Array): void {
    const ring = ringIndex(step, this.d.windowCapacity)
    const high = this.highOf(window, ring)
    const low = this.lowOf(window, ring)
    this.inputs.pack(x, this.slab.chunkOf(window), high, low)
  }

  /** Writes the input vector (I) of own step `step` to `x[at…]`. */
  readInputs({ window }: Sequence, step: number, x: Float32Array, at: number): void {
    const ring = ringIndex(step, this.d.windowCapacity)
    const high = this.highOf(window, ring)
    const low = this.lowOf(window, ring)
    this.inputs.unpack(this.slab.chunkOf(window), high, low, x, at)
  }

  /** The memory that the offsets below lead into. */
  memoryOf(sequence: Sequence): Chunk {
    return this.slab.chunkOf(sequence.window)
  }

  /** Everything in a window that is a floating-point number, copied, for a look. */
  floatsOf(sequence: Sequence): number[] {
    const { window } = sequence
    const { float64, float32 } = this.memoryOf(sequence)
    const [doubles, floats] = [this.slab.float64At(window), this.slab.float32At(window)]
    return [
      ...float64.subarray(doubles, doubles + this.lossSteps),
      ...float32.subarray(floats, floats + this.floats),
    ]
  }

  /** Offset in `float32` of the features (F) remembered of own step `step`. */
  featuresOf({ window }: Sequence, step: number): number {
    const ring = ringIndex(step, this.d.maxHorizon + 1)
    return this.slab.float32At(window) + this.featuresAt + ring * this.sizes.features
  }

  /** Offset in `float32` of all states that are kept, (Q, S). */
  keptAt({ window }: Sequence): number {
    return this.slab.float32At(window) + this.statesAt
  }

  /** Offset in `float32` of the states stored before own step `step`, a multiple of updateEvery. */
  checkpointOf(sequence: Sequence, step: number): number {
    const ring = ringIndex(step / this.d.updateEvery, this.checkpoints)
    return this.keptAt(sequence) + ring * this.sizes.states
  }

  /** Keeps the target that has arrived for output `output` of own step `step`, standardised. */
  arrive({ window }: Sequence, step: number, output: number, z: number): void {
    const { float32, bytes } = this.slab.chunkOf(window)
    const at = this.lossesOf(step) + output
    float32[this.slab.float32At(window) + this.targetsAt + at] = z
    bytes[this.slab.bytesAt(window) + at] = LOSS.arrived
  }

  /** Whether any loss of own step `step` has arrived, learnt or not. */
  anyArrived({ window }: Sequence, step: number): boolean {
    const { bytes } = this.slab.chunkOf(window)
    const at = this.slab.bytesAt(window) + this.lossesOf(step)
    for (let o = 0; o < this.d.outputs; o++) if (bytes[at + o] !== LOSS.none) return true
    return false
  }

  /** The newest own step ≤ `from` with a loss to learn, or −1. */
  newestUnlearnt(sequence: Sequence, from: number): number {
    const { window, steps } = sequence
    if (window === NO_WINDOW) return -1
    const { bytes } = this.slab.chunkOf(window)
    const base = this.slab.bytesAt(window)
    const oldest = Math.max(sequence.core[HEADER.windowStart]!, steps - this.lossSteps, 0)
    for (let step = from; step >= oldest; step--) {
      const at = base + this.lossesOf(step)
      for (let o = 0; o < this.d.outputs; o++) if (bytes[at + o] === LOSS.arrived) return step
    }
    return -1
  }

  /** Record count of own step `step`, one of the `lossSteps` newest. */
  recordOf({ window }: Sequence, step: number): number {
    const ring = ringIndex(step, this.lossSteps)
    return this.slab.chunkOf(window).float64[this.slab.float64At(window) + ring]!
  }

  /**
   * Writes the run whose newest loss stands at own step `newest` as the batch's next, with all
   * losses within `runLosses` steps, which count as learnt from now on, and returns the own step at
   * which it starts: that of the nearest stored state. `withInputs`: the batch is to have them.
   */
  writeRun(sequence: Sequence, newest: number, batch: WindowBatch, withInputs: boolean): number {
    const { runLosses, outputs } = this.d
    const { window } = sequence
    const start = this.addRun(sequence, newest, batch)
    if (withInputs) this.writeInputs(sequence, start, newest, batch)
    const run = batch.runs - 1
    const { float32, bytes } = this.slab.chunkOf(window)
    const targets = this.slab.float32At(window) + this.targetsAt
    const states = this.slab.bytesAt(window)
    const oldest = Math.max(start + batch.warmup[run]!, newest - runLosses + 1)
    for (let step = Math.max(oldest, sequence.steps - this.lossSteps); step <= newest; step++) {
      const place = batch.targetsAt(run, step - start)
      const losses = this.lossesOf(step)
      for (let o = 0; o < outputs; o++) {
        if (bytes[states + losses + o] !== LOSS.arrived) continue
        batch.mask[place + o] = 1
        batch.targets[place + o] = float32[targets + losses + o]!
        bytes[states + losses + o] = LOSS.learnt
      }
    }
    return start
  }

  /**
   * The same run with every loss of own step `newest` that has arrived, learnt or not, for a look.
   */
  writeProbe(sequence: Sequence, newest: number, batch: WindowBatch): number {
    const { window } = sequence
    const start = this.addRun(sequence, newest, batch)
    this.writeInputs(sequence, start, newest, batch)
    const { float32, bytes } = this.slab.chunkOf(window)
    const targets = this.slab.float32At(window) + this.targetsAt
    const states = this.slab.bytesAt(window)
    const place = batch.targetsAt(batch.runs - 1, newest - start)
    const losses = this.lossesOf(newest)
    for (let o = 0; o < this.d.outputs; o++) {
      batch.mask[place + o] = bytes[states + losses + o] === LOSS.none ? 0 : 1
      batch.targets[place + o] = float32[targets + losses + o]!
    }
    return start
  }

  /** Takes the bytes of a sequence's window into `hash`, as a word 0 where it has none. */
  hash({ window }: Sequence, hash: Hash64): void {
    hash.word(window === NO_WINDOW ? 0 : 1)
    if (window === NO_WINDOW) return
    hash.words(this.slab.chunkOf(window).words, this.slab.wordsAt(window), this.byteLength / 4)
  }

  /** Opens the run that ends at own step `newest` and returns where it starts. */
  private addRun(sequence: Sequence, newest: number, batch: WindowBatch): number {
    const { updateEvery } = this.d
    const first = Math.max(sequence.core[HEADER.windowStart]!, newest - this.d.window + 1)
    const start = Math.floor(first / updateEvery) * updateEvery
    batch.add(first - start, newest - start + 1)
    return start
  }

  private writeInputs(sequence: Sequence, start: number, newest: number, batch: WindowBatch): void {
    const run = batch.runs - 1
    for (let step = start; step <= newest; step++) {
      this.readInputs(sequence, step, batch.inputs, batch.inputsAt(run, step - start))
    }
  }

  /** Places of the packed input vector at place `ring` of a window: see `PackedInputs`. */
  private highOf(window: number, ring: number): number {
    return this.slab.int16At(window) + ring * this.inputs.size
  }

  private lowOf(window: number, ring: number): number {
    return this.slab.bytesAt(window) + this.lowAt + ring * this.inputs.lowBytes
  }

  /** Place of the losses (O) of own step `step` among a window's. */
  private lossesOf(step: number): number {
    return ringIndex(step, this.lossSteps) * this.d.outputs
  }
}
