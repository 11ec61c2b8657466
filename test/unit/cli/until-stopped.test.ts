import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { untilStopped } from '../../../src/cli/until-stopped.ts'

const never = new Promise<never>(() => {})

test('what ends by itself is as it ends, and leaves no listener behind', async () => {
  const { signal } = new AbortController()
  expect(await untilStopped(Promise.resolve(7), signal, 0)).toBe(7)
  await expect(untilStopped(Promise.reject(new Error('no')), signal, 0)).rejects.toThrow('no')
  expect(getEventListeners(signal, 'abort')).toHaveLength(0)
})

test('behind the signal it has its grace, and no more', async () => {
  const controller = new AbortController()
  const { promise, resolve } = Promise.withResolvers<string>()
  const inTime = untilStopped(promise, controller.signal, 60_000)
  const late = untilStopped(never, controller.signal, 1)
  controller.abort()
  expect(await late).toBe('stopped')
  resolve('in time')
  expect(await inTime).toBe('in time')
})

test('a signal that was there before counts', async () => {
  expect(await untilStopped(never, AbortSignal.abort(), 1)).toBe('stopped')
})

test('nobody hears of a rejection that comes too late', async () => {
  const { promise, reject } = Promise.withResolvers<never>()
  expect(await untilStopped(promise, AbortSignal.abort(), 1)).toBe('stopped')
  // Unhandled, it would fail the run.
  reject(new Error('too late'))
  await new Promise((resolve) => setImmediate(resolve))
})
