import { describe, expect, test } from 'vitest'
import { Random } from '../../../src/random.ts'
import { stateSize, WindowBatch } from '../../../src/rnn/index.ts'
import {
  BUILDS,
  type Build,
  describeBuild,
  HUBER_DELTA,
  inputOf,
  KERNELS,
  type KernelCase,
  lossesOf,
  openRandom,
  PlainNetwork,
  randomBatch,
  randomStates,
  relativeError,
  slopeSum,
  valuesOf,
} from '../kernels/fixtures.ts'

const T = 23
const LIMITS = { window: T, runsMax: 16, warmupMax: 16, huberDelta: HUBER_DELTA }
const WINDOW = 7
const UPDATE_EVERY = 3
/** A state is stored at every fourth step, so that runs begin with warm-ups of 0 to 3 steps. */
const STORED_EVERY = 4

/** One long run: the sequence that all windows are cut from. Two targets at two horizons. */
function longRun({ open }: KernelCase, build: Build) {
  const spec = { ...build, inputs: 2, hidden: 4, outputs: 4 }
  const random = new Random(21)
  const kernel = openRandom(open(), spec, LIMITS, random)
  const sequence = randomBatch(spec, [[0, T]], random, 0.6)
  const start = randomStates(spec, 1, random)
  const plain = new PlainNetwork(spec, kernel.parameters, false)
  // states[t]: state before step t, in double precision.
  const state = plain.startState(start)
  const states: number[][] = []
  for (let t = 0; t < T; t++) {
    states.push(valuesOf(state))
    plain.step(state, inputOf(spec, sequence, 0, t))
  }
  return { spec, kernel, sequence, start, states }
}

const CASES = KERNELS.flatMap((kernel) =>
  BUILDS.map((build) => [kernel.name, describeBuild(build), kernel, build] as const),
)

describe.each(CASES)('%s: %s layers', (_kernel, _build, bounds, build) => {
  const { spec, kernel, sequence, start, states } = longRun(bounds, build)
  const dual = new PlainNetwork(spec, kernel.parameters, true)
  const count = kernel.parameters.length

  /** Derivatives of the losses at `step`, the state before step `from` being held fixed. */
  function truncated(from: number, step: number): Float64Array {
    const state = dual.startState(states[from]!)
    for (let t = from; t < step; t++) dual.step(state, inputOf(spec, sequence, 0, t))
    const outputs = dual.step(state, inputOf(spec, sequence, 0, step))
    return slopeSum(lossesOf(sequence, 0, step, outputs), count)
  }

  test('BPTT(h; h′) is the sum over losses of their truncated gradients', () => {
    const { inputs, outputs } = spec
    const runsMax = Math.ceil(T / UPDATE_EVERY)
    const stepsMax = WINDOW + STORED_EVERY
    const batch = new WindowBatch({ runsMax, stepsMax, inputs, outputs })
    const stored = new Float32Array(runsMax * stateSize(spec))
    const truth = new Float64Array(count)
    for (let end = T; end > 0; end -= UPDATE_EVERY) {
      // The newest h′ losses before `end` share the window of h steps before it.
      const from = Math.max(0, end - WINDOW)
      const at = from - (from % STORED_EVERY)
      const run = batch.add(from - at, end - at)
      stored.set(at === 0 ? start : states[at]!, run * stateSize(spec))
      for (let t = at; t < end; t++) {
        batch.inputs.set(inputOf(spec, sequence, 0, t), batch.inputsAt(run, t - at))
        for (let o = 0; o < outputs; o++) {
          const to = batch.targetsAt(run, t - at) + o
          batch.targets[to] = sequence.targets[t * outputs + o]!
          batch.mask[to] = t >= end - UPDATE_EVERY ? sequence.mask[t * outputs + o]! : 0
        }
      }
      for (let step = Math.max(0, end - UPDATE_EVERY); step < end; step++) {
        truncated(from, step).forEach((g, i) => {
          truth[i]! += g
        })
      }
    }
    kernel.clearGradient()
    kernel.accumulate(batch, stored)
    // Every loss once.
    expect(kernel.losses).toBe(sequence.mask.reduce((sum, m) => sum + m, 0))
    expect(relativeError(kernel.gradient, truth)).toBeLessThan(bounds.roundedStart)
  })

  test('truncation is real: the full gradient differs, and the full window gives it', () => {
    const full = new Float64Array(count)
    const cut = new Float64Array(count)
    for (let step = 0; step < T; step++) {
      truncated(0, step).forEach((g, i) => {
        full[i]! += g
      })
      truncated(Math.max(0, step - 2), step).forEach((g, i) => {
        cut[i]! += g
      })
    }
    kernel.clearGradient()
    kernel.accumulate(sequence, start)
    expect(relativeError(kernel.gradient, full)).toBeLessThan(bounds.gradient)
    expect(relativeError(cut, full)).toBeGreaterThan(1e-3)
  })
})
