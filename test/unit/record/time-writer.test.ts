import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteWriter } from '../../../src/record/byte-writer.ts'
import { TimeWriter } from '../../../src/record/time-writer.ts'

const maxMs = 8.64e15
const dayMs = 86_400_000

const anyMs = fc.oneof(
  fc.integer({ min: -maxMs, max: maxMs }),
  fc.double({ min: -1e14, max: 1e14, noNaN: true }),
  // Days that share a place among those that are kept, and clocks that come again.
  fc
    .tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 2 }), fc.nat(3))
    .map(([days, sets, clock]) => (days + 16 * sets) * dayMs + clock * 25_199_991),
)

test('times are those of ECMAScript, in any order', () => {
  const times = new TimeWriter()
  const out = new ByteWriter()
  fc.assert(
    fc.property(fc.array(anyMs, { maxLength: 50 }), (values) => {
      for (const ms of values) {
        out.reset()
        times.write(out, ms)
        times.writeFrom(out, Float64Array.of(0, ms), 1)
        const text = `"${new Date(Math.floor(ms)).toISOString()}"`
        expect(out.view().toString()).toBe(text + text)
      }
    }),
  )
})

test.each([null, Number.NaN, maxMs + 2, -maxMs - 2, Number.POSITIVE_INFINITY])(
  '%d is none',
  (ms) => {
    const out = new ByteWriter()
    new TimeWriter().write(out, ms)
    expect(out.view().toString()).toBe('null')
  },
)
