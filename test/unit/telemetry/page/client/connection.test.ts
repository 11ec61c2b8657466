import { afterEach, beforeEach, expect, test, vi } from 'vitest'

interface User {
  query(): string
  token(): string | null
  onEvent(name: string, data: string): void
  onState(state: string, detail: string): void
  onRefused(reason: string): void
}

// A module of the page's script, which the browser gets as it is: JavaScript without types.
const folder = new URL('../../../../../src/telemetry/page/client/script/', import.meta.url)
const { Connection } = (await import(new URL('connection.js', folder).href)) as {
  Connection: new (user: User) => { start(): void; hide(): void }
}

let states: [state: string, detail: string][] = []
let refused: string[] = []
/** What the service answers, to each request anew. */
let answer: () => Response
let requests = 0

beforeEach(() => {
  vi.useFakeTimers()
  states = []
  refused = []
  requests = 0
  vi.stubGlobal('fetch', () => {
    requests++
    return Promise.resolve(answer())
  })
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

function connect(): { start(): void; hide(): void } {
  const connection = new Connection({
    query: () => 'sequence=jfk',
    token: () => null,
    onEvent: () => {},
    onState: (state, detail) => states.push([state, detail]),
    onRefused: (reason) => refused.push(reason),
  })
  connection.start()
  return connection
}

test.each([414, 431])(
  '%d: what is asked for is too long, and is not asked for again',
  async (status) => {
    answer = () => new Response(null, { status })
    connect()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(refused).toEqual(['the request is too long'])
    expect(requests).toBe(1)
  },
)

test.each([
  [403, 'The Host header must be localhost'],
  [503, 'The service is starting'],
])('%d: the reason that the service gives is told', async (status, error) => {
  answer = () => Response.json({ error }, { status })
  const connection = connect()
  await vi.advanceTimersByTimeAsync(1)
  expect(states.at(-1)).toEqual(['waiting', `the service answers ${status}: ${error}`])
  answer = () => new Response('<html>', { status })
  await vi.advanceTimersByTimeAsync(2_000)
  expect(states.at(-1)).toEqual(['waiting', `the service answers ${status}`])
  connection.hide()
})

test('pauses between attempts grow, each by another length', async () => {
  answer = () => new Response(null, { status: 500 })
  /** Fake milliseconds from one request to the next, of one page. */
  const pausesOf = async (): Promise<number[]> => {
    const connection = connect()
    const pauses: number[] = []
    for (const mostMs of [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]) {
      await vi.advanceTimersByTimeAsync(0)
      const [before, now] = [requests, vi.getTimerCount()]
      expect(now).toBe(1)
      let tookMs = 0
      while (requests === before && tookMs < mostMs + 10) {
        await vi.advanceTimersByTimeAsync(5)
        tookMs += 5
      }
      expect(tookMs).toBeGreaterThanOrEqual(mostMs / 2 - 5)
      expect(tookMs).toBeLessThanOrEqual(mostMs + 5)
      pauses.push(tookMs)
    }
    connection.hide()
    return pauses
  }
  expect(await pausesOf()).not.toEqual(await pausesOf())
})
