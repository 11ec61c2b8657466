import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { dockerWay } from '../../../src/broker/docker.ts'
import {
  dockerEndpoints,
  ensureImage,
  findDockerEndpoint,
} from '../../../src/broker/docker-engine.ts'
import { systemClock } from '../../../src/clock.ts'

const image = { name: 'apache/kafka', tag: '4.1.0' }
let folder: string
let server: Server | null = null

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headrace-test-'))
})
afterEach(async () => {
  server?.closeAllConnections()
  server?.close()
  server = null
  await rm(folder, { recursive: true })
})

/** An engine of which only the named answers exist; returns its environment. */
async function engine(answer: RequestListener): Promise<{ DOCKER_HOST: string; path: string }> {
  const path = join(folder, 'docker.sock')
  server = createServer(answer).listen(path)
  await once(server, 'listening')
  return { DOCKER_HOST: `unix://${path}`, path }
}

const never = new AbortController().signal

// It holds true: an engine is one that answers, and an image is there or can be pulled.
test('DOCKER_HOST names the only endpoint, else the usual sockets are tried', () => {
  const named = (host: string, rest = {}) =>
    dockerEndpoints({ DOCKER_HOST: host, ...rest }, '/Users/u', 7)
  expect(named('unix:///x.sock')).toEqual([{ socketPath: '/x.sock' }])
  expect(named('tcp://10.0.0.1:2375')).toEqual([{ host: '10.0.0.1', port: 2375 }])
  expect(named('tcp://[::1]:2375')).toEqual([{ host: '::1', port: 2375 }])
  expect(named('tcp://10.0.0.1:2376', { DOCKER_TLS_VERIFY: '1' })).toEqual([])
  expect(named('ssh://user@host')).toEqual([])
  expect(dockerEndpoints({ XDG_RUNTIME_DIR: '/run/x' }, '/Users/u', 7)).toEqual(
    [
      '/var/run/docker.sock',
      '/run/x/docker.sock',
      '/Users/u/.docker/run/docker.sock',
      '/Users/u/.docker/desktop/docker.sock',
      '/run/user/7/docker.sock',
    ].map((socketPath) => ({ socketPath })),
  )
})

test('no socket, a refusal and a silence are no engine', async () => {
  expect(await findDockerEndpoint({ DOCKER_HOST: `unix://${folder}/none` })).toBe(null)
  let silent = true
  const env = await engine((_request, response) => {
    if (!silent) response.writeHead(403).end()
  })
  expect(await findDockerEndpoint(env)).toBe(null)
  silent = false
  expect(await findDockerEndpoint(env)).toBe(null)
})

test('an engine that answers the ping is found; an image it has is not pulled', async () => {
  const asked: string[] = []
  const env = await engine((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    response.end('OK')
  })
  const endpoint = await findDockerEndpoint(env)
  expect(endpoint).toEqual({ socketPath: env.path })
  if (endpoint !== null) await ensureImage(endpoint, image, never)
  expect(asked).toEqual(['GET /_ping', 'GET /images/apache/kafka:4.1.0/json'])
})

test('an image is pulled; a pull that fails half-way rejects with the reason', async () => {
  let progress = '{"status":"Pulling"}\n{"status":"Download complete"}\n'
  const env = await engine((request, response) => {
    const pull = request.method === 'POST'
    response.writeHead(pull ? 200 : 404).end(pull ? progress : '{"message":"No such image"}')
  })
  const endpoint = { socketPath: env.path }
  await ensureImage(endpoint, image, never)
  progress += '{"errorDetail":{"message":"i/o timeout"},"error":"i/o timeout"}\n'
  await expect(ensureImage(endpoint, image, never)).rejects.toThrow('i/o timeout')
})

test('an aborted pull ends the request, so the engine stops too', async () => {
  const abort = new AbortController()
  const closed = Promise.withResolvers<void>()
  const env = await engine((request, response) => {
    if (request.method === 'GET') {
      response.writeHead(404).end()
      return
    }
    response.on('close', () => closed.resolve())
    response.writeHead(200).write('{"status":"Pulling"}\n', () => abort.abort())
  })
  await expect(ensureImage({ socketPath: env.path }, image, abort.signal)).rejects.toThrow(/abort/)
  await closed.promise
})

test('Docker without the image and without a registry is a failed start, in one line', async () => {
  const env = await engine((request, response) => {
    if (request.url === '/_ping') response.end('OK')
    else if (request.method === 'GET') response.writeHead(404).end('{}')
    else response.writeHead(500).end('{"message":"no such host"}')
  })
  const request = { env, clock: systemClock, cacheFolder: folder, temporaryFolder: folder }
  await expect(dockerWay({ ...request, log: () => {} })).rejects.toMatchObject({
    code: 'HEADRACE_BROKER_START',
    message: 'Docker cannot pull apache/kafka:4.1.0: no such host',
  })
  const none = { ...request, env: { DOCKER_HOST: 'unix:///none' }, log: () => {} }
  expect(await dockerWay(none)).toEqual({ missing: 'no Docker engine answers' })
})
