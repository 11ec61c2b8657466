import type { SymbolBatch } from '../../rnn/index.ts'
import type { Hash64 } from '../hash.ts'
import { Layout } from '../layout.ts'
import { ringIndex } from '../ring.ts'
import { HEADER, NO_WINDOW, type Sequence } from '../sequence.ts'
import { type Chunk, Slab } from '../slab.ts'
import type { SequenceWindows } from '../state.ts'
import type { SymbolDimensions } from './dimensions.ts'
import type { SymbolFields } from './fields.ts'

/** The run that was written last. */
export interface WrittenRun {
  /** Own step at which it starts. */
  start: number
  /** Whether it starts with a life, from a state of zeros; else from the state stored there. */
  fromZero: boolean
  /** Own steps below it are not learnt by this run. */
  oldest: number
}

/**
 * The windows of all sequences, a slot each. A slot holds rings over own steps: symbols (C) and
 * whether each began a life (C), a life being what lies between two ends of a sequence; the states
 * of all networks at checkpoints (Q, S), before every own step t with t + 1 a multiple of
 * stateEvery; and, as far back as a loss may still be
 * learnt, the step count of the partition at each own step (R).
 *
 * The loss of own step t is that of the prediction made after symbol t: its target is symbol t + 1,
 * and there is none where that begins a life.
 */
export class SymbolWindows implements SequenceWindows {
  private readonly d: SymbolDimensions
  private readonly fields: SymbolFields
  /** S */
  private readonly states: number
  private readonly slab: Slab
  /** Q */
  private readonly checkpoints: number

  constructor(d: SymbolDimensions, fields: SymbolFields, states: number) {
    this.d = d
    this.fields = fields
    this.states = states
    this.checkpoints = Math.floor((d.windowCapacity - 1) / d.stateEvery) + 1
    const float32 = new Layout()
    float32.claim(this.checkpoints * states)
    this.slab = new Slab({
      float64: d.lossSteps,
      float32: float32.size,
      int16: d.windowCapacity,
      bytes: d.windowCapacity,
    })
  }

  get byteLength(): number {
    return this.slab.slotBytes
  }

  /** A window for a sequence that has none; it begins at the next step whose state is known. */
  open(sequence: Sequence): void {
    const { stateEvery } = this.d
    sequence.window = this.slab.open()
    sequence.core[HEADER.windowStart] = this.checkpointBefore(sequence.steps + stateEvery - 1)
  }

  copyTo({ window }: Sequence, to: Uint32Array, at: number): void {
    const from = this.slab.wordsAt(window)
    to.set(this.slab.chunkOf(window).words.subarray(from, from + this.byteLength / 4), at)
  }

  copyFrom(sequence: Sequence, words: Uint32Array): void {
    if (sequence.window === NO_WINDOW) sequence.window = this.slab.open()
    this.slab.chunkOf(sequence.window).words.set(words, this.slab.wordsAt(sequence.window))
  }

  close(sequence: Sequence): void {
    if (sequence.window === NO_WINDOW) return
    this.slab.release(sequence.window)
    sequence.window = NO_WINDOW
  }

  hash({ window }: Sequence, hash: Hash64): void {
    hash.word(window === NO_WINDOW ? 0 : 1)
    if (window === NO_WINDOW) return
    hash.words(this.slab.chunkOf(window).words, this.slab.wordsAt(window), this.byteLength / 4)
  }

  /**
   * Begins own step `step`, number `count` of the partition: whether it begins a life, and at a
   * checkpoint the states.
   */
  beginStep(sequence: Sequence, step: number, beginsLife: boolean, count: number): void {
    const { slab, states } = this
    const { window, core, home, statesAt } = sequence
    const { float64, float32, bytes } = slab.chunkOf(window)
    float64[slab.float64At(window) + ringIndex(step, this.d.lossSteps)] = count
    bytes[slab.bytesAt(window) + ringIndex(step, this.d.windowCapacity)] = beginsLife ? 1 : 0
    if (beginsLife && core[HEADER.windowStart]! > step) core[HEADER.windowStart] = step
    if (ringIndex(step + 1, this.d.stateEvery) !== 0) return
    const to = this.checkpointOf(sequence, step)
    for (let i = 0; i < states; i++) float32[to + i] = home.float32[statesAt + i]!
  }

