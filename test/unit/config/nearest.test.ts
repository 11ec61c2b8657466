import { expect, test } from 'vitest'
import { editDistance, nearestName } from '../../../src/config/nearest.ts'

test('the distance counts insertions, deletions, replacements and swaps', () => {
  expect(editDistance('', 'abc')).toBe(3)
  expect(editDistance('abc', 'abc')).toBe(0)
  expect(editDistance('abc', 'axc')).toBe(1)
  expect(editDistance('abc', 'acb')).toBe(1)
  expect(editDistance('kitten', 'sitting')).toBe(3)
})

test('the nearest name is found in spite of case and hyphens, none where nothing is near', () => {
  const known = ['updateEvery', 'hidden', 'window', 'seed']
  expect(nearestName('update_every', known)).toBe('updateEvery')
  expect(nearestName('Hiden', known)).toBe('hidden')
  expect(nearestName('sede', known)).toBe('seed')
  expect(nearestName('portfolio', known)).toBeUndefined()
  expect(nearestName('x'.repeat(1_000_000), known)).toBeUndefined()
})
