import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  patchRequestQueue,
  type RequestQueue,
} from '../../../../src/kafka/patches/request-queue.ts'

const nowMs = 1_000_000

/** A queue as kafkajs builds it, with the patched function. */
function queue(pending: unknown[], throttledUntil = -1) {
  const prototype = { scheduleCheckPendingRequests: () => {} }
  patchRequestQueue(prototype, () => nowMs)
  let checks = 0
  const instance: RequestQueue = Object.assign(Object.create(prototype), {
    pending,
    throttledUntil,
    throttleCheckTimeoutId: null,
    // kafkajs's own ends with scheduling the next look.
    checkPendingRequests() {
      checks += 1
      instance.scheduleCheckPendingRequests()
    },
  })
  return { instance, checks: () => checks }
}

describe('scheduleCheckPendingRequests', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('sets no timer while nothing waits', () => {
    const { instance } = queue([])
    instance.scheduleCheckPendingRequests()
    expect(vi.getTimerCount()).toBe(0)
  })

  test('looks every 10 ms while a request waits, and then no more', () => {
    const pending = ['request']
    const { instance, checks } = queue(pending)
    instance.scheduleCheckPendingRequests()
    vi.advanceTimersByTime(100)
    expect(checks()).toBe(10)
    pending.pop()
    vi.advanceTimersByTime(10)
    expect(checks()).toBe(11)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('waits until the broker no longer throttles', () => {
    const { instance, checks } = queue(['request'], nowMs + 500)
    instance.scheduleCheckPendingRequests()
    vi.advanceTimersByTime(499)
    expect(checks()).toBe(0)
    vi.advanceTimersByTime(1)
    expect(checks()).toBe(1)
  })

  test('is what kafkajs schedules with: its own sets a timer for an empty queue', async () => {
    const { createRequire } = await import('node:module')
    const require = createRequire(import.meta.url)
    const shipped = require('kafkajs/src/network/requestQueue').prototype
    const idle = () =>
      Object.assign(Object.create(shipped), {
        pending: [],
        throttledUntil: -1,
        throttleCheckTimeoutId: null,
        checkPendingRequests: () => {},
      })
    idle().scheduleCheckPendingRequests()
    expect(vi.getTimerCount()).toBe(1)
    vi.clearAllTimers()
    patchRequestQueue(shipped, () => nowMs)
    idle().scheduleCheckPendingRequests()
    expect(vi.getTimerCount()).toBe(0)
  })
})
