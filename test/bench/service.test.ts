import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { apis, Framer, withAddresses } from '../../src/bench/service/frames.ts'
import { ServiceRecords } from '../../src/bench/service/records.ts'
import { StallingProxy, transactionApis } from '../../src/bench/service/stalling-proxy.ts'
import { longestGapMs } from '../../src/bench/service/watch.ts'

/** A frame with this body. */
function frame(...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([int32(body.length), body])
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function address(host: string, port: number): Buffer {
  return Buffer.concat([Buffer.from([0, host.length]), Buffer.from(host), int32(port)])
}

/** A request with an api key, a version and a number. */
function request(api: number, correlationId: number): Buffer {
  return frame(Buffer.from([0, api, 0, 1]), int32(correlationId))
}

describe('Framer', () => {
  const frames = ['', 'one', 'a longer one', 'x'].map((text) => frame(Buffer.from(text)))
  const stream = Buffer.concat(frames)

  test.each([1, 2, 3, 7, 1000])('cuts a stream that comes in pieces of %i bytes', (size) => {
    const framer = new Framer()
    const found: Buffer[] = []
    for (let at = 0; at < stream.length; at += size) {
      found.push(...framer.push(stream.subarray(at, at + size)))
    }
    expect(found).toEqual(frames)
  })
})

test('withAddresses replaces each node’s address, whatever its length, and adapts the size', () => {
  const head = int32(7)
  const before = [head, address('kafka-1', 9092), address('b', 9093), address('kafka-1', 9094)]
  const changed = withAddresses(frame(...before), [
    { from: { host: 'b', port: 9093 }, to: { host: '127.0.0.1', port: 2 } },
    { from: { host: 'kafka-1', port: 9092 }, to: { host: '127.0.0.1', port: 1 } },
  ])
  const after = [head, address('127.0.0.1', 1), address('127.0.0.1', 2), address('kafka-1', 9094)]
  expect(changed).toEqual(frame(...after))
})

test('the longest gap begins with the last arrival before the time that counts', () => {
  expect(longestGapMs([0, 100, 200, 900, 1000], 250, 1100)).toBe(700)
  expect(longestGapMs([0, 100, 200, 900, 1000], 250, 3000)).toBe(2000)
  expect(longestGapMs([0, 100, 150], 250, 400)).toBe(250)
  expect(longestGapMs([], 250, 400)).toBe(150)
})

test('records have three fields, or four where a key names the sequence', () => {
  const [first] = new ServiceRecords().take(1)
  expect(Object.keys(JSON.parse(first?.value ?? ''))).toEqual(['time', 'y', 'x'])
  const keyed = new ServiceRecords(3).take(5).map(({ value }) => JSON.parse(value))
  expect(keyed.map(({ key }) => key)).toEqual(['s0', 's1', 's2', 's0', 's1'])
  expect(Object.keys(keyed[0])).toHaveLength(new ServiceRecords(3).fields)
  expect(keyed[3].time).toBeGreaterThan(keyed[0].time)
  expect(new ServiceRecords().take(9)).toEqual(new ServiceRecords().take(9))
})

/** A broker that answers every request with its number and its own address. */
async function startBroker(): Promise<{ host: string; port: number }> {
  const server = createServer((socket) => {
    const framer = new Framer()
    socket.on('error', () => {})
    socket.on('data', (piece) => {
      for (const each of framer.push(piece as Buffer)) {
        socket.write(frame(each.subarray(8, 12), address('127.0.0.1', port)))
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  onTestFinished(() => void server.close())
  return { host: '127.0.0.1', port }
}

/** Sends requests and collects the numbers and ports of the answers. */
function client(proxy: StallingProxy) {
  const [host, port] = (proxy.addresses[0] ?? '').split(':')
  const socket: Socket = connect(Number(port), host)
  const framer = new Framer()
  const answers: { id: number; port: number }[] = []
  socket.on('data', (piece) => {
    for (const each of framer.push(piece as Buffer)) {
      answers.push({ id: each.readInt32BE(4), port: each.readInt32BE(each.length - 4) })
    }
  })
  return { socket, answers }
}

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 5000
  while (!condition()) {
    if (performance.now() > end) throw new Error('not within 5 s')
    await delay(5)
  }
}

test('the proxy holds back the answers of a transaction alone, and keeps its clients', async () => {
  const node = await startBroker()
  const proxy = await StallingProxy.listen([node])
  onTestFinished(() => proxy.close())
  const own = Number(proxy.addresses[0]?.split(':')[1])
  expect(own).not.toBe(node.port)
  const [producer, consumer] = [client(proxy), client(proxy)]
  const heartbeat = 12
  producer.socket.write(request(apis.metadata, 1))
  await until(() => producer.answers.length === 1)
  expect(producer.answers).toEqual([{ id: 1, port: own }])

  const release = proxy.stall(transactionApis)
  producer.socket.write(request(apis.endTxn, 2))
  consumer.socket.write(request(heartbeat, 3))
  await until(() => consumer.answers.length === 1)
  // What came by the other connection has overtaken it; this one waits, however long.
  await delay(50)
  expect(producer.answers).toHaveLength(1)
  release()
  await until(() => producer.answers.length === 2)
  // Only answers that lead somewhere are changed.
  expect(producer.answers[1]).toEqual({ id: 2, port: node.port })
  expect(consumer.answers).toEqual([{ id: 3, port: node.port }])
})
