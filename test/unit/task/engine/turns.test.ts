import { expect, test } from 'vitest'
import { Random } from '../../../../src/random.ts'
import { Turns } from '../../../../src/task/engine/turns.ts'
import { backoffMs, sleep, systemScheduler } from '../../../../src/task/scheduler.ts'
import { VirtualTime } from '../support/virtual-time.ts'

test('one slice a turn, round robin, and something else comes between two slices', async () => {
  const time = new VirtualTime()
  const turns = new Turns(time, time, 10)
  const log: string[] = []
  const worker = (name: string, slices: number) => ({
    runSlice(deadlineMs: number) {
      expect(deadlineMs).toBeGreaterThan(0)
      log.push(name)
      time.immediate(() => log.push('other'))
      slices--
      return slices > 0
    },
  })
  const [a, b] = [worker('a', 3), worker('b', 2)]
  turns.request(a)
  turns.request(b)
  turns.request(a)
  await time.until('all slices', () => log.filter((name) => name !== 'other').length === 5)
  expect(log.filter((name) => name !== 'other')).toEqual(['a', 'b', 'a', 'b', 'a'])
  for (let i = 1; i < log.length; i++) {
    if (log[i] !== 'other') expect(log.slice(0, i)).toContain('other')
  }
})

test('after a slice far beyond its share others get a tenth of what it took', async () => {
  const time = new VirtualTime()
  const turns = new Turns(time, time, 10)
  const beganMs: number[] = []
  const tookMs = [5, 500, 100, 5]
  turns.request({
    runSlice() {
      const nowMs = time.monotonicMs()
      beganMs.push(nowMs)
      time.advance(tookMs[beganMs.length - 1] ?? 0)
      return beganMs.length < tookMs.length
    },
  })
  await time.until('all slices', () => beganMs.length === tookMs.length)
  const restsMs = tookMs
    .slice(0, -1)
    .map((took, i) => (beganMs[i + 1] ?? 0) - (beganMs[i] ?? 0) - took)
  expect(restsMs[0]).toBeLessThan(2)
  expect(restsMs[1]).toBeGreaterThanOrEqual(50)
  expect(restsMs[1]).toBeLessThan(52)
  expect(restsMs[2]).toBeGreaterThanOrEqual(10)
  expect(restsMs[2]).toBeLessThan(12)
})

test('waits double up to their cap and lose up to a half at random', () => {
  const random = new Random(1)
  for (let attempt = 0; attempt < 40; attempt++) {
    const full = Math.min(1_000, 10 * 2 ** attempt)
    const waitMs = backoffMs(attempt, 10, 1_000, random)
    expect(waitMs).toBeGreaterThan(full / 2 - 1e-9)
    expect(waitMs).toBeLessThanOrEqual(full)
  }
})

test('the scheduler of the system waits, and a cancelled call never comes', async () => {
  let cancelled = true
  systemScheduler.after(1, () => {
    cancelled = false
  })()
  const beganMs = performance.now()
  await sleep(systemScheduler, 20)
  expect(performance.now() - beganMs).toBeGreaterThan(15)
  expect(cancelled).toBe(true)
})
