import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { until } from '../support/broker.ts'
import { Framer, readCorrelationId, readRequestHeader } from './frames.ts'
import { KafkaProxy } from './proxy.ts'

/** A request as Kafka frames it. */
function request(api: number, correlationId: number, client: string, body = ''): Buffer {
  const content = Buffer.alloc(10 + client.length + body.length)
  content.writeInt16BE(api, 0)
  content.writeInt32BE(correlationId, 4)
  content.writeInt16BE(client.length, 8)
  content.write(client + body, 10)
  return sized(content)
}

function sized(content: Buffer): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(content.length)
  return Buffer.concat([size, content])
}

/** A broker that answers each request with its number, and what it has seen. */
async function echo(): Promise<{ port: number; seen: number[] }> {
  const seen: number[] = []
  const server = createServer((socket) => {
    const framer = new Framer()
    socket.on('error', () => {})
    socket.on('data', (piece) => {
      for (const frame of framer.push(piece)) {
        const { correlationId } = readRequestHeader(frame)
        seen.push(correlationId)
        const answer = Buffer.alloc(4)
        answer.writeInt32BE(correlationId)
        socket.write(sized(answer))
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { port: (server.address() as AddressInfo).port, seen }
}

/** A client's connection through the proxy, the numbers it was answered, and whether it is over. */
async function client(proxy: KafkaProxy) {
  const socket: Socket = connect(Number(proxy.address.split(':')[1]), '127.0.0.1')
  const framer = new Framer()
  const state = { socket, answers: [] as number[], error: '', isClosed: false }
  socket.on('data', (piece) => {
    state.answers.push(...framer.push(piece).map(readCorrelationId))
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    state.error = error.code ?? ''
  })
  socket.on('close', () => {
    state.isClosed = true
  })
  await once(socket, 'connect')
  return state
}

async function world() {
  const broker = await echo()
  const proxy = await KafkaProxy.listen()
  proxy.leadTo(broker.port)
  onTestFinished(() => proxy.close())
  return { broker, proxy }
}

test('frames pass in both directions, cut as they may be', async () => {
  const { proxy, broker } = await world()
  const { socket, answers } = await client(proxy)
  const bytes = Buffer.concat([request(3, 1, 'a'), request(0, 2, 'a', 'x'.repeat(100_000))])
  for (let at = 0; at < bytes.length; at += 7_001) socket.write(bytes.subarray(at, at + 7_001))
  await until('two answers', () => answers.length === 2)
  expect(answers).toEqual([1, 2])
  expect(broker.seen).toEqual([1, 2])
})

test('a trap before a request keeps it from the broker, and springs once', async () => {
  const { proxy, broker } = await world()
  const sprung: string[] = []
  proxy.set({ api: 26, side: 'before', contains: 'here', spring: (name) => sprung.push(name) })
  const first = await client(proxy)
  first.socket.write(request(26, 1, 'a', '\0\0not that one'))
  await until('an answer', () => first.answers.length === 1)
  first.socket.write(request(26, 2, 'a', '\0\0here'))
  await until('a reset', () => first.isClosed)
  expect(first.error).toBe('ECONNRESET')
  expect(sprung).toEqual(['a'])
  const second = await client(proxy)
  second.socket.write(request(26, 3, 'a', '\0\0here'))
  await until('an answer', () => second.answers.length === 1)
  expect(broker.seen).toEqual([1, 3])
})

test('a trap after a request swallows exactly its answer', async () => {
  const { proxy, broker } = await world()
  const sprung: string[] = []
  proxy.set({ api: 26, side: 'after', client: 'b', spring: (name) => sprung.push(name) })
  const [a, b] = [await client(proxy), await client(proxy)]
  a.socket.write(request(26, 1, 'a', '\0\0'))
  b.socket.write(Buffer.concat([request(3, 2, 'b'), request(26, 3, 'b', '\0\0')]))
  await until('a reset', () => b.isClosed)
  await until('an answer', () => a.answers.length === 1)
  expect(b.answers).not.toContain(3)
  expect(sprung).toEqual(['b'])
  expect(broker.seen.toSorted()).toEqual([1, 2, 3])
  expect(a.isClosed).toBe(false)
})

test('the end of a transaction with group offsets is told from that of another', async () => {
  const { proxy, broker } = await world()
  proxy.set({ api: 26, side: 'before', withOffsets: true, spring: () => {} })
  const a = await client(proxy)
  const id = (name: string): string => `\0${String.fromCharCode(name.length)}${name}`
  a.socket.write(Buffer.concat([request(26, 1, 'a', id('p0')), request(28, 2, 'a', id('p1'))]))
  a.socket.write(request(26, 3, 'a', id('p0')))
  await until('three answers', () => a.answers.length === 3)
  a.socket.write(request(26, 4, 'a', id('p1')))
  await until('a reset', () => a.isClosed)
  expect(broker.seen).toEqual([1, 2, 3])
})

test('a stall of one client holds up that one alone, and loses nothing', async () => {
  const { proxy } = await world()
  const [a, b] = [await client(proxy), await client(proxy)]
  for (const [each, name] of [[a, 'a'] as const, [b, 'b'] as const]) {
    each.socket.write(request(3, 1, name))
  }
  await until('two answers', () => a.answers.length + b.answers.length === 2)
  const goOn = proxy.stall('b')
  a.socket.write(request(3, 2, 'a'))
  b.socket.write(request(3, 2, 'b'))
  await until('an answer', () => a.answers.length === 2)
  await delay(100)
  expect(b.answers).toEqual([1])
  goOn()
  await until('an answer', () => b.answers.length === 2)
})
