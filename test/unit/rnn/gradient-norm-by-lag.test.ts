import { describe, expect, test } from 'vitest'
import { Random } from '../../../src/random.ts'
import {
  BUILDS,
  describeBuild,
  inputOf,
  KERNELS,
  lossesOf,
  openNetwork,
  PlainNetwork,
  randomBatch,
  randomise,
  randomStates,
  relativeError,
} from '../kernels/fixtures.ts'

const WINDOW = 8
const WARMUP = 2
const STEPS = 8

const CASES = KERNELS.flatMap((kernel) =>
  BUILDS.map((build) => [kernel.name, describeBuild(build), kernel, build] as const),
)

describe.each(CASES)('%s: %s layers', (_kernel, _build, { open, byLag }, build) => {
  const spec = { ...build, inputs: 3, hidden: 4, outputs: 2 }
  const random = new Random(41)
  const network = openNetwork(spec, { window: WINDOW }, open())
  randomise(network.parameters, random, 0.5)
  network.stateWritten()
  const batch = randomBatch(
    spec,
    [
      [1, 4],
      [WARMUP, STEPS],
    ],
    random,
  )
  const states = randomStates(spec, 2, random)
  const last = STEPS - 1
  const S = network.stateSize

  test('is the norm of the central difference over the state k steps back', () => {
    batch.mask.fill(1, batch.targetsAt(1, last), batch.targetsAt(1, last + 1))
    const out = new Float64Array(WINDOW)
    network.gradientNormByLag(batch, 1, states, out)
    const plain = new PlainNetwork(spec, network.parameters, false)
    const lossFrom = (step: number, values: readonly number[]) => {
      const state = plain.startState(values)
      let losses = lossesOf(batch, 1, last, plain.step(state, inputOf(spec, batch, 1, step)))
      for (let s = step + 1; s <= last; s++) {
        losses = lossesOf(batch, 1, last, plain.step(state, inputOf(spec, batch, 1, s)))
      }
      return losses.reduce((sum, { value }) => sum + value, 0)
    }
    const state = plain.startState(states.subarray(S))
    for (let s = 0; s < last; s++) {
      plain.step(state, inputOf(spec, batch, 1, s))
      if (s < WARMUP) continue
      const values = state.map(({ value }) => value)
      const squares = values.map((v, i) => {
        const moved = (d: number) => lossFrom(s + 1, values.with(i, v + d))
        return ((moved(1e-5) - moved(-1e-5)) / 2e-5) ** 2
      })
      const norm = Math.sqrt(squares.reduce((sum, q) => sum + q, 0))
      expect(relativeError([out[last - s]!], [norm])).toBeLessThan(byLag)
    }
    expect(out[0]).toBeGreaterThan(0)
    expect([...out.subarray(STEPS - WARMUP)]).toEqual([0, 0])
  })

  test('is zero at every lag while the last step has no target', () => {
    batch.mask.fill(0, batch.targetsAt(1, last), batch.targetsAt(1, last + 1))
    const out = new Float64Array(WINDOW).fill(7)
    network.gradientNormByLag(batch, 1, states, out)
    expect(out).toEqual(new Float64Array(WINDOW))
  })
})
