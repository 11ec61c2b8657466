import { describe, expect, test } from 'vitest'
import { AssertionError } from '../../../src/assert.ts'
import type { Kernel } from '../../../src/kernels/kernel.ts'
import { Random } from '../../../src/random.ts'
import { SymbolBatch, SymbolNetwork, type SymbolNetworkOptions } from '../../../src/rnn/index.ts'
import { BUILDS, describeBuild, KERNELS, randomise } from '../kernels/fixtures.ts'

const SYMBOLS = 9

function openSymbols(kernel: Kernel, options: Partial<SymbolNetworkOptions> = {}): SymbolNetwork {
  const defaults: SymbolNetworkOptions = {
    cell: 'gru',
    hidden: 6,
    layers: 2,
    normalise: true,
    symbols: SYMBOLS,
    learningRate: 4e-3,
    window: 8,
    runsMax: 4,
    warmupMax: 3,
    seed: 1,
  }
  return new SymbolNetwork({ ...defaults, ...options }, kernel)
}

/** The whole state, bit by bit. */
function bitsOf(network: SymbolNetwork): number[][] {
  return Object.values(network.stateArrays()).map((a) => [...new Uint8Array(a.slice().buffer)])
}

/** Random runs over the first `symbols` symbols, all losses learnt. */
function randomRuns(random: Random, runs: readonly (readonly [number, number])[], symbols = 6) {
  const batch = new SymbolBatch({ runsMax: 4, stepsMax: 11 })
  for (const [warmup, steps] of runs) {
    const run = batch.add(warmup, steps)
    for (let s = 0; s <= steps; s++) {
      batch.symbols[batch.symbolsAt(run, s)] = Math.floor(random.uniform() * symbols)
    }
    batch.mask.fill(1, batch.maskAt(run, warmup), batch.maskAt(run, steps))
  }
  return batch
}

/** Symbols one by one and an update after each few, all from the seed; what it predicted last. */
function live(network: SymbolNetwork, seed: number, rounds = 3): Float64Array {
  const random = new Random(seed)
  const state = new Float32Array(network.stateSize)
  const out = new Float64Array(SYMBOLS)
  for (let r = 0; r < rounds; r++) {
    for (let i = 0; i < 5; i++) {
      const symbol = Math.floor(random.uniform() * 7)
      network.distribution(state, 0, out)
      network.learnOutput(state, 0, out, symbol)
      network.advance(state, 0, symbol)
    }
    const states = randomise(new Float32Array(2 * network.stateSize), random, 0.5)
    const runs = [
      [2, 9],
      [0, 5],
    ] as const
    network.accumulate(randomRuns(random, runs), states)
    network.finishUpdate()
  }
  network.distribution(state, 0, out)
  return out
}

interface Learning {
  readonly network: SymbolNetwork
  readonly text: string
  readonly symbols: number
}

/** Nats of the last 200 symbols of `text` over and over, an update every `window` steps. */
function lossOfRepetition({ network, text, symbols }: Learning): number {
  const { window } = network.options
  const out = new Float64Array(network.options.symbols)
  const state = new Float32Array(network.stateSize)
  const start = state.slice()
  const batch = new SymbolBatch({ runsMax: 1, stepsMax: window })
  const at = (i: number) => text.charCodeAt(i % text.length) - 97
  let sum = 0
  for (let i = 0; i < symbols; i++) {
    network.distribution(state, 0, out)
    if (i >= symbols - 200) sum -= Math.log(out[at(i)]!)
    network.learnOutput(state, 0, out, at(i))
    if (i > 0 && i % window === 0) {
      batch.clear()
      batch.add(0, window)
      for (let s = 0; s <= window; s++) batch.symbols[s] = at(i - window + s)
      batch.mask.fill(1)
      network.accumulate(batch, start)
      expect(network.finishUpdate().applied).toBe(true)
    }
    if (i % window === 0) start.set(state)
    network.advance(state, 0, at(i))
  }
  return sum / 200
}

