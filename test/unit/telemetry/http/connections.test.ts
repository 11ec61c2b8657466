import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type HttpServer, startHttp } from '../../../../src/telemetry/http.ts'
import { FakeFeed } from '../page/fake-feed.ts'

/** More than all that lies between server and client takes in: it waits in the server. */
const hugeBytes = 32 * 1024 * 1024
const scrape = 'GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n'
const live = 'GET /livez HTTP/1.1\r\nHost: a\r\n\r\n'
const sockets: Socket[] = []
const servers: HttpServer[] = []

afterEach(async () => {
  vi.useRealTimers()
  for (const socket of sockets.splice(0)) socket.destroy()
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

interface Target {
  readonly server: HttpServer
  readonly feed: FakeFeed
  /** Scrapes so far. */
  scrapes(): number
}

async function start(scrapeText: (index: number) => Promise<string>): Promise<Target> {
  let scrapes = 0
  const feed = new FakeFeed()
  const server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    version: {},
    readiness: () => ({ ready: true, reasons: [] }),
    metrics: {
      contentType: 'text/plain',
      text: () => scrapeText(scrapes++),
      pageClients: () => {},
    },
    feed: () => feed,
    logger: { warn: () => {} },
  })
  servers.push(server)
  return { server, feed, scrapes: () => scrapes }
}

const huge = async (): Promise<string> => 'x'.repeat(hugeBytes)

interface Client {
  readonly socket: Socket
  text: string
  isGone: boolean
}

async function open({ server }: Target): Promise<Client> {
  const socket = connect(server.port, '127.0.0.1')
  sockets.push(socket)
  const client: Client = { socket, text: '', isGone: false }
  socket.setEncoding('latin1').on('data', (text) => {
    client.text += text
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    client.isGone = true
  })
  await once(socket, 'connect')
  return client
}

