import fc from 'fast-check'
import { expect, it } from 'vitest'
import { DueQueue } from '../../../src/record/due-queue.ts'

it('hands out what is due, the earliest first, equals in the order they came', () => {
  const step = fc.oneof(
    fc.record({ due: fc.integer({ min: 0, max: 20 }) }),
    fc.record({ now: fc.integer({ min: 0, max: 20 }) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new DueQueue<number>()
      const waiting: { due: number; item: number }[] = []
      for (const [item, one] of steps.entries()) {
        if ('due' in one) {
          queue.add(one.due, item)
          waiting.push({ due: one.due, item })
        } else {
          // The sort is stable.
          const [first] = waiting.toSorted((a, b) => a.due - b.due)
          const expected = first !== undefined && first.due <= one.now ? first.item : undefined
          expect(queue.takeUntil(one.now)).toBe(expected)
          if (expected !== undefined) waiting.splice(waiting.indexOf(first as never), 1)
        }
        expect(queue.size).toBe(waiting.length)
      }
    }),
  )
})