const twoLayers = BUILDS.filter(({ layers }) => layers === 2)
const CASES = KERNELS.flatMap(({ name, open }) =>
  twoLayers.map((build) => [name, describeBuild(build), open, build] as const),
)

describe.each(CASES)('%s: %s', (_kernel, _build, kernel, build) => {
  test('learns a text that repeats itself to nearly no loss', () => {
    // After ab come c, d, e and f in turn: only who remembers what came before can tell.
    const options = {
      ...build,
      hidden: 24,
      window: 16,
      learningRate: 8e-3,
      tuning: { decayUpdates: 1e6 },
    }
    const network = openSymbols(kernel(), options)
    const loss = lossOfRepetition({ network, text: 'abcabdabeabf', symbols: 6000 })
    expect(loss).toBeLessThan(0.02)
  })

  test('the same seed and symbols give the same bits, and an other seed others', () => {
    const [a, b, c] = [1, 1, 2].map((seed) => openSymbols(kernel(), { ...build, seed }))
    expect(live(a!, 3)).toEqual(live(b!, 3))
    expect(bitsOf(a!)).toEqual(bitsOf(b!))
    live(c!, 3)
    expect(bitsOf(c!)).not.toEqual(bitsOf(a!))
  })

  test('its state is all there is: another network goes on from it with the same bits', () => {
    const a = openSymbols(kernel(), build)
    const b = openSymbols(kernel(), { ...build, seed: 99 })
    a.learningRate = 7e-3
    live(a, 4)
    const from = Object.entries(a.stateArrays())
    const to = new Map<string, Float32Array | Float64Array | Int32Array>(
      Object.entries(b.stateArrays()),
    )
    for (const [name, array] of from) to.get(name)?.set(array)
    b.stateWritten()
    expect(bitsOf(b)).toEqual(bitsOf(a))
    expect(live(a, 5)).toEqual(live(b, 5))
    expect(bitsOf(b)).toEqual(bitsOf(a))
    expect(b.learningRate).toBe(7e-3)
  })

  test('a batch of runs has the bits of one run after the other', () => {
    const [a, b] = [0, 1].map(() => openSymbols(kernel(), build))
    live(a!, 6)
    live(b!, 6)
    const runs = [
      [0, 8],
      [3, 10],
      [1, 4],
      [0, 1],
    ] as const
    const batch = randomRuns(new Random(7), runs)
    const S = a!.stateSize
    const states = randomise(new Float32Array(4 * S), new Random(8), 0.5)
    a!.accumulate(batch, states)
    runs.forEach((run, r) => {
      const one = randomRuns(new Random(7), [run])
      const at = batch.symbolsAt(r, 0)
      one.symbols.set(batch.symbols.subarray(at, at + run[1] + 1))
      b!.accumulate(one, states.subarray(r * S, (r + 1) * S))
    })
    expect({ ...a!.finishUpdate() }).toEqual({ ...b!.finishUpdate() })
    expect(bitsOf(a!)).toEqual(bitsOf(b!))
  })
})

