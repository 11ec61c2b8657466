import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type HttpOptions, type HttpServer, startHttp } from '../../../../src/telemetry/http.ts'
import { FakeFeed } from './fake-feed.ts'

const token = 'a-token-of-24-characters'
const choice = { partition: 0, sequence: 'jfk', target: 'passengers', horizon: 1 }
const sockets: Socket[] = []
const clients: number[] = []
let server: HttpServer
let feed: FakeFeed
let warnings: unknown[]

async function start(options: Partial<HttpOptions> = {}): Promise<void> {
  server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    version: { version: '1.2.3' },
    readiness: () => ({ ready: false, reasons: ['partition 0: RESTORING'] }),
    metrics: {
      contentType: 'text/plain',
      text: async () => '',
      pageClients: (count) => void clients.push(count),
    },
    feed: () => feed,
    logger: { warn: (...event) => void warnings.push(event) },
    ...options,
  })
}

beforeEach(() => {
  feed = new FakeFeed()
  warnings = []
  clients.length = 0
})

afterEach(async () => {
  vi.useRealTimers()
  for (const socket of sockets.splice(0)) socket.destroy()
  await server.close()
  expect(warnings).toEqual([])
})

async function until(what: string, isDone: () => boolean): Promise<void> {
  const endMs = performance.now() + 10_000
  while (!isDone()) {
    if (performance.now() > endMs) throw new Error(`${what} did not come`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

interface Reader {
  readonly socket: Socket
  text: string
  isEnded: boolean
  readonly status: number
  /** Names and data of the events so far. */
  events(): [string, unknown][]
}

/** A page that reads what it is told, byte by byte as it comes. */
async function open(path = '/events', headers: readonly string[] = []): Promise<Reader> {
  const socket = connect(server.port, '127.0.0.1')
  sockets.push(socket)
  const reader: Reader = {
    socket,
    text: '',
    isEnded: false,
    get status() {
      return Number(/^HTTP\/1\.1 (\d+)/.exec(reader.text)?.[1])
    },
    events: () =>
      [...reader.text.matchAll(/^event: (\w+)\r?\ndata: (.*)$/gm)].map((found) => [
        found[1] ?? '',
        JSON.parse(found[2] ?? ''),
      ]),
  }
  socket.setEncoding('utf8').on('data', (text) => {
    reader.text += text
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    reader.isEnded = true
  })
  await once(socket, 'connect')
  const lines = [`GET ${path} HTTP/1.1`, 'Host: localhost', ...headers]
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  await until('an answer', () => reader.text.includes('\r\n\r\n'))
  return reader
}

async function ask(path: string, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(server.url + path, {
    headers: { connection: 'close', ...headers },
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, json: text && JSON.parse(text) }
}

describe('a stream', () => {
  test('tells who speaks, how it is, and what comes', async () => {
    await start()
    const page = await open('/events?target=fares&horizon=5')
    expect(page.text).toMatch(/content-type: text\/event-stream/i)
    await until('the status', () => page.events().length === 2)
    const watched = { partition: 2, sequence: null, target: 'fares', horizon: 5 }
    expect(page.events()).toEqual([
      ['hello', { ...feed.facts, version: '1.2.3', choice: watched }],
      [
        'status',
        {
          timeMs: 1_700_000_000_000,
          ready: false,
          reasons: ['partition 0: RESTORING'],
          recordsPerSecond: null,
          tasks: [],
          deadLetters: { total: 0, recent: [] },
          scores: [],
          symbols: [],
          labels: [],
          skill: null,
          coverage: [{ level: 5, coverage: 0.8, width: null }],
        },
      ],
    ])
    const [viewer] = feed.viewers
    viewer?.onChoice(choice)
    const points = Float64Array.of(1, 2, 3, 4, 5, 6)
    const next = Float64Array.of(7, 8, 9, 10)
    feed.tell({ choice, isReset: true, skipped: 1, points, next })
    await until('the points', () => page.events().length === 4)
    expect(page.events().slice(2)).toEqual([
      ['choice', choice],
      [
        'points',
        {
          choice,
          isReset: true,
          skipped: 1,
          points: [[1, 2, 3, 4, [[5, 6]]]],
          next: { timeMs: 7, mean: 8, bounds: [[9, 10]] },
        },
      ],
    ])
  })

  test('has a status each second and a comment each 15; without a page nothing ticks', async () => {
    await start()
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    expect(vi.getTimerCount()).toBe(0)
    const [one, two] = [await open(), await open()]
    expect(vi.getTimerCount()).toBe(1)
    // The first to come asks for a rate to begin.
    expect(feed.ticks).toBe(1)
    vi.advanceTimersByTime(15_000)
    expect(feed.ticks).toBe(16)
    const statuses = ({ text }: Reader) => [...text.matchAll(/^event: status$/gm)].length
    await until('all of them', () => [one, two].every((page) => statuses(page) === 16))
    await until('the comment', () =>
      [one, two].every(({ text }) => text.includes('\n: keep-alive\n')),
    )
    one.socket.destroy()
    await until('the first to go', () => feed.viewers.size === 1)
    expect(vi.getTimerCount()).toBe(1)
    two.socket.destroy()
    await until('the second to go', () => feed.viewers.size === 0)
    expect(vi.getTimerCount()).toBe(0)
    expect(clients).toEqual([1, 2, 1, 0])
  })

  test('is not begun for HEAD', async () => {
    await start()
    const response = await fetch(`${server.url}/events`, { method: 'HEAD' })
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    expect(feed.watches).toEqual([])
  })

  test('is one of 16 at most; the next one gets the place of one that goes', async () => {
    await start()
    const pages = await Promise.all(Array.from({ length: 16 }, () => open()))
    expect(pages.map(({ status }) => status)).toEqual(Array(16).fill(200))
    const refused = await ask('/events')
    expect([refused.status, refused.json]).toEqual([503, { error: 'Too many pages are open' }])
    expect(refused.headers.get('retry-after')).toBe('1')
    pages[3]?.socket.destroy()
    await until('it to go', () => feed.viewers.size === 15)
    expect((await open()).status).toBe(200)
  })

  test('that nobody reads is cut at 1 MiB, the others go on', async () => {
    await start()
    const [slow, quick] = [await open(), await open()]
    slow.socket.pause()
    const points = new Float64Array(6 * 200).fill(Math.PI)
    let told = 0
    await until('the slow one to be cut', () => {
      feed.tell({ choice, isReset: false, skipped: 0, points, next: new Float64Array(4) })
      told++
      return feed.viewers.size === 1
    })
    const count = () => quick.events().filter(([name]) => name === 'points').length
    await until('all points', () => count() === told)
    expect(quick.isEnded).toBe(false)
    // More than that was never held for it: what the system's own buffers take comes on top.
    expect(told * 15_000).toBeLessThan(64 * 1024 * 1024)
  })

  test('ends at once when the server closes', async () => {
    await start()
    const page = await open()
    const beganMs = performance.now()
    await server.close()
    expect(performance.now() - beganMs).toBeLessThan(900)
    await until('the end', () => page.isEnded)
    expect(page.text.endsWith('0\r\n\r\n')).toBe(true)
    expect([feed.viewers.size, clients.at(-1)]).toEqual([0, 0])
  })

  test('is refused with a reason where the query is wrong or nothing runs yet', async () => {
    await start()
    const { status, json } = await ask('/events?target=tips')
    expect([status, json]).toEqual([400, { error: 'target must be one of passengers, fares' }])
    await server.close()
    await start({ feed: () => null })
    for (const path of ['/events', '/sequences']) {
      expect(await ask(path)).toMatchObject({
        status: 503,
        json: { error: 'The service is starting' },
      })
    }
  })
})

describe('sequences', () => {
  test('are those of the feed', async () => {
    await start()
    const { status, json } = await ask('/sequences?q=a%20b&limit=7')
    expect([status, json]).toEqual([200, feed.found])
    expect(feed.searches).toEqual([['a b', 7]])
    expect((await ask('/sequences?limit=101')).status).toBe(400)
    feed.found = null
    expect((await ask('/sequences')).status).toBe(503)
  })
})

describe('who may ask for data', () => {
  const data = ['/events', '/sequences']

  test('has the token, where there is one; all else is open', async () => {
    await start({ token })
    for (const path of data) {
      for (const given of ['', 'Bearer', `Bearer ${token}x`, `Basic ${token}`, token]) {
        const { status, headers } = await ask(path, given ? { authorization: given } : {})
        expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="headrace"'])
      }
      expect((await ask(`${path}?token=${token}`)).status).toBe(401)
    }
    expect((await ask('/sequences', { authorization: `Bearer ${token}` })).status).toBe(200)
    expect((await open('/events', [`Authorization: bearer ${token}`])).status).toBe(200)
    for (const path of ['/', '/livez', '/version', '/metrics']) {
      expect((await fetch(server.url + path)).status).toBe(200)
    }
    expect(feed.watches).toHaveLength(1)
  })

  test('comes by the name of this machine where only it is listened to', async () => {
    await start()
    for (const [host, status] of [
      ['localhost:9464', 200],
      ['127.0.0.1', 200],
      ['[::1]:9464', 200],
      ['LOCALHOST', 200],
      ['evil.example', 403],
      ['evil.example:9464', 403],
      ['localhost.evil.example', 403],
      ['127.0.0.1.evil.example', 403],
      ['', 403],
    ] as const) {
      expect([host, await statusOf(host)]).toEqual([host, status])
    }
  })

  test('comes by a name that no site can have, where others are listened to as well', async () => {
    await start({ host: '0.0.0.0' })
    for (const [host, status] of [
      ['localhost:9464', 200],
      ['10.1.2.3:9464', 200],
      ['[fd00::1]:9464', 200],
      // As a container is called by its neighbours.
      ['headrace:9464', 200],
      ['headrace_page-1', 200],
      ['evil.example', 403],
      ['evil.example:9464', 403],
      ['evil:9464.example', 403],
      ['evil.', 403],
      ['', 403],
    ] as const) {
      expect([host, await statusOf(host)]).toEqual([host, status])
    }
  })

  test('may come by any name with a token, where others are listened to as well', async () => {
    await start({ host: '0.0.0.0', token })
    expect(await statusOf('headrace.example', [`Authorization: Bearer ${token}`])).toBe(200)
  })

  test('is no page of another origin, where the browser says nothing but that', async () => {
    await start({ host: '0.0.0.0' })
    const host = '10.1.2.3:9464'
    for (const [origin, status] of [
      ['http://10.1.2.3:9464', 200],
      ['https://10.1.2.3:9464', 200],
      ['http://evil.example', 403],
      ['http://10.1.2.3', 403],
      ['http://10.1.2.3:9464.evil.example', 403],
      ['null', 403],
    ] as const) {
      expect([origin, await statusOf(host, [`Origin: ${origin}`])]).toEqual([origin, status])
    }
    // A proxy calls the server by another name than the browser called the proxy.
    const proxied = ['Origin: https://headrace.example', 'Sec-Fetch-Site: same-origin']
    expect(await statusOf(host, proxied)).toBe(200)
  })

  test('may ask for the longest key, whatever its characters', async () => {
    await start({ token })
    const sequence = 'ж'.repeat(4_096)
    const query = `partition=0&sequence=${encodeURIComponent(sequence)}`
    const page = await open(`/events?${query}`, [`Authorization: Bearer ${token}`])
    expect([page.status, feed.watches[0]?.sequence]).toEqual([200, sequence])
  })

  test('is no page of another site', async () => {
    await start()
    for (const site of ['cross-site', 'same-site']) {
      for (const path of data) {
        expect((await open(path, [`Sec-Fetch-Site: ${site}`])).status).toBe(403)
      }
    }
    for (const site of ['same-origin', 'none']) {
      expect((await open('/sequences', [`Sec-Fetch-Site: ${site}`])).status).toBe(200)
    }
    expect(feed.watches).toEqual([])
  })
})

async function statusOf(host: string, headers: readonly string[] = []): Promise<number> {
  const socket = connect(server.port, '127.0.0.1')
  sockets.push(socket)
  let text = ''
  socket.setEncoding('utf8').on('data', (more) => {
    text += more
  })
  const lines = ['GET /sequences HTTP/1.1', `Host: ${host}`, 'Connection: close', ...headers]
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  await once(socket, 'close')
  return Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1])
}