  keepSymbol({ window }: Sequence, step: number, symbol: number): void {
    const at = this.slab.int16At(window) + ringIndex(step, this.d.windowCapacity)
    this.slab.chunkOf(window).int16[at] = symbol
  }

  /** The memory that `checkpointOf` leads into. */
  memoryOf(sequence: Sequence): Chunk {
    return this.slab.chunkOf(sequence.window)
  }

  /** Offset in `float32` of the states stored before own step `step`, a checkpoint. */
  checkpointOf({ window }: Sequence, step: number): number {
    const ring = ringIndex((step + 1) / this.d.stateEvery, this.checkpoints)
    return this.slab.float32At(window) + ring * this.states
  }

  /** The newest own step ≤ `from` with a loss to learn, or −1. */
  newestUnlearnt(sequence: Sequence, from: number): number {
    const { window, core, steps } = sequence
    if (window === NO_WINDOW) return -1
    const learntTo = core[this.fields.learntTo]!
    const oldest = Math.max(learntTo, core[HEADER.windowStart]!, steps - this.d.lossSteps)
    for (let step = Math.min(from, steps - 2); step >= oldest; step--) {
      if (!this.beginsLife(sequence, step + 1)) return step
    }
    return -1
  }

  /** Step count of the partition at own step `step`, one of the `lossSteps` newest. */
  countOf({ window }: Sequence, step: number): number {
    const ring = ringIndex(step, this.d.lossSteps)
    return this.slab.chunkOf(window).float64[this.slab.float64At(window) + ring]!
  }

  /**
   * Where the run whose newest loss stands at own step `newest` starts: at its life's first step,
   * or else at the nearest stored state at or before the first step of its window.
   */
  placeRun(sequence: Sequence, newest: number, run: WrittenRun): void {
    const { window, updateEvery } = this.d
    const begin = sequence.core[HEADER.windowStart]!
    const first = Math.max(begin, newest - window + 1)
    run.start = this.checkpointBefore(first)
    run.fromZero = false
    for (let step = newest; step >= Math.max(run.start, begin); step--) {
      if (!this.beginsLife(sequence, step)) continue
      run.start = step
      run.fromZero = true
      break
    }
    run.oldest = Math.max(run.start, newest - Math.min(updateEvery, window) + 1)
  }

  /** Writes that run, which `placeRun` has placed, as the batch's next. */
  writeRun(sequence: Sequence, newest: number, run: WrittenRun, batch: SymbolBatch): void {
    const { start, oldest } = run
    const first = Math.max(start, sequence.core[HEADER.windowStart]!, newest - this.d.window + 1)
    const learntTo = sequence.core[this.fields.learntTo]!
    const row = batch.add(first - start, newest - start + 1)
    const symbols = batch.symbolsAt(row, 0)
    const mask = batch.maskAt(row, 0)
    for (let step = start; step <= newest + 1; step++) {
      batch.symbols[symbols + step - start] = this.symbolOf(sequence, step)
    }
    for (let step = Math.max(first, oldest, learntTo); step <= newest; step++) {
      batch.mask[mask + step - start] = 1
    }
  }

  /** The newest checkpoint at or before own step `step`; −1, which none is, before the first. */
  private checkpointBefore(step: number): number {
    const { stateEvery } = this.d
    return Math.floor((step + 1) / stateEvery) * stateEvery - 1
  }

  private symbolOf({ window }: Sequence, step: number): number {
    const at = this.slab.int16At(window) + ringIndex(step, this.d.windowCapacity)
    return this.slab.chunkOf(window).int16[at]! & 0xffff
  }

  private beginsLife({ window }: Sequence, step: number): boolean {
    const at = this.slab.bytesAt(window) + ringIndex(step, this.d.windowCapacity)
    return this.slab.chunkOf(window).bytes[at] === 1
  }
}
