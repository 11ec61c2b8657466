import { describe, expect, test } from 'vitest'
import { exp } from '../../../../src/kernels/transcendental.ts'
import { Random } from '../../../../src/random.ts'
import { driverOf, mean, supervised } from './support/driver.ts'

/**
 * Errors of the mixture and of its first member, the mean, in units of each key's own size, over
 * the later two thirds of keys that take turns, forty records each or four.
 */
function errorsOf(keys: number, spread: number): { mixture: number; mean: number } {
  const driver = driverOf(supervised({ inputs: ['x', 'z'], categorical: ['c'] }))
  const random = new Random(5)
  const sizes = Array.from({ length: keys }, () => exp(spread * random.normal()))
  const levels = Array.from({ length: keys }, () => spread * random.normal())
  const mixture: number[] = []
  const means: number[] = []
  for (let t = 0; t < 4000; t++) {
    const k = random.uint32() % keys
    const [x, z] = [random.normal(), random.normal()]
    const c = random.uint32() % 4
    const size = sizes[k] as number
    const noise = 0.3 * random.normal()
    const y = size * ((levels[k] as number) + x - 0.5 * z + (c === 1 ? 1.5 : 0) + noise)
    driver.step({ sequence: `${k}`, inputs: [x, z], categories: [`${c}`], values: [y] })
    if (t < 1333) continue
    const { scored } = driver.model
    mixture.push(Math.abs((scored.mixture[0] as number) - y) / size)
    means.push(Math.abs((scored.members[0] as number) - y) / size)
  }
  return { mixture: mean(mixture), mean: mean(means) }
}

describe('many keys', () => {
  test('of very different sizes are each predicted in their own', () => {
    const { mixture, mean: naive } = errorsOf(100, 2)
    expect(mixture).toBeLessThan(0.6 * naive)
  })

  test('that are alike share what they know, however few records each has', () => {
    const { mixture, mean: naive } = errorsOf(1000, 0)
    // The noise alone is 0.24.
    expect(mixture).toBeLessThan(0.3)
    expect(naive).toBeGreaterThan(0.9)
  })
})
