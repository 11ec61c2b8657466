import { expect, test } from 'vitest'
import { MemoryGroup } from '../../../src/log/memory-group.ts'
import { MemoryLog } from '../../../src/log/memory-log.ts'
import { memoryPorts } from '../../../src/log/memory-ports.ts'
import { VirtualTime } from '../task/support/virtual-time.ts'

function record(text: string) {
  return { key: Buffer.from(text), value: Buffer.from(text) }
}

function setUp(markerMs = 0) {
  const time = new VirtualTime()
  const log = new MemoryLog({
    partitions: 1,
    clock: time,
    writeMarker: (write) => (markerMs === 0 ? write() : void time.after(markerMs, write)),
  })
  const group = new MemoryGroup(1, time)
  const ports = memoryPorts({ log, group, scheduler: time, maxChangelogRecords: 2 })
  /** Waits in virtual time for what a promise comes to. */
  const result = async <T>(promise: Promise<T>): Promise<T> => {
    let isSettled = false
    promise
      .catch(() => {})
      .finally(() => {
        isSettled = true
      })
    await time.until('the answer', () => isSettled)
    return promise
  }
  return { time, log, ports, result }
}

function transaction(...texts: string[]) {
  return { predictions: [], deadLetters: [], changelog: texts.map(record), nextOffset: null }
}

test('the changelog is read in fetches until the position has passed the offset', async () => {
  const { ports, result } = setUp()
  const writer = await result(ports.sink.open(0))
  await result(writer.commit(transaction('a', 'b', 'c')))
  const { changelogOffset } = await result(writer.commit(transaction('d')))
  expect(changelogOffset).toBe(4n)
  const seen: string[] = []
  let fetches = 0
  const read = (until: bigint, from?: bigint) => {
    const range = from === undefined ? { until } : { until, from }
    return ports.changelog.read(
      0,
      range,
      ({ key }) => void seen.push(`${Buffer.from(key)}`),
      async () => void fetches++,
    )
  }
  await result(read(4n))
  expect([seen, fetches]).toEqual([['a', 'b', 'c', 'd'], 2])
  seen.length = 0
  await result(read(4n, 1n))
  expect(seen).toEqual(['b', 'c', 'd'])
  await expect(result(read(9n))).rejects.toMatchObject({ code: 'HEADRACE_KAFKA_TIMEOUT' })
})

test('a reader waits for markers, and so does the next transaction', async () => {
  const { time, ports, result, log } = setUp(40)
  const writer = await result(ports.sink.open(0))
  await result(writer.commit(transaction('a')))
  const beganMs = time.nowMs()
  const seen: string[] = []
  await result(
    ports.changelog.read(0, { until: 0n }, ({ key }) => void seen.push(`${Buffer.from(key)}`)),
  )
  expect(seen).toEqual(['a'])
  expect(time.nowMs() - beganMs).toBeGreaterThan(30)
  const second = await result(ports.sink.open(0))
  await result(second.commit(transaction('b')))
  await result(second.commit(transaction('c')))
  await time.pass(50)
  expect(log.records('changelog', 0).map(({ key }) => `${key}`)).toEqual(['a', 'b', 'c'])
  // The older one is fenced, whatever it tries.
  await expect(result(writer.commit(transaction('late')))).rejects.toMatchObject({
    code: 'HEADRACE_KAFKA_FENCED',
  })
})
