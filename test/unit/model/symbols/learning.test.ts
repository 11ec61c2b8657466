import { describe, expect, test } from 'vitest'
import { Hash64 } from '../../../../src/model/hash.ts'
import { Layout } from '../../../../src/model/layout.ts'
import { HEADER, NO_WINDOW, type Sequence, SequenceTable } from '../../../../src/model/sequence.ts'
import { symbolDimensionsOf } from '../../../../src/model/symbols/dimensions.ts'
import { claimFields } from '../../../../src/model/symbols/fields.ts'
import { type PlacedNetwork, SymbolLearning } from '../../../../src/model/symbols/learning.ts'
import { SymbolWindows } from '../../../../src/model/symbols/windows.ts'
import { Random } from '../../../../src/random.ts'
import type { SymbolBatch } from '../../../../src/rnn/index.ts'
import { symbolsConfig } from './support.ts'

/** One loss as a network was given it. */
interface Loss {
  readonly input: number
  readonly target: number
  /** Steps from the run's start state to the loss, both included, and those with a gradient. */
  readonly reach: number
  readonly flow: number
  /** The symbols from the run's start to the loss. */
  readonly inputs: readonly number[]
  readonly start: number
}

/**
 * The parts that decide what is learnt, with a network that only writes down what it is given. Its
 * state is the number of the symbol that comes next in all of the stream, 0 where a life begins, so
 * that a run's start state tells where it starts.
 */
class Stage {
  readonly table: SequenceTable
  readonly windows: SymbolWindows
  readonly learning: SymbolLearning
  readonly losses: Loss[] = []
  readonly batches: number[] = []
  readonly fields
  readonly symbols: { readonly sequence: string; readonly life: number }[] = []
  readonly #lives = new Map<string, number>()
  #steps = 0

  constructor(model: Parameters<typeof symbolsConfig>[1], sequences = { max: 100, keep: 100 }) {
    const config = symbolsConfig({}, model, sequences)
    const d = symbolDimensionsOf(config)
    const core = new Layout()
    core.claim(HEADER.size)
    this.fields = claimFields(core)
    this.table = new SequenceTable(core.size, 1)
    this.windows = new SymbolWindows(d, this.fields, 1)
    const report = { loss: 1, losses: 1, gradientNorm: 1, clipped: false, applied: true }
    const network = {
      stateSize: 1,
      accumulate: (batch: SymbolBatch, states: Float32Array) => this.#note(batch, states),
      finishUpdate: () => {
        this.batches.push(this.losses.length)
        return report
      },
    }
    const networks = [{ name: 'network', network, statesAt: 0 }] as unknown as PlacedNetwork[]
    const { table, windows, fields } = this
    this.learning = new SymbolLearning(config, d, { table, windows, networks, fields })
  }

