import { describe, expect, test } from 'vitest'
import {
  bitHistories,
  HISTORY_BITS,
} from '../../../../../src/model/symbols/contexts/bit-history.ts'

describe('bitHistories', () => {
  const { count, next, prior } = bitHistories()
  const reached = (bits: string) => [...bits].reduce((state, bit) => next[2 * state + +bit]!, 0)

  test('are closed, fit a node and never lead back to having seen nothing', () => {
    expect(count).toBeLessThanOrEqual(2 ** HISTORY_BITS)
    expect(next.length).toBe(2 * count)
    for (const follower of next) {
      expect(follower).toBeGreaterThan(0)
      expect(follower).toBeLessThan(count)
    }
  })

  test('treat zeros and ones alike', () => {
    for (const bits of ['0', '01', '0001', '0110111', '1111111110']) {
      const other = [...bits].map((bit) => 1 - +bit).join('')
      expect(prior[reached(bits)]! + prior[reached(other)]!).toBeCloseTo(1, 12)
    }
  })

  test('grow surer with a run and less so by what contradicts it', () => {
    const runs = [1, 2, 5, 20, 40].map((length) => prior[reached('1'.repeat(length))]!)
    expect(runs).toEqual(runs.toSorted())
    expect(runs[4]).toBeGreaterThan(0.98)
    const broken = prior[reached(`${'1'.repeat(40)}0`)]!
    expect(broken).toBeLessThan(0.95)
    expect(broken).toBeGreaterThan(0.5)
    expect(prior[reached(`${'1'.repeat(40)}0000`)]!).toBeLessThan(broken)
  })

  test('tell the last two bits apart', () => {
    expect(reached('0011')).not.toBe(reached('1100'))
    expect(reached('01')).not.toBe(reached('10'))
  })
})
