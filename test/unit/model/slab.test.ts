import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AssertionError } from '../../../src/assert.ts'
import { Slab } from '../../../src/model/slab.ts'

const shapes = fc.record({
  float64: fc.nat({ max: 3 }),
  float32: fc.nat({ max: 3 }),
  int16: fc.nat({ max: 5 }),
  bytes: fc.integer({ min: 1, max: 9 }),
})

describe('Slab', () => {
  test('slots are their own, zero when opened, and no more than were ever open at once', () => {
    const actions = fc.array(fc.nat({ max: 1000 }), { maxLength: 400 })
    const property = fc.property(shapes, actions, (shape, choices) => {
      const slab = new Slab(shape)
      const { float64, float32, int16, bytes } = shape
      const views = (slot: number) => {
        const chunk = slab.chunkOf(slot)
        const [a, b, c, d] = [
          slab.float64At(slot),
          slab.float32At(slot),
          slab.int16At(slot),
          slab.bytesAt(slot),
        ]
        return [
          chunk.float64.subarray(a, a + float64),
          chunk.float32.subarray(b, b + float32),
          chunk.int16.subarray(c, c + int16),
          chunk.bytes.subarray(d, d + bytes),
        ]
      }
      const sizes = [float64, float32, int16, bytes]
      const wordsOf = (slot: number) => {
        const at = slab.wordsAt(slot)
        return slab.chunkOf(slot).words.subarray(at, at + slab.slotBytes / 4)
      }
      const open = new Map<number, number>()
      let most = 0
      choices.forEach((choice, i) => {
        if (choice % 3 === 0 && open.size > 0) {
          const slot = [...open.keys()][choice % open.size]!
          slab.release(slot)
          open.delete(slot)
        } else {
          const slot = slab.open()
          expect(open.has(slot)).toBe(false)
          expect(wordsOf(slot).every((word) => word === 0)).toBe(true)
          const mark = 1 + (i % 100)
          for (const view of views(slot)) view.fill(mark)
          open.set(slot, mark)
        }
        most = Math.max(most, open.size)
        expect(slab.size).toBe(open.size)
      })
      expect(slab.capacity).toBeLessThan(most + 64)
      for (const [slot, mark] of open) {
        views(slot).forEach((view, v) => {
          expect([...view]).toEqual(new Array(sizes[v]!).fill(mark))
        })
      }
    })
    fc.assert(property, { numRuns: 200 })
  })

  test('the words of a slot are all of its bytes and no others', () => {
    const slab = new Slab({ float64: 1, float32: 1, int16: 1, bytes: 1 })
    expect(slab.slotBytes).toBe(16)
    const slots = Array.from({ length: 200 }, () => slab.open())
    for (const slot of slots) {
      const at = slab.wordsAt(slot)
      slab.chunkOf(slot).words.fill(slot + 1, at, at + 4)
    }
    for (const slot of slots) {
      const words = Uint32Array.of(slot + 1, slot + 1)
      expect(slab.chunkOf(slot).float64[slab.float64At(slot)]).toBe(
        new Float64Array(words.buffer)[0],
      )
    }
  })

  test('slots of any size have places of their own, and only small ones share a chunk', () => {
    for (const [float32, chunkSlots] of [
      [2 ** 10, 64],
      [2 ** 16, 64],
      [2 ** 17, 32],
      [2 ** 23, 1],
      [2 ** 24, 1],
    ] as const) {
      const slab = new Slab({ float64: 1, float32: float32 - 2, int16: 0, bytes: 0 })
      const slots = [slab.open(), slab.open()]
      expect(slab.capacity).toBe(chunkSlots * Math.ceil(2 / chunkSlots))
      slots.forEach((slot, i) => {
        slab.chunkOf(slot).float32[slab.float32At(slot)] = i + 1
      })
      const found = slots.map((slot) => slab.chunkOf(slot).float32[slab.float32At(slot)])
      expect(found).toEqual([1, 2])
      for (let slot = 0; slot < 200; slot++) {
        expect(slab.float32At(slot)).toBe(2 + (slot % chunkSlots) * float32)
      }
    }
  })

  test('a slot that is not in use is not released', () => {
    const slab = new Slab({ float64: 1, float32: 0, int16: 0, bytes: 0 })
    expect(() => slab.release(0)).toThrow(AssertionError)
    slab.release(slab.open())
    expect(() => slab.release(0)).toThrow(AssertionError)
  })
})
