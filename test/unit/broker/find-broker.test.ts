import { expect, test } from 'vitest'
import {
  type BrokerRequest,
  findBroker,
  type Way,
  type WayResult,
  type Ways,
} from '../../../src/broker/find-broker.ts'
import { HeadraceError } from '../../../src/errors.ts'

/** Ways that remember being asked. */
function fakeWays(docker: WayResult | Error, java: WayResult | Error) {
  const asked: string[] = []
  const requests: BrokerRequest[] = []
  const way = (name: string, result: WayResult | Error): Way => {
    return async (request) => {
      asked.push(name)
      requests.push(request)
      if (result instanceof Error) throw result
      return result
    }
  }
  const ways: Ways = { docker: way('docker', docker), java: way('java', java) }
  return { ways, asked, requests }
}

const missing = (reason: string): WayResult => ({ missing: reason })
const up: WayResult = { brokers: ['127.0.0.1:1'], stop: async () => {} }
const startFailed = new HeadraceError('HEADRACE_BROKER_START', 'it did not start; its log: /x')

function find(ways: Ways, env: Record<string, string> = {}, signal?: AbortSignal) {
  const lines: string[] = []
  const options = { env, log: (line: string) => lines.push(line), ...(signal ? { signal } : {}) }
  return { lines, found: findBroker(options, ways) }
}

// It holds true: the first way that works is taken, in the order variable, Docker, Java, and a way
// that fails is told and passed over.
test('KAFKA_BROKERS goes before all; it is foreign and nothing else is asked', async () => {
  const { ways, asked } = fakeWays(up, up)
  const broker = await find(ways, { KAFKA_BROKERS: ' a:1, b:2 ,' }).found
  expect(broker).toMatchObject({ kind: 'env', brokers: ['a:1', 'b:2'], foreign: true })
  expect(asked).toEqual([])
})

test.each(['', ' , '])('KAFKA_BROKERS=%j counts as not set', async (value) => {
  const { ways } = fakeWays(up, up)
  expect(await find(ways, { KAFKA_BROKERS: value }).found).toMatchObject({ kind: 'docker' })
})

test('Docker goes before Java, and its broker is ours to stop', async () => {
  const fake = fakeWays(missing('unused'), up)
  const stopped: string[] = []
  const docker: Way = async () => ({
    brokers: ['h:9'],
    stop: async () => {
      stopped.push('h:9')
    },
  })
  const broker = await find({ ...fake.ways, docker }).found
  expect(broker).toMatchObject({ kind: 'docker', brokers: ['h:9'], foreign: false })
  expect(fake.asked).toEqual([])
  if (broker.kind !== 'none') await broker.stop()
  expect(stopped).toEqual(['h:9'])
})

test('without Docker, Java', async () => {
  const { ways, asked } = fakeWays(missing('no Docker engine answers'), up)
  const { found, lines } = find(ways)
  expect(await found).toMatchObject({ kind: 'java', foreign: false })
  expect(asked).toEqual(['docker', 'java'])
  expect(lines).toEqual([])
})

test('a Docker that fails costs one line, then Java', async () => {
  const { ways } = fakeWays(startFailed, up)
  const { found, lines } = find(ways)
  expect(await found).toMatchObject({ kind: 'java' })
  expect(lines).toEqual(['it did not start; its log: /x'])
})

test('without any, one line says why each is closed and names the three', async () => {
  const { ways } = fakeWays(missing('no Docker engine answers'), startFailed)
  const { found, lines } = find(ways)
  expect(await found).toEqual({
    kind: 'none',
    message:
      'No way to Kafka (KAFKA_BROKERS is not set; no Docker engine answers; it did not start; ' +
      'its log: /x): set KAFKA_BROKERS to a list of host:port, or start a Docker engine, or ' +
      'install Java 17 or later and Maven.',
  })
  expect(lines).toEqual(['it did not start; its log: /x'])
})

test('a defect is not taken for a closed way', async () => {
  const { ways } = fakeWays(new TypeError('defect'), up)
  await expect(find(ways).found).rejects.toThrow(TypeError)
})

test('an abort ends the search with its reason', async () => {
  const abort = new AbortController()
  const { ways, asked } = fakeWays(missing('none'), up)
  const docker: Way = async (request) => {
    abort.abort(new Error('enough'))
    return await ways.docker(request)
  }
  await expect(find({ ...ways, docker }, {}, abort.signal).found).rejects.toThrow('enough')
  expect(asked).toEqual(['docker'])
})

test('the cache folder comes from the environment that was given', async () => {
  const { ways, requests } = fakeWays(missing('none'), up)
  await find(ways, { XDG_CACHE_HOME: '/caches' }).found
  expect(requests.map((request) => request.cacheFolder)).toEqual(['/caches', '/caches'])
})
