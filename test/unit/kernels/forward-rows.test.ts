import { describe, expect, test } from 'vitest'
import { openKernel } from '../../../src/kernels/index.ts'
import { Random } from '../../../src/random.ts'
import { stateSize } from '../../../src/rnn/index.ts'
import { describeBuild, openRandom, randomise, SPECS } from './fixtures.ts'
import { bitsOf } from './shapes.ts'

const ROWS = 21
/** What lies before a state in the memory that it shares with others. */
const BEFORE = 5
const SHIFT = 2

describe.each(['wasm', 'reference'] as const)('forwardRows of the %s kernel', (name) => {
  test.each(SPECS.map((spec) => [describeBuild(spec), spec] as const))(
    'is forward for rows whose states lie apart, and from zeros: %s',
    (_, spec) => {
      const random = new Random(3)
      const limits = { window: 4, runsMax: 16, warmupMax: 2, huberDelta: 1 }
      const network = openRandom(openKernel(name), spec, limits, random)
      const size = stateSize(spec)
      const inputs = randomise(new Float32Array(ROWS * spec.inputs), random)
      const together = randomise(new Float32Array(ROWS * size), random, 0.3)
      // Two rows share memory; each state stands a little further back than the row before.
      const homes = Array.from({ length: ROWS }, () => new Float32Array(BEFORE + ROWS + 2 * size))
      const states = homes.map((_, row) => homes[row >> 1]!)
      const statesAt = Int32Array.from(states, (_, row) => BEFORE - SHIFT + (row & 1) * size)
      for (let row = 0; row < ROWS; row++) {
        states[row]!.set(together.subarray(row * size, (row + 1) * size), statesAt[row]! + SHIFT)
      }
      const truth = new Float64Array(ROWS * spec.outputs)
      const zeros = new Float32Array(ROWS * size)
      const fromZeros = new Float64Array(ROWS * spec.outputs)
      network.forward(ROWS, inputs, 0, together, 0, truth, 0)
      network.forward(ROWS, inputs, 0, zeros, 0, fromZeros, 0)
      const outputs = new Float64Array(truth.length)
      const fresh = new Float64Array(truth.length)
      network.forwardRows(ROWS, { inputs, states, statesAt }, SHIFT, outputs, fresh)
      expect(bitsOf(outputs)).toBe(bitsOf(truth))
      expect(bitsOf(fresh)).toBe(bitsOf(fromZeros))
      for (let row = 0; row < ROWS; row++) {
        const from = statesAt[row]! + SHIFT
        const after = states[row]!.slice(from, from + size)
        expect(bitsOf(after)).toBe(bitsOf(together.slice(row * size, (row + 1) * size)))
      }
      // The rows have left the memory beside their states alone.
      for (const home of new Set(states)) expect(home.subarray(0, BEFORE).some(Boolean)).toBe(false)
      expect(bitsOf(fresh)).not.toBe(bitsOf(outputs))
    },
  )
})
