import { describe, expect, test } from 'vitest'
import { Layout } from '../../../src/model/layout.ts'
import { CLIP, clip, Scaler } from '../../../src/model/scaler.ts'
import { Random } from '../../../src/random.ts'

function open(count = 2): { scaler: Scaler; core: Float64Array } {
  const layout = new Layout()
  layout.claim(5)
  const scaler = new Scaler(layout, count)
  return { scaler, core: new Float64Array(layout.size) }
}

describe('Scaler', () => {
  test('is the plain mean and population variance while young', () => {
    const { scaler, core } = open()
    const random = new Random(1)
    const values = Array.from({ length: 900 }, () => 100 + 7 * random.normal())
    for (const value of values) scaler.update(core, 1, value)
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
    expect(scaler.mean(core, 1)).toBeCloseTo(mean, 9)
    expect(scaler.scale(core, 1)).toBeCloseTo(Math.sqrt(variance), 9)
  })

  test('forgets with a memory of 1,000 values later', () => {
    const { scaler, core } = open()
    for (let i = 0; i < 5000; i++) scaler.update(core, 0, i % 2 === 0 ? -1 : 1)
    const before = scaler.mean(core, 0)
    for (let i = 0; i < 1000; i++) scaler.update(core, 0, 5)
    expect(scaler.mean(core, 0)).toBeCloseTo(5 - (5 - before) * 0.999 ** 1000, 9)
  })

  test('is moved by one wild value as by one thirty scales away, by all if they stay there', () => {
    const { scaler, core } = open()
    for (let i = 0; i < 3000; i++) scaler.update(core, 0, i % 2 === 0 ? 99 : 101)
    scaler.update(core, 0, 1e15)
    expect(scaler.mean(core, 0)).toBeCloseTo(100.03, 1)
    expect(scaler.scale(core, 0)).toBeLessThan(1.5)
    for (let i = 0; i < 200; i++) scaler.update(core, 0, 1e6)
    expect(scaler.scale(core, 0)).toBeGreaterThan(1e5)
  })

  test('keeps its quantities apart and knows which has been seen', () => {
    const { scaler, core } = open()
    scaler.update(core, 1, 5)
    expect([scaler.seen(core, 0), scaler.seen(core, 1)]).toEqual([false, true])
    expect([scaler.mean(core, 0), scaler.mean(core, 1)]).toEqual([0, 5])
    expect([...core.subarray(0, 5)]).toEqual([0, 0, 0, 0, 0])
  })

  test('has the size of a first value for its scale, so that the second is nothing wild', () => {
    const { scaler, core } = open()
    scaler.update(core, 0, -500)
    expect(scaler.scale(core, 0)).toBeCloseTo(500, 3)
    scaler.update(core, 0, -502)
    expect(scaler.scale(core, 0)).toBeCloseTo(1, 9)
  })

  test('has the root mean square about zero, so that a steady climb has a size', () => {
    const { scaler, core } = open()
    expect(scaler.rootMeanSquare(core, 0)).toBe(1e-12)
    for (let i = 0; i < 200; i++) scaler.update(core, 0, 3)
    expect(scaler.scale(core, 0)).toBeLessThan(1e-5)
    expect(scaler.rootMeanSquare(core, 0)).toBeCloseTo(3, 9)
    for (let i = 0; i < 200; i++) scaler.update(core, 1, i % 2 === 0 ? 3 : -4)
    expect(scaler.rootMeanSquare(core, 1)).toBeCloseTo(Math.sqrt((9 + 16) / 2), 9)
  })

  test('never gives a scale of zero, nor one that is not finite', () => {
    const { scaler, core } = open()
    expect(scaler.scale(core, 0)).toBe(1e-12)
    for (let i = 0; i < 100; i++) scaler.update(core, 0, 1e15)
    expect(scaler.scale(core, 0)).toBeCloseTo(1e9, -3)
    for (let i = 0; i < 3000; i++) scaler.update(core, 0, i % 2 === 0 ? 1e15 : -1e15)
    expect(scaler.scale(core, 0)).toBeGreaterThan(9e14)
    expect(scaler.scale(core, 0)).toBeLessThan(1.1e15)
  })
})

test('clip holds a standardised value within ± 8 and leaves the others as they are', () => {
  expect([-1e300, -8, -7.5, 0, 7.5, 8, 1e300].map(clip)).toEqual([-CLIP, -8, -7.5, 0, 7.5, 8, CLIP])
})
