import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pageDocument } from '../../../../src/telemetry/page/client/document.ts'
import type {
  Choice,
  Hello,
  Points,
  SequenceEntry,
  SequenceList,
  Status,
} from '../../../../src/telemetry/page/client/protocol.ts'
import { firstChoice, hello, horizons, points, sequences, status, targets } from './samples.ts'

const json = { 'Content-Type': 'application/json' }

/** What a stream starts with: so many points of its choice. */
const HISTORY = 200

/** Serves the page's document, and speaks to it as the service does, with data of its own. */
export class FakeService {
  /** Queries of the streams that were asked for, the oldest first. */
  readonly asked: URLSearchParams[] = []
  readonly searches: string[] = []
  token: string | null = null
  /** What it says of itself, besides what the samples say. */
  facts: Partial<Hello> = {}
  /** Sequences that are found before those of the samples. */
  more: readonly SequenceEntry[] = []
  /** What a stream begins with: all, no point while it restores, or no value of the choice. */
  begins: 'full' | 'restoring' | 'unknown' = 'full'
  /** Records so far. */
  records = HISTORY
  private readonly document = pageDocument()
  private readonly streams = new Map<ServerResponse, Choice>()
  private server: Server | null = null
  private port = 0

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get openStreams(): number {
    return this.streams.size
  }

  /** Listens; once more, on the same port. */
  async start(): Promise<void> {
    this.server = createServer((request, response) => this.answer(request, response))
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.server.once('error', reject)
    this.server.listen(this.port, '127.0.0.1', resolve)
    await promise
    this.port = (this.server.address() as AddressInfo).port
  }

  /** Goes away, as a process does that is killed. */
  async stop(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.server?.close(() => resolve())
    this.server?.closeAllConnections()
    this.streams.clear()
    await promise
  }

  /** More records, to all streams. */
  feed(count: number, more: Partial<Points> = {}): void {
    const from = this.records
    this.records += count
    for (const [response, choice] of this.streams) {
      send(response, 'points', points(choice, from, this.records, more))
    }
  }

  /** The status of now, to all streams. */
  tell(more: Partial<Status> & { partitions?: number } = {}): void {
    for (const response of this.streams.keys()) {
      send(response, 'status', status(this.records, more))
    }
  }

  /** It looks at something else now, to all streams; points of it follow or do not. */
  turn(more: Partial<Choice>): void {
    for (const [response, choice] of this.streams) {
      const other = { ...choice, ...more }
      this.streams.set(response, other)
      send(response, 'choice', other)
    }
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', this.url)
    if (url.pathname === '/') {
      response.writeHead(200, {
        'Content-Type': 'text/html; charset=utf-8',
        'Content-Security-Policy': this.document.contentSecurityPolicy,
        'X-Content-Type-Options': 'nosniff',
      })
      response.end(this.document.html)
    } else if (this.token !== null && request.headers.authorization !== `Bearer ${this.token}`) {
      response.writeHead(401, { ...json, 'WWW-Authenticate': 'Bearer' })
      response.end('{"error":"a token is needed"}')
    } else if (url.pathname === '/events') this.stream(url.searchParams, response)
    else if (url.pathname === '/sequences') this.search(url.searchParams, response)
    else response.writeHead(404).end()
  }

  private stream(query: URLSearchParams, response: ServerResponse): void {
    this.asked.push(query)
    const target = query.get('target') ?? firstChoice.target
    const horizon = Number(query.get('horizon') ?? firstChoice.horizon)
    if (!targets.includes(target) || !horizons.includes(horizon)) {
      response.writeHead(400, json).end('{"error":"no such target or horizon"}')
      return
    }
    const choice = {
      partition: Number(query.get('partition') ?? firstChoice.partition),
      sequence: query.get('sequence') ?? firstChoice.sequence,
      target,
      horizon,
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
    response.on('close', () => this.streams.delete(response))
    this.streams.set(response, choice)
    response.write(': keep-alive\n\n')
    send(response, 'hello', { ...hello(choice), ...this.facts })
    if (this.begins === 'restoring') {
      send(response, 'status', status(0, { ready: false, reasons: ['partition 0 is RESTORING'] }))
      return
    }
    send(response, 'status', status(this.records))
    if (this.begins === 'unknown') {
      const none = { choice, isReset: true, skipped: 0, points: [], next: null }
      send(response, 'points', none satisfies Points)
      return
    }
    const from = this.records - HISTORY
    const reset = { isReset: true, unknown: from + 20 }
    send(response, 'points', points(choice, from, this.records, reset))
  }

  private search(query: URLSearchParams, response: ServerResponse): void {
    const text = query.get('q') ?? ''
    this.searches.push(text)
    const found = [...this.more, ...sequences].filter(({ sequence }) => sequence.includes(text))
    const limit = Number(query.get('limit'))
    const list: SequenceList = { sequences: found.slice(0, limit), isCut: found.length > limit }
    response.writeHead(200, json).end(JSON.stringify(list))
  }
}

function send(response: ServerResponse, name: string, data: unknown): void {
  response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
}
