import { describe, expect, test } from 'vitest'
import { Shutdown, type Timer } from '../../src/lifecycle.ts'
import { systemScheduler } from '../../src/task/scheduler.ts'

/** A timer that the test lets run out. */
function manualTimer() {
  const callbacks = new Map<number, () => void>()
  const delays: number[] = []
  let cancelled = 0
  const timer: Timer = {
    after(delayMs, callback) {
      const id = delays.push(delayMs)
      callbacks.set(id, callback)
      return () => {
        if (callbacks.delete(id)) cancelled++
      }
    },
  }
  const expire = () => {
    for (const callback of [...callbacks.values()]) callback()
  }
  return { timer, delays, expire, cancelled: () => cancelled }
}

function build(timer: Timer = systemScheduler) {
  const times = [100, 350]
  const clock = { monotonicMs: () => times.shift() ?? 0 }
  return new Shutdown({ timeoutMs: 20_000, timer, clock })
}

const turn = () => new Promise((resolve) => setImmediate(resolve))
const never = new Promise<void>(() => {})

describe('Shutdown', () => {
  test('closes one after the other, the newest first', async () => {
    const shutdown = build()
    const seen: string[] = []
    for (const name of ['broker', 'http', 'tasks']) {
      await shutdown.add(name, async () => {
        seen.push(`${name} begins`)
        await turn()
        seen.push(`${name} ends`)
      })
    }
    expect(await shutdown.run()).toEqual({ errors: [], unfinished: [], durationMs: 250 })
    expect(seen).toEqual(
      ['tasks', 'http', 'broker'].flatMap((name) => [`${name} begins`, `${name} ends`]),
    )
  })

  test('closes each once, however often it is asked', async () => {
    const shutdown = build()
    let count = 0
    await shutdown.add('a', async () => void count++)
    const [first, second] = await Promise.all([shutdown.run(), shutdown.run()])
    const third = await shutdown.run()
    expect(count).toBe(1)
    expect(second).toBe(first)
    expect(third).toBe(first)
  })

  test('a failure stops nothing and is not lost, thrown or rejected', async () => {
    const shutdown = build()
    const seen: string[] = []
    const [thrown, rejected] = [new Error('thrown'), new Error('rejected')]
    await shutdown.add('last', () => void seen.push('last'))
    await shutdown.add('throws', () => {
      throw thrown
    })
    await shutdown.add('rejects', () => Promise.reject(rejected))
    const { errors, unfinished } = await shutdown.run()
    expect(errors).toEqual([
      { name: 'rejects', error: rejected },
      { name: 'throws', error: thrown },
    ])
    expect(unfinished).toEqual([])
    expect(seen).toEqual(['last'])
  })

  test('past the deadline the rest is started at once and what hangs is named', async () => {
    const { timer, delays, expire } = manualTimer()
    const shutdown = build(timer)
    const seen: string[] = []
    const late = new Error('late')
    await shutdown.add('child process', () => void seen.push('killed'))
    await shutdown.add('fails', () => Promise.reject(late))
    await shutdown.add('hangs too', () => never)
    await shutdown.add('hangs', () => never)
    await shutdown.add('quick', () => void seen.push('quick'))
    const running = shutdown.run()
    await turn()
    expect(seen).toEqual(['quick'])
    expire()
    const { errors, unfinished } = await running
    expect(delays).toEqual([20_000])
    expect(seen).toEqual(['quick', 'killed'])
    expect(unfinished).toEqual(['hangs', 'hangs too'])
    expect(errors).toEqual([{ name: 'fails', error: late }])
  })

  test('a failure after the end is no unhandled rejection', async () => {
    const { timer, expire } = manualTimer()
    const shutdown = build(timer)
    const hanging = Promise.withResolvers<void>()
    await shutdown.add('hangs', () => hanging.promise)
    const running = shutdown.run()
    await turn()
    expire()
    const outcome = await running
    // The runner of these tests fails on an unhandled rejection.
    hanging.reject(new Error('too late'))
    await turn()
    expect(outcome).toMatchObject({ errors: [], unfinished: ['hangs'] })
  })

  test('the timer is cancelled when all went well', async () => {
    const { timer, cancelled } = manualTimer()
    await build(timer).run()
    expect(cancelled()).toBe(1)
  })

  test('what is opened while closing is closed at once', async () => {
    const shutdown = build()
    expect(shutdown.begun).toBe(false)
    const running = shutdown.run()
    let closed = false
    await shutdown.add('late', () => {
      closed = true
    })
    expect(shutdown.begun).toBe(true)
    expect(closed).toBe(true)
    const broken = shutdown.add('broken', () => Promise.reject(new Error('x')))
    await expect(broken).rejects.toThrow('x')
    await running
  })
})
