import fc from 'fast-check'
import { describe, test } from 'vitest'
import { openKernel } from '../../../src/kernels/index.ts'
import { AgainstReference, WIDE } from '../../unit/kernels/against-reference.ts'
import { anyShape } from '../../unit/kernels/shapes.ts'

/** See the same of wasm: this one sums in single precision too, in another order. */
const against = new AgainstReference({
  open: () => openKernel('tensorflow'),
  error: 1e-4,
  normalisedError: 1e-4,
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
