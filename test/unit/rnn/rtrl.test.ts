import { expect, test } from 'vitest'
import { Random } from '../../../src/random.ts'
import {
  BUILDS,
  describeBuild,
  HUBER_DELTA,
  inputOf,
  KERNELS,
  lossesOf,
  openRandom,
  PlainNetwork,
  randomBatch,
  randomStates,
  relativeError,
  slopeSum,
} from '../kernels/fixtures.ts'

const T = 30
const LIMITS = { window: T, runsMax: 16, warmupMax: 16, huberDelta: HUBER_DELTA }

// Real-time recurrent learning (Williams & Zipser 1989) carries ∂H/∂θ forward with the state and so
// needs no window at all: with a window as long as the sequence, BPTT must find the same gradient.
const CASES = KERNELS.flatMap((kernel) =>
  BUILDS.map((build) => [kernel.name, describeBuild(build), kernel, build] as const),
)

test.each(CASES)(
  '%s: a window as long as the sequence gives the gradient of RTRL: %s layers, H = 4',
  (_kernel, _build, { open, longGradient }, build) => {
    const spec = { ...build, inputs: 2, hidden: 4, outputs: 2 }
    const random = new Random(31)
    const kernel = openRandom(open(), spec, LIMITS, random, 0.4)
    const batch = randomBatch(spec, [[0, T]], random, 0.5)
    const start = randomStates(spec, 1, random)

    const network = new PlainNetwork(spec, kernel.parameters, true)
    const sensitive = network.startState(start)
    const rtrl = new Float64Array(kernel.parameters.length)
    for (let t = 0; t < T; t++) {
      const outputs = network.step(sensitive, inputOf(spec, batch, 0, t))
      const losses = lossesOf(batch, 0, t, outputs)
      slopeSum(losses, rtrl.length).forEach((g, i) => {
        rtrl[i]! += g
      })
    }
    kernel.accumulate(batch, start)
    expect(relativeError(kernel.gradient, rtrl)).toBeLessThan(longGradient)
  },
)
