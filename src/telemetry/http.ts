import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { errorTable, HeadraceError } from '../errors.ts'
import { indexPage } from './index-page.ts'
import type { Logger } from './logger.ts'

const MAX_CONNECTIONS = 256
const MAX_HEADER_BYTES = 8 * 1024
const REQUEST_TIMEOUT_MS = 10_000
/** How long a request under way may hold up `close`. */
const CLOSE_TIMEOUT_MS = 1_000

export interface Readiness {
  readonly ready: boolean
  /** Why not, one sentence each; empty when ready. */
  readonly reasons: readonly string[]
}

export interface HttpOptions {
  readonly host: string
  /** 0 = any free port. */
  readonly port: number
  /** The answer of `/version`. */
  readonly version: Readonly<Record<string, string | number>>
  readonly readiness: () => Readiness
  readonly metrics: { readonly contentType: string; text(): Promise<string> }
  readonly logger: Pick<Logger, 'warn'>
}

export interface HttpServer {
  /** The port it listens on. */
  readonly port: number
  /** Where to find it, without a slash at the end. */
  readonly url: string
  /** Takes no new connection, lets requests under way finish for at most a second. */
  close(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

type Route = () => Answer | Promise<Answer>

const textType = 'text/plain; charset=utf-8'
const jsonType = 'application/json; charset=utf-8'

/**
 * Serves liveness, readiness, version and metrics, all of them read-only. Resolves once it
 * listens; throws HEADRACE_HTTP_PORT_IN_USE or HEADRACE_HTTP_LISTEN where it cannot.
 */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const routes = routeTable(options)
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: REQUEST_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: REQUEST_TIMEOUT_MS / 2,
    },
    (request, response) => void handle(routes, request, response, options.logger),
  )
  server.maxConnections = MAX_CONNECTIONS
  await listen(server, options)
  const { port } = server.address() as AddressInfo
  const host = options.host.includes(':') ? `[${options.host}]` : options.host
  return { port, url: `http://${host}:${port}`, close: () => close(server) }
}

function routeTable(options: HttpOptions): ReadonlyMap<string, Route> {
  const { version, readiness, metrics } = options
  const routes = new Map<string, Route>([
    ['/livez', () => ({ status: 200, contentType: textType, body: 'ok\n' })],
    [
      '/readyz',
      () => {
        const { ready, reasons } = readiness()
        return json(ready ? 200 : 503, { ready, reasons })
      },
    ],
    ['/version', () => json(200, version)],
    [
      '/metrics',
      async () => ({
        status: 200,
        contentType: metrics.contentType,
        body: await metrics.text(),
      }),
    ],
  ])
  const page = indexPage([...routes.keys()], String(version.version ?? ''))
  routes.set('/', () => ({ status: 200, contentType: 'text/html; charset=utf-8', body: page }))
  return routes
}

function json(status: number, value: unknown): Answer {
  return { status, contentType: jsonType, body: `${JSON.stringify(value)}\n` }
}

async function handle(
  routes: ReadonlyMap<string, Route>,
  request: IncomingMessage,
  response: ServerResponse,
  logger: Pick<Logger, 'warn'>,
): Promise<void> {
  const path = (request.url ?? '/').replace(/[?#].*$/s, '')
  const route = routes.get(path)
  if (route === undefined) {
    send(response, { status: 404, contentType: textType, body: 'not found\n' })
    return
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD')
    // What the request may still carry is not read.
    response.setHeader('Connection', 'close')
    send(response, { status: 405, contentType: textType, body: 'method not allowed\n' })
    return
  }
  try {
    send(response, await route())
  } catch (error) {
    logger.warn('http.failed', { path, error }, 'A request could not be answered')
    send(response, { status: 500, contentType: textType, body: 'internal error\n' })
  }
}

function send(response: ServerResponse, answer: Answer): void {
  const body = Buffer.from(answer.body)
  response.writeHead(answer.status, {
    'Content-Type': answer.contentType,
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'",
    'X-Content-Type-Options': 'nosniff',
  })
  // To HEAD, Node sends the headers alone.
  response.end(body)
}

async function listen(server: Server, { host, port }: HttpOptions): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(port, host, resolve)
  try {
    await promise
  } catch (cause) {
    const inUse = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE'
    const code = inUse ? 'HEADRACE_HTTP_PORT_IN_USE' : 'HEADRACE_HTTP_LISTEN'
    const what = inUse
      ? `Port ${port} on ${host} is in use by another process.`
      : `Cannot listen on port ${port} of ${host}: ${(cause as Error).message}.`
    throw new HeadraceError(code, `${what} ${errorTable[code].remedy}`, { cause })
  }
  server.removeListener('error', reject)
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  const timer = setTimeout(() => server.closeAllConnections(), CLOSE_TIMEOUT_MS)
  await promise
  clearTimeout(timer)
}
