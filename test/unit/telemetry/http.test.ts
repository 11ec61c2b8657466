import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { HeadraceError } from '../../../src/errors.ts'
import { type HttpOptions, type HttpServer, startHttp } from '../../../src/telemetry/http.ts'

const servers: HttpServer[] = []
const pageClients = (): void => {}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function start(options: Partial<HttpOptions> = {}): Promise<HttpServer> {
  const server = await startHttp({
    host: '127.0.0.1',
    port: 0,
    version: { version: '1.2.3', node: 'v24.0.0' },
    readiness: () => ({ ready: true, reasons: [] }),
    metrics: {
      contentType: 'text/plain; version=0.0.4',
      text: async () => 'a_total 1\n',
      pageClients,
    },
    feed: () => null,
    logger: { warn: () => {} },
    ...options,
  })
  servers.push(server)
  return server
}

async function fetchText(url: string, method = 'GET') {
  const response = await fetch(url, { method, headers: { connection: 'close' } })
  return { status: response.status, headers: response.headers, body: await response.text() }
}

describe('routes', () => {
  test('/livez answers while the event loop turns, ready or not', async () => {
    const { url } = await start({ readiness: () => ({ ready: false, reasons: ['x'] }) })
    expect(await fetchText(`${url}/livez`)).toMatchObject({ status: 200, body: 'ok\n' })
  })

  test('/readyz is 503 with reasons until the tasks run, and again when one fails', async () => {
    let reasons: string[] = ['partition 0 is RESTORING']
    const { url } = await start({ readiness: () => ({ ready: reasons.length === 0, reasons }) })
    const readyz = async () => {
      const { status, body } = await fetchText(`${url}/readyz?verbose`)
      return [status, JSON.parse(body)]
    }
    expect(await readyz()).toEqual([503, { ready: false, reasons: ['partition 0 is RESTORING'] }])
    reasons = []
    expect(await readyz()).toEqual([200, { ready: true, reasons: [] }])
    reasons = ['partition 1 is FAILED: expired input']
    expect(await readyz()).toEqual([503, { ready: false, reasons }])
  })

  test('/version is JSON', async () => {
    const { url } = await start()
    const { status, headers, body } = await fetchText(`${url}/version`)
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8')
    expect(JSON.parse(body)).toEqual({ version: '1.2.3', node: 'v24.0.0' })
  })

  test('/metrics has the content type of the registry', async () => {
    const { url } = await start()
    const { headers, body } = await fetchText(`${url}/metrics`)
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4')
    expect(body).toBe('a_total 1\n')
  })

  test('/ is one document whose policy lets its own script and style be, no other', async () => {
    const { url } = await start()
    const { status, headers, body } = await fetchText(`${url}/`)
    expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy).toMatch(/^default-src 'none';/)
    for (const element of ['script', 'style']) {
      const found = [...body.matchAll(new RegExp(`<${element}[^>]*>(.*?)</${element}>`, 'gs'))]
      expect(found).toHaveLength(1)
      const hash = createHash('sha256').update(found[0]?.[1] ?? '')
      expect(policy).toContain(`${element}-src 'sha256-${hash.digest('base64')}'`)
    }
  })

  test('no answer, refusals included, may be sniffed, framed or kept by a browser', async () => {
    const { url } = await start()
    for (const path of ['/', '/livez', '/metrics', '/nothing', '/events', '/sequences']) {
      const { headers } = await fetchText(url + path)
      expect(headers.get('content-security-policy')).toMatch(
        /default-src 'none'.*frame-ancestors 'none'/,
      )
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('x-frame-options')).toBe('DENY')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
      expect(headers.get('permissions-policy')).toContain('camera=()')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('access-control-allow-origin')).toBeNull()
    }
  })

  test('HEAD tells the length without the body', async () => {
    const { url } = await start()
    const { status, headers, body } = await fetchText(`${url}/metrics`, 'HEAD')
    expect([status, headers.get('content-length'), body]).toEqual([200, '10', ''])
  })

  test('other methods are 405, other paths 404', async () => {
    const { url } = await start()
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      for (const path of ['/metrics', '/events', '/sequences']) {
        const { status, headers } = await fetchText(url + path, method)
        expect([status, headers.get('allow')]).toEqual([405, 'GET, HEAD'])
      }
    }
    for (const path of ['/nothing', '/metrics/', '/%2e%2e/etc/passwd', '//livez']) {
      expect((await fetchText(url + path)).status).toBe(404)
    }
  })

  test('a failing scrape is 500, told in the log, and the next one is served', async () => {
    const events: unknown[] = []
    let broken = true
    const text = async () => {
      if (broken) throw new Error('registry')
      return 'b 1\n'
    }
    const { url } = await start({
      metrics: { contentType: 'text/plain', text, pageClients },
      logger: { warn: (...event) => void events.push(event) },
    })
    expect((await fetchText(`${url}/metrics`)).status).toBe(500)
    expect(events).toEqual([
      ['http.failed', expect.objectContaining({ path: '/metrics' }), expect.any(String)],
    ])
    broken = false
    expect((await fetchText(`${url}/metrics`)).status).toBe(200)
  })
})

describe('the server', () => {
  test('a port in use says what to set', async () => {
    const { port } = await start()
    const error = await start({ port }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(HeadraceError)
    expect(error).toMatchObject({
      code: 'HEADRACE_HTTP_PORT_IN_USE',
      exitCode: 1,
      message: expect.stringMatching(new RegExp(`Port ${port} .*http\\.port`)),
    })
  })

  test('an address of another machine says what to set', async () => {
    const error = await start({ host: '192.0.2.1' }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({
      code: 'HEADRACE_HTTP_LISTEN',
      exitCode: 1,
      message: expect.stringContaining('http.host'),
    })
  })

  test('headers beyond 32 KiB are refused, and the server lives on', async () => {
    const { port, url } = await start()
    const call = request({
      port,
      host: '127.0.0.1',
      path: '/livez',
      headers: { x: 'y'.repeat(33_000) },
    })
    call.end()
    const [response] = await once(call, 'response')
    expect(response.statusCode).toBe(431)
    response.resume()
    expect((await fetchText(`${url}/livez`)).status).toBe(200)
  })

  test('close lets a request under way finish and takes no new one', async () => {
    const gate = Promise.withResolvers<string>()
    const began = Promise.withResolvers<void>()
    const text = () => {
      began.resolve()
      return gate.promise
    }
    const server = await start({ metrics: { contentType: 'text/plain', text, pageClients } })
    const scrape = fetchText(`${server.url}/metrics`)
    await began.promise
    const closing = server.close()
    await expect(fetchText(`${server.url}/livez`)).rejects.toThrow()
    gate.resolve('c 1\n')
    expect((await scrape).body).toBe('c 1\n')
    await closing
    await server.close()
  })

  test('close does not wait for a client that says nothing', async () => {
    const server = await start()
    const socket = connect(server.port, '127.0.0.1')
    await once(socket, 'connect')
    const ended = once(socket, 'close')
    await server.close()
    socket.resume()
    await ended
  })
})
