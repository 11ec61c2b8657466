import { expect, test } from 'vitest'
import { DeadLetters } from '../../../../src/task/page/dead-letters.ts'

const note = (offset: number) => {
  return { offset: BigInt(offset), code: 'HEADRACE_X', message: `no ${offset}`, timestampMs: 1 }
}

test('the newest 20 come first, each record once, though it is refused twice', () => {
  const letters = new DeadLetters()
  for (const offset of [1, 2, 3]) letters.add(0, note(offset))
  // Its transaction has failed: it comes again, and of several not all are told of again.
  for (const offset of [1, 2]) letters.add(0, note(offset))
  letters.add(1, note(2))
  const places = () => letters.recent.map(({ partition, offset }) => `${partition}:${offset}`)
  expect(places()).toEqual(['1:2', '0:3', '0:2', '0:1'])
  for (let offset = 4; offset < 30; offset++) letters.add(0, note(offset))
  expect(letters.recent).toHaveLength(20)
  expect(places()[0]).toBe('0:29')
})