  /** Takes one symbol, whose number in the stream is what is kept of it. */
  take(name: string, end = false): void {
    const { table, windows, learning, fields } = this
    const record = this.#steps + 1
    const sequence = table.use(name, record)
    const { core } = sequence
    if (sequence.window === NO_WINDOW) {
      windows.open(sequence)
      table.windowed.append(sequence)
    }
    const begins = core[fields.going] === 0
    windows.beginStep(sequence, sequence.steps, begins, record)
    if (!begins && sequence.steps > core[HEADER.windowStart]!) {
      learning.becameLearnable(sequence, record)
    }
    core[fields.going] = 1
    if (begins) this.#lives.set(name, (this.#lives.get(name) ?? 0) + 1)
    const symbol = this.symbols.length
    this.symbols.push({ sequence: name, life: this.#lives.get(name) as number })
    windows.keepSymbol(sequence, sequence.steps, symbol)
    sequence.home.float32[sequence.statesAt] = symbol + 1
    core[HEADER.steps]! += 1
    this.#steps++
    learning.stepped(sequence)
    if (end) this.#end(sequence)
    if (learning.boundary(this.#steps)) learning.endBlock(this.#steps, record, new Hash64())
  }

  /** The newest symbol before number `symbol` in its sequence, −1 without. */
  before(symbol: number): number {
    const { sequence } = this.symbols[symbol]!
    return this.symbols.findLastIndex((s, i) => i < symbol && s.sequence === sequence)
  }

  #end(sequence: Sequence): void {
    sequence.core[this.fields.going] = 0
    sequence.home.float32[sequence.statesAt] = 0
    this.learning.lifeEnded(sequence)
  }

  #note(batch: SymbolBatch, states: Float32Array): void {
    for (let r = 0; r < batch.runs; r++) {
      const at = batch.symbolsAt(r, 0)
      const steps = batch.steps[r]!
      const symbols = [...batch.symbols.subarray(at, at + steps + 1)]
      for (let s = batch.warmup[r]!; s < steps; s++) {
        if (batch.mask[batch.maskAt(r, s)] === 0) continue
        this.losses.push({
          input: symbols[s]!,
          target: symbols[s + 1]!,
          reach: s + 1,
          flow: s + 1 - batch.warmup[r]!,
          inputs: symbols.slice(0, s + 1),
          start: states[r]!,
        })
      }
    }
  }
}

const shapes: Parameters<typeof symbolsConfig>[1][] = [
  { window: 16, updateEvery: 8 },
  { window: 6, updateEvery: 4 },
  { window: 16, updateEvery: 16 },
  { window: 3, updateEvery: 1 },
  { window: 1, updateEvery: 5 },
  { window: 8, updateEvery: 3, block: 12 },
]

describe.each(shapes)('with %j', (shape) => {
  const { window, updateEvery } = symbolDimensionsOf(symbolsConfig({}, shape))

  test.each([1, 2, 5, 12])('of %i sequences every loss is learnt once, as it is', (keys) => {
    const stage = new Stage(shape)
    const random = new Random(keys)
    for (let i = 0; i < 1500; i++) {
      const key = Math.min(random.uint32() % keys, random.uint32() % keys)
      stage.take(`${key}`, random.uint32() % 13 === 0)
    }
    const targets = stage.losses.map(({ target }) => target)
    expect(new Set(targets).size).toBe(targets.length)
    const due = stage.symbols.flatMap((symbol, i) => {
      const before = stage.before(i)
      return before >= 0 && stage.symbols[before]!.life === symbol.life ? [i] : []
    })
    expect(targets.every((target) => due.includes(target))).toBe(true)
    // Only the newest of each sequence may still wait.
    const waiting = due.filter((i) => !targets.includes(i))
    expect(waiting.length).toBeLessThan(keys * 2 * updateEvery + 8 * 64)
    if (keys < 3) expect(waiting.length).toBeLessThan(keys * 3 * updateEvery + 8)
    for (const { input, target, flow, inputs, start } of stage.losses) {
      expect(stage.before(target)).toBe(input)
      // The run is the sequence's own symbols, one behind the other, all of one life.
      const { life } = stage.symbols[target]!
      for (let s = inputs.length - 1; s > 0; s--)
        expect(stage.before(inputs[s]!)).toBe(inputs[s - 1])
      expect(inputs.every((i) => stage.symbols[i]!.life === life)).toBe(true)
      expect(flow).toBeLessThanOrEqual(window)
      // It starts at the state in which its first symbol found the sequence.
      const first = inputs[0]!
      const previous = stage.before(first)
      const isFirst = previous < 0 || stage.symbols[previous]!.life !== life
      expect(start).toBe(isFirst ? 0 : previous + 1)
      // Gradients flow as far back as the window, or to the life's first step.
      const reached = Math.min(window, updateEvery)
      if (!isFirst) expect(flow).toBeGreaterThanOrEqual(Math.max(1, window - reached + 1))
    }
  })
})

test('a lone sequence learns every updateEvery steps, in runs without a warm-up', () => {
  const stage = new Stage({ window: 16, updateEvery: 8 })
  for (let i = 0; i < 400; i++) stage.take('a')
  expect(stage.batches.length).toBe(400 / 8 - 1)
  const late = stage.losses.filter(({ target }) => target > 40)
  expect(late.map(({ reach, flow }) => reach - flow).every((warmup) => warmup === 0)).toBe(true)
  expect(Math.min(...late.map(({ flow }) => flow))).toBe(9)
  expect(Math.max(...late.map(({ flow }) => flow))).toBe(16)
})

test('a life that has ended is learnt at the next boundary, however short', () => {
  const stage = new Stage({ window: 16, updateEvery: 8, block: 8 })
  stage.take('a')
  stage.take('a', true)
  for (let i = 0; i < 6; i++) stage.take('b')
  expect(stage.losses.map(({ target }) => target)).toEqual([1])
})

test('whoever sheds its window learns before, and begins anew where a state is known', () => {
  const stage = new Stage({ window: 4, updateEvery: 2 }, { max: 1, keep: 2 })
  for (let i = 0; i < 3; i++) stage.take('a')
  stage.take('b')
  for (let i = 0; i < 3; i++) stage.take('b')
  expect(stage.learning.evicted.windows).toBeGreaterThan(0)
  expect(stage.losses.map(({ target }) => target)).toContain(2)
  for (const name of ['c', 'd']) for (let i = 0; i < 4; i++) stage.take(name)
  expect(stage.learning.evicted.sequences).toBeGreaterThan(0)
  for (let i = 0; i < 40; i++) stage.take(i % 3 === 0 ? 'a' : 'b')
  for (const { inputs, start } of stage.losses) {
    const previous = stage.before(inputs[0]!)
    const isFirst = start === 0
    if (!isFirst) expect(start).toBe(previous + 1)
  }
})
