import { expect, test } from 'vitest'
import { Restarts } from '../../../src/kafka/restarts.ts'

test('waits double up to ten seconds with jitter, and come to an end after six minutes', () => {
  const restarts = new Restarts()
  let totalMs = 0
  for (let attempt = 1; attempt <= 48; attempt++) {
    const next = restarts.next(totalMs)
    const fullMs = Math.min(10_000, 100 * 2 ** (attempt - 1))
    expect(next?.attempt).toBe(attempt)
    expect(next?.waitMs).toBeGreaterThanOrEqual(fullMs / 2)
    expect(next?.waitMs).toBeLessThanOrEqual(fullMs)
    totalMs += fullMs
  }
  expect(totalMs).toBeGreaterThan(6 * 60_000)
  expect(restarts.next(totalMs)).toBeNull()
})

test('a join that lasted begins the count anew, one that did not goes on', () => {
  const restarts = new Restarts()
  expect(restarts.next(0)?.attempt).toBe(1)
  restarts.joined(1_000)
  expect(restarts.next(30_000)?.attempt).toBe(2)
  restarts.joined(40_000)
  expect(restarts.next(100_000)?.attempt).toBe(1)
  expect(restarts.next(200_000)?.attempt).toBe(2)
})