describe.each(KERNELS)('$name', ({ open }) => {
  test('predicts all symbols alike at first, then has a column for each that it has seen', () => {
    const network = openSymbols(open())
    const out = new Float64Array(SYMBOLS)
    const state = randomise(new Float32Array(network.stateSize), new Random(9), 0.5)
    network.distribution(state, 0, out)
    for (const p of out) expect(p).toBeCloseTo(1 / SYMBOLS, 7)
    for (const symbol of [4, 2, 4, 4, 7, 2]) {
      network.distribution(state, 0, out)
      expect(out.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5)
      network.learnOutput(state, 0, out, symbol)
      network.advance(state, 0, symbol)
    }
    expect([...network.stateArrays().columns]).toEqual([0, 0, 2, 0, 1, 0, 0, 3, 0])
    network.distribution(state, 0, out)
    // What was never seen shares one probability, which has been learnt too.
    expect(new Set([0, 1, 3, 5, 6, 8].map((v) => out[v])).size).toBe(1)
    expect(out[4]).toBeGreaterThan(out[0]!)
  })

  test('gives all its probability to the symbols when none is left to appear', () => {
    const network = openSymbols(open())
    const out = new Float64Array(SYMBOLS)
    const state = new Float32Array(network.stateSize)
    for (let i = 0; i < 5 * SYMBOLS; i++) {
      network.distribution(state, 0, out)
      expect(out.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5)
      network.learnOutput(state, 0, out, i % SYMBOLS)
      network.advance(state, 0, i % SYMBOLS)
    }
    expect(Math.min(...out)).toBeGreaterThan(0)
  })

  test('no symbol gets nothing, however sure the network is', () => {
    const network = openSymbols(open(), { tuning: { floor: 1e-6 } })
    const state = new Float32Array(network.stateSize)
    const out = new Float64Array(SYMBOLS)
    live(network, 10)
    const { parameters } = network.stateArrays()
    parameters[parameters.length - SYMBOLS] = 1e4
    network.stateWritten()
    network.distribution(state, 0, out)
    expect(Math.min(...out)).toBeCloseTo(1e-6, 9)
    expect(out.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5)
  })

  test('drops a gradient that is not finite, and goes on', () => {
    const network = openSymbols(open())
    live(network, 11)
    const before = bitsOf(network)
    const states = new Float32Array(network.stateSize).fill(NaN)
    network.accumulate(randomRuns(new Random(12), [[0, 8]]), states)
    expect(network.finishUpdate()).toMatchObject({ applied: false, losses: 8 })
    expect(bitsOf(network)).toEqual(before)
    expect(network.updatesObserved.refused).toBe(1)
    network.accumulate(randomRuns(new Random(13), [[0, 8]]), states.fill(0))
    expect(network.finishUpdate()).toMatchObject({ applied: true, losses: 8 })
    expect(network.stateArrays().parameters.every(Number.isFinite)).toBe(true)
  })

  test('an update without a loss changes nothing', () => {
    const network = openSymbols(open())
    live(network, 14)
    const before = bitsOf(network)
    expect(network.finishUpdate()).toMatchObject({ applied: false, losses: 0, loss: 0 })
    const batch = randomRuns(new Random(15), [[0, 8]])
    batch.mask.fill(0)
    network.accumulate(batch, new Float32Array(network.stateSize))
    expect(network.finishUpdate().applied).toBe(false)
    expect(bitsOf(network)).toEqual(before)
  })

  test('clips the mean gradient by its norm', () => {
    const [whole, clipped] = [1e9, 1e-3].map((clipNorm) =>
      openSymbols(open(), { tuning: { clipNorm, epsilon: 1 } }),
    )
    const change = (network: SymbolNetwork) => {
      const random = new Random(17)
      const states = randomise(new Float32Array(network.stateSize), random, 0.5)
      const { parameters, columns } = network.stateArrays()
      randomise(parameters, random, 0.5)
      columns.set([1, 2, 3, 4, 5, 6])
      network.stateWritten()
      const before = parameters.slice()
      network.accumulate(randomRuns(random, [[0, 8]]), states)
      const report = { ...network.finishUpdate() }
      const after = network.stateArrays().parameters
      const size = Math.sqrt(after.reduce((sum, p, i) => sum + (p - before[i]!) ** 2, 0))
      return { report, size }
    }
    const a = change(whole!)
    const b = change(clipped!)
    expect(a.report.clipped).toBe(false)
    expect(b.report.clipped).toBe(true)
    expect(b.report.gradientNorm).toBe(a.report.gradientNorm)
    // With so large an ε a step of Adam is about as long as its gradient.
    expect(b.size / a.size).toBeLessThan((3 * 1e-3) / a.report.gradientNorm)
  })

  test('refuses runs that it was not opened for', () => {
    const network = openSymbols(open())
    const states = new Float32Array(4 * network.stateSize)
    const long = randomRuns(new Random(18), [[0, 9]])
    expect(() => network.accumulate(long, states)).toThrow(AssertionError)
    const warm = randomRuns(new Random(18), [[4, 9]])
    expect(() => network.accumulate(warm, states)).toThrow(AssertionError)
  })
})