async function until(what: string, isDone: () => boolean): Promise<void> {
  const endMs = performance.now() + 10_000
  while (!isDone()) {
    if (performance.now() > endMs) throw new Error(`${what} did not come`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** What comes once the server has had its turns. */
async function turns(): Promise<void> {
  for (let i = 0; i < 100; i++) await new Promise((resolve) => setImmediate(resolve))
}

const bodies = ({ text }: Client): string[] =>
  [...text.matchAll(/\r\n\r\n(.*?)(?=HTTP\/1\.1 |$)/gs)].map(([, body = '']) => body)

describe('requests on one connection', () => {
  test('in one packet are answered in order, where answers are read', async () => {
    const target = await start(async (index) => `scrape ${index}\n`)
    const client = await open(target)
    client.socket.write(scrape + live + scrape + live.repeat(28) + scrape)
    await until('all answers', () => bodies(client).length === 32)
    await until('the last body', () => client.text.endsWith('scrape 2\n'))
    const middle = Array(28).fill('ok\n')
    expect(bodies(client)).toEqual(['scrape 0\n', 'ok\n', 'scrape 1\n', ...middle, 'scrape 2\n'])
    // The connection goes on.
    client.socket.write(scrape)
    await until('another one', () => client.text.endsWith('scrape 3\n'))
    expect(client.isGone).toBe(false)
  })

  test('wait for an answer that is not read', async () => {
    const target = await start(huge)
    const client = await open(target)
    client.socket.pause()
    client.socket.write(scrape.repeat(30))
    await until('the first', () => target.scrapes() === 1)
    await turns()
    expect(target.scrapes()).toBe(1)
    client.socket.resume()
    await until('the second, as the first is read', () => target.scrapes() > 1)
  })

  test('are at most 32 that wait: with more of them it is cut', async () => {
    const target = await start(huge)
    const client = await open(target)
    client.socket.write(scrape.repeat(1_900))
    await until('the cut', () => client.isGone)
    expect(target.scrapes()).toBeLessThanOrEqual(1)
    expect(client.text).toBe('')
    const other = await open(target)
    other.socket.write(live)
    await until('an answer to another one', () => other.text.endsWith('ok\n'))
  })

  test('after one whose answer is the last of it are not answered', async () => {
    const target = await start(async () => 'a 1\n')
    const client = await open(target)
    client.socket.write(`POST /livez HTTP/1.1\r\nHost: a\r\n\r\n${scrape.repeat(3)}`)
    await until('the end', () => client.isGone)
    expect(bodies(client)).toEqual(['method not allowed\n'])
    const beganMs = performance.now()
    await target.server.close()
    expect(performance.now() - beganMs).toBeLessThan(900)
  })
})

test('an answer that is not read is cut after 10 s, one that is read is not', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const target = await start(huge)
  const [slow, quick] = [await open(target), await open(target)]
  slow.socket.pause()
  for (const { socket } of [slow, quick]) socket.write(scrape)
  await until('what is read', () => quick.text.length > hugeBytes)
  await until('one timer', () => vi.getTimerCount() === 1)
  vi.advanceTimersByTime(9_999)
  await turns()
  expect(slow.isGone).toBe(false)
  vi.advanceTimersByTime(1)
  slow.socket.resume()
  await until('the cut', () => slow.isGone)
  expect(slow.text.length).toBeLessThan(hugeBytes)
  expect(quick.isGone).toBe(false)
})

test('a stream lasts beyond that', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const target = await start(huge)
  const page = await open(target)
  page.socket.write('GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await until('hello', () => page.text.includes('event: hello'))
  vi.advanceTimersByTime(60_000)
  await turns()
  expect([page.isGone, target.feed.viewers.size]).toEqual([false, 1])
})

test('who asks for metrics while others do gets the same, who asks later the next', async () => {
  const gates = [Promise.withResolvers<string>(), Promise.withResolvers<string>()]
  const target = await start((index) => gates[index]?.promise ?? Promise.resolve('b 1\n'))
  const clients = await Promise.all([open(target), open(target), open(target)])
  for (const { socket } of clients) socket.write(scrape)
  await turns()
  gates[0]?.resolve('a 1\n')
  await until('all answers', () => clients.every(({ text }) => text.endsWith('a 1\n')))
  expect(target.scrapes()).toBe(1)
  clients[0]?.socket.write(scrape)
  await until('the next', () => target.scrapes() === 2)
  gates[1]?.reject(new Error('registry'))
  await until('an error', () => clients[0]?.text.endsWith('internal error\n') ?? false)
  clients[1]?.socket.write(scrape)
  await until('another try', () => clients[1]?.text.endsWith('b 1\n') ?? false)
})

describe('close', () => {
  test('lets an answer leave that is being read', async () => {
    const target = await start(huge)
    const client = await open(target)
    client.socket.write(scrape)
    await once(client.socket, 'data')
    expect(client.text.length).toBeLessThan(hugeBytes / 2)
    await target.server.close()
    await until('the end', () => client.isGone)
    expect(bodies(client)[0]?.length).toBe(hugeBytes)
  })

  test('waits a second for one that is not read, and begins no other', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const target = await start(huge)
    const [slow, idle] = [await open(target), await open(target)]
    slow.socket.write(scrape)
    idle.socket.write(live)
    await once(slow.socket, 'data')
    slow.socket.pause()
    await until('an answer', () => idle.text.endsWith('ok\n'))
    let isClosed = false
    const closing = target.server.close().then(() => {
      isClosed = true
    })
    idle.socket.write(scrape)
    const late = connect(target.server.port, '127.0.0.1').on('error', () => {})
    sockets.push(late)
    late.resume()
    await Promise.all([until('it to be cut', () => idle.isGone), once(late, 'close')])
    vi.advanceTimersByTime(999)
    await turns()
    expect([isClosed, target.scrapes()]).toEqual([false, 1])
    vi.advanceTimersByTime(1)
    await closing
  })
})

describe('what Node itself would answer', () => {
  const cases: readonly [string, string, number][] = [
    [
      'headers that are too long',
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${'y'.repeat(40_000)}\r\n\r\n`,
      431,
    ],
    ['what is no request', 'hello\r\n\r\n', 400],
    ['a request without a host', 'GET /livez HTTP/1.1\r\n\r\n', 400],
    ['an expectation', 'GET /livez HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n', 417],
  ]

  test.each(cases)('%s: has a reason and the headers of every answer', async (_, text, status) => {
    const client = await open(await start(huge))
    client.socket.write(text)
    await until('the end', () => client.isGone)
    const [head = '', body = ''] = client.text.split('\r\n\r\n')
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} \\w`))
    expect(head).toMatch(
      /^content-security-policy: default-src 'none'; frame-ancestors 'none'\r$/im,
    )
    expect(head).toMatch(/^x-content-type-options: nosniff\r$/im)
    expect(head).toMatch(/^connection: close\r?$/im)
    expect(JSON.parse(body)).toEqual({ error: expect.stringMatching(/\w/) })
  })

  test('does not come amid an answer', async () => {
    const target = await start(huge)
    const client = await open(target)
    client.socket.write(scrape)
    await once(client.socket, 'data')
    client.socket.write('hello\r\n\r\n')
    await until('the end', () => client.isGone)
    expect(client.text.match(/HTTP\/1\.1/g)).toHaveLength(1)
  })
})
