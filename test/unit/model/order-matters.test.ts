import { expect, test } from 'vitest'
import { Random } from '../../../src/random.ts'
import { configOf, Driver } from './support/driver.ts'

/**
 * Two sentences of the same words in another order, each ending with a pause. A target comes after
 * it that tells which it was; while the words are read the target is missing, and when it is
 * predicted the input is the pause: nothing but the carried state knows.
 */
const SENTENCES = [
  { words: [-1, 1, 0], outcome: 1 },
  { words: [1, -1, 0], outcome: -1 },
]

test('order matters: “dog bites man” is told from “man bites dog”, by no order-blind mean', () => {
  const driver = new Driver(
    configOf({
      task: { targets: ['outcome'], inputs: ['word'], calendar: false },
      model: { hidden: 16, learningRates: [3e-3] },
    }),
  )
  const { model } = driver
  const { memberNames, scored } = model
  const random = new Random(3)
  const count = 6000
  const errors = new Map<string, number[]>(memberNames.map((name) => [name, []]))
  let blind = 0
  let scoredCount = 0
  for (let i = 0; i < count; i++) {
    const { words, outcome } = SENTENCES[random.uint32() & 1]!
    for (const word of words) driver.step({ values: [null, word] })
    driver.step({ values: [outcome, 0] })
    if (i < count / 2) continue
    scoredCount++
    memberNames.forEach((name, m) => {
      const error = Math.abs(scored.members[m]! - outcome)
      // A line that earns nothing rests most of the time.
      if (Number.isFinite(error)) errors.get(name)!.push(error)
    })
    // The mean of the words, in whatever order, is 0: so is what can be learnt from it.
    const mean = words.reduce((sum, word) => sum + word, 0) / words.length
    blind += Math.abs(mean - outcome)
  }
  const error = (name: string) => {
    const list = errors.get(name)!
    expect(list.length).toBeGreaterThan(500)
    return list.reduce((sum, value) => sum + value, 0) / list.length
  }
  expect(blind / scoredCount).toBe(1)
  expect(error('network:3e-3')).toBeLessThan(0.15)
  expect(error('network:3e-3:rls')).toBeLessThan(0.15)
  for (const orderBlind of ['persistence', 'rls:linear', 'network:no-carry']) {
    expect(error(orderBlind)).toBeGreaterThan(0.9)
  }
})
