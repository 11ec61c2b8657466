import { describe, expect, test } from 'vitest'
import {
  type ConsumerGroup,
  type GroupObserver,
  groupObserver,
  patchConsumerGroup,
} from '../../../../src/kafka/patches/consumer-group.ts'

class Fatal extends Error {}

/** The parts of a group that the patched functions touch. */
function group(observer?: GroupObserver, seekPending = false) {
  const paused: unknown[] = []
  const prototype = {
    fetch: async () => [],
    resume: () => {},
    joinAndSync: async () => {
      calls.push('join')
    },
    recoverFromOffsetOutOfRange: async () => {
      calls.push('kafkajs jumps to the default offset')
    },
  }
  const calls: string[] = []
  patchConsumerGroup(prototype, Fatal)
  const instance = Object.assign(Object.create(prototype), {
    assigners: [{}, observer === undefined ? {} : { [groupObserver]: observer }],
    offsetManager: { nextOffset: () => 41n },
    hasSeekOffset: () => seekPending,
    pause: (of: unknown) => paused.push(of),
  }) as ConsumerGroup
  return { instance, calls, paused }
}

function observe() {
  const seen: unknown[] = []
  const observer: GroupObserver = {
    onJoin: (of, join) => {
      seen.push(of)
      return join()
    },
    onOutOfRange: (partition, position) => seen.push([partition, position]),
  }
  return { observer, seen }
}

describe('patchConsumerGroup', () => {
  test('lets the observer make the group join, or not', async () => {
    const { observer, seen } = observe()
    const { instance, calls } = group(observer)
    await instance.joinAndSync()
    expect(seen).toEqual([instance])
    expect(calls).toEqual(['join'])
    const refusing = group({ ...observer, onJoin: () => Promise.reject(new Fatal('stopped')) })
    await expect(refusing.instance.joinAndSync()).rejects.toThrow(Fatal)
    expect(refusing.calls).toEqual([])
  })

  test('joins without an observer too', async () => {
    const { instance, calls } = group()
    await instance.joinAndSync()
    expect(calls).toEqual(['join'])
  })

  test('pauses a partition whose position is out of range and tells the observer', async () => {
    const { observer, seen } = observe()
    const { instance, calls, paused } = group(observer)
    await instance.recoverFromOffsetOutOfRange({ topic: 'rides', partition: 3 })
    expect(seen).toEqual([[3, 41n]])
    expect(paused).toEqual([[{ topic: 'rides', partitions: [3] }]])
    expect(calls).toEqual([])
  })

  test('without an observer it fails naming topic, partition and position', async () => {
    const { instance } = group()
    const recovering = instance.recoverFromOffsetOutOfRange({ topic: 'rides', partition: 3 })
    await expect(recovering).rejects.toThrow(Fatal)
    await expect(recovering).rejects.toThrow(/Offset 41 of topic rides, partition 3/)
  })

  test('leaves a position alone that a pending seek replaces', async () => {
    const { observer, seen } = observe()
    const { instance, paused } = group(observer, true)
    await instance.recoverFromOffsetOutOfRange({ topic: 'rides', partition: 3 })
    expect([...seen, ...paused]).toEqual([])
  })

  test('hears a resume while all partitions of a broker are paused', async () => {
    const active = new Set<number>()
    const asleep = Promise.withResolvers<never[]>()
    const prototype = {
      joinAndSync: async () => {},
      recoverFromOffsetOutOfRange: async () => {},
      fetch: (): Promise<readonly unknown[]> =>
        active.size > 0 ? Promise.resolve(['a batch']) : asleep.promise,
      resume: (of: { partitions: number[] }[]) => {
        for (const { partitions } of of) for (const p of partitions) active.add(p)
      },
    }
    patchConsumerGroup(prototype, Fatal)
    const instance = Object.assign(Object.create(prototype), {
      assigners: [],
      subscriptionState: { assigned: () => [{ topic: 't', partitions: [0, 1] }] },
      filterPartitionsByNode: (_node: string, assigned: unknown) => assigned,
      getActiveTopicPartitions: () => ({ t: active }),
    }) as ConsumerGroup
    let fetched: readonly unknown[] | null = null
    const sleeping = instance.fetch('1').then((batches) => {
      fetched = batches
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(fetched).toBeNull()
    instance.resume([{ topic: 't', partitions: [1] }])
    await sleeping
    expect(fetched).toEqual([])
    expect(await instance.fetch('1')).toEqual(['a batch'])
    // What it slept on may still fail, and nobody needs to know.
    asleep.reject(new Error('too late'))
    await new Promise((resolve) => setImmediate(resolve))
  })
})
