import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { errorTable, HeadraceError } from '../errors.ts'
import { type AccessOptions, isLoopback, refuse } from './http/access.ts'
import { type Answer, json, refusal, send, text } from './http/answer.ts'
import { Connections } from './http/connections.ts'
import { PageRoutes } from './http/page-routes.ts'
import type { Logger } from './logger.ts'
import { pageDocument } from './page/client/document.ts'
import type { PageFeed } from './page/feed.ts'

const MAX_CONNECTIONS = 256
/** A key of 8,192 bytes in a query takes three times as much. */
const MAX_HEADER_BYTES = 32 * 1024
const REQUEST_TIMEOUT_MS = 10_000
/** How long an answer under way may hold up `close`. */
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
  readonly metrics: {
    readonly contentType: string
    text(): Promise<string>
    /** So many live pages are open. */
    pageClients(count: number): void
  }
  /** What the live page shows; null while there is nothing yet. */
  readonly feed: () => PageFeed | null
  /** Who asks for data of the stream must bring it; undefined: nobody need. */
  readonly token?: string | undefined
  readonly logger: Pick<Logger, 'warn'>
}

export interface HttpServer {
  /** The port it listens on. */
  readonly port: number
  /** Where to find it, without a slash at the end. */
  readonly url: string
  /**
   * Takes no new connection, ends the streams of live pages, lets answers under way leave for at
   * most a second.
   */
  close(): Promise<void>
}

interface Site {
  readonly routes: ReadonlyMap<string, Route>
  readonly pages: PageRoutes
  readonly access: AccessOptions
  readonly logger: Pick<Logger, 'warn'>
}

type Route = () => Answer | Promise<Answer>

/**
 * Serves liveness, readiness, version, metrics and the live page, all of them read-only. Resolves
 * once it listens; throws HEADRACE_HTTP_PORT_IN_USE or HEADRACE_HTTP_LISTEN where it cannot.
 */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: REQUEST_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: REQUEST_TIMEOUT_MS / 2,
    // Refused further below, with the headers of every answer.
    requireHostHeader: false,
  })
  server.maxConnections = MAX_CONNECTIONS
  const { feed, readiness, metrics, logger, token } = options
  const pages = new PageRoutes({
    feed,
    readiness,
    version: String(options.version.version ?? ''),
    onPages: (count) => metrics.pageClients(count),
  })
  const routes = routeTable(options)
  await listen(server, options)
  const { port, address } = server.address() as AddressInfo
  const access = { token, isLoopback: isLoopback(address), host: options.host }
  const site: Site = { routes, pages, access, logger }
  const connections = new Connections(server, (request, response) => {
    void handle(site, request, response)
  })
  const host = options.host.includes(':') ? `[${options.host}]` : options.host
  const closeAll = (): Promise<void> => {
    pages.close()
    return connections.close(CLOSE_TIMEOUT_MS)
  }
  return { port, url: `http://${host}:${port}`, close: closeAll }
}

/** The routes whose answer does not depend on the request. */
function routeTable({ version, readiness, metrics }: HttpOptions): ReadonlyMap<string, Route> {
  const { html, contentSecurityPolicy } = pageDocument()
  const page: Answer = {
    status: 200,
    contentType: 'text/html; charset=utf-8',
    body: html,
    headers: { 'Content-Security-Policy': contentSecurityPolicy },
  }
  return new Map<string, Route>([
    ['/', () => page],
    ['/livez', () => text(200, 'ok\n')],
    [
      '/readyz',
      () => {
        const { ready, reasons } = readiness()
        return json(ready ? 200 : 503, { ready, reasons })
      },
    ],
    ['/version', () => json(200, version)],
    ['/metrics', scraper(metrics)],
  ])
}

/** One scrape at a time: who asks while one is under way gets the same. */
function scraper(metrics: HttpOptions['metrics']): Route {
  let underWay: Promise<Answer> | null = null
  const answer = async (): Promise<Answer> => {
    const body = Buffer.from(await metrics.text())
    return { status: 200, contentType: metrics.contentType, body }
  }
  return () => {
    underWay ??= answer().finally(() => {
      underWay = null
    })
    return underWay
  }
}

async function handle(
  site: Site,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [path = '/', search = ''] = (request.url ?? '/').replace(/#.*$/s, '').split(/\?(.*)/s, 2)
  try {
    const answer = await answerOf(site, request, response, path, search)
    if (answer !== null) send(response, answer)
  } catch (error) {
    site.logger.warn('http.failed', { path, error }, 'A request could not be answered')
    if (response.headersSent) response.destroy()
    else send(response, text(500, 'internal error\n'))
  }
}

/** null: it is being answered. */
async function answerOf(
  { routes, pages, access }: Site,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  search: string,
): Promise<Answer | null> {
  const problem = problemOf(request)
  if (problem !== null) return problem
  const route = routes.get(path)
  const isData = path === '/events' || path === '/sequences'
  if (route === undefined && !isData) return text(404, 'not found\n')
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    // What the request may still carry is not read.
    const headers = { Allow: 'GET, HEAD', Connection: 'close' }
    return { ...text(405, 'method not allowed\n'), headers }
  }
  if (route !== undefined) return await route()
  const refused = refuse(request.headers, access)
  if (refused !== null) return refused
  const query = new URLSearchParams(search)
  if (path === '/sequences') return await pages.sequences(query)
  pages.events(query, response, request.method === 'HEAD')
  return null
}

/** What is wrong with a request whatever it asks for. */
function problemOf({ httpVersion, headers }: IncomingMessage): Answer | null {
  if (httpVersion === '1.1' && headers.host === undefined) {
    return refusal(400, 'A Host header is needed', { Connection: 'close' })
  }
  const { expect = '100-continue' } = headers
  if (expect.toLowerCase() === '100-continue') return null
  return refusal(417, 'Nothing but 100-continue can be expected', { Connection: 'close' })
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
