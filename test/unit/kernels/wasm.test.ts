import fc from 'fast-check'
import { describe, test } from 'vitest'
import { openKernel } from '../../../src/kernels/index.ts'
import { AgainstReference, WIDE } from './against-reference.ts'
import { anyShape } from './shapes.ts'

/**
 * Against doubles. ε is 6e−8; a gate sums up to some hundred terms, a gradient some thousand, over
 * up to thirty steps in turn: 3e−6 is the most that was seen, and a wrong term costs 1e−2 and more.
 */
const ERROR = 1e-5
/** The normaliser of a narrow layer takes nearly equal numbers from each other. */
const NORMALISED_ERROR = 3e-5

const against = new AgainstReference({
  open: () => openKernel('wasm'),
  error: ERROR,
  normalisedError: NORMALISED_ERROR,
})

test.each(against.checks)('%s are those of the reference on any shape', (_name, check) => {
  fc.assert(fc.property(anyShape, check), { seed: 40, numRuns: 40 })
})

describe.each(WIDE.map((shape) => [JSON.stringify(shape.spec), shape] as const))(
  '%s',
  (_name, shape) => {
    test.each(against.checks)('%s', (_check, check) => {
      check(shape)
    })
  },
)

test('the norm of a gradient is found where its squares are beyond single precision', () => {
  against.checkLargeNorm()
})
