import { expect, test } from 'vitest'
import { ringIndex } from '../../../src/model/ring.ts'

test('a ring goes on beyond 32 bits of steps without a gap', () => {
  for (const from of [0, 2 ** 31 - 5, 2 ** 32 - 5, 2 ** 40]) {
    for (const size of [1, 2, 17, 41, 677]) {
      for (let step = from; step < from + 10; step++) {
        expect(ringIndex(step, size)).toBe(Number(BigInt(step) % BigInt(size)))
      }
    }
  }
})
