import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { homedir, platform, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { userCacheFolder } from '../../../src/broker/cache-folder.ts'
import { provision } from '../../../src/broker/distribution.ts'
import { type BrokerRequest, findBroker, type Ways } from '../../../src/broker/find-broker.ts'
import { freePorts } from '../../../src/broker/free-ports.ts'
import { javaWay, startNode } from '../../../src/broker/java.ts'
import { systemClock } from '../../../src/clock.ts'
import { until, withAdmin } from '../support/broker.ts'

const { KAFKA_BROKERS: _, ...env } = process.env
// A machine that reaches Kafka by another way needs neither Java nor Maven; CI has to have both.
const installed = answers('java', '-version') && answers('mvn', '--version')
const withJava = test.runIf(installed || env.CI !== undefined)
const lines: string[] = []
const ways: Ways = { docker: async () => ({ missing: 'not asked' }), java: javaWay }
let temporaryFolder: string
let request: BrokerRequest

beforeAll(async () => {
  temporaryFolder = await mkdtemp(join(tmpdir(), 'headrace-test-'))
  const cacheFolder = userCacheFolder(env, platform(), homedir())
  const log = (line: string) => lines.push(line)
  request = { env, log, clock: systemClock, cacheFolder, temporaryFolder }
  if (!installed && env.CI === undefined) return
  // Fills the cache, so that what is timed below is a later start.
  const result = await javaWay(request)
  if ('missing' in result) throw new Error(`these tests need Java and Maven: ${result.missing}`)
  await result.stop()
})
afterEach(async () => {
  lines.length = 0
  expect(await readdir(temporaryFolder), 'folders left behind').toEqual([])
  expect(programs(), 'programs left behind').toEqual([])
})
afterAll(() => rm(temporaryFolder, { recursive: true }))

function answers(program: string, question: string): boolean {
  try {
    execFileSync(program, [question], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Command lines of all programs that work in our folder. */
function programs(): string[] {
  const all = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).split('\n')
  return all.filter((line) => line.includes(join(temporaryFolder, 'headrace-broker-')))
}

function accepts(address: string): Promise<boolean> {
  const [host = '', port = ''] = address.split(':')
  const socket = connect(Number(port), host)
  return new Promise((resolve) => {
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
  }).then((accepted) => {
    socket.destroy()
    return accepted === true
  })
}

async function start(overrides: Partial<BrokerRequest> = {}) {
  const broker = await findBroker({ ...request, ...overrides }, ways)
  if (broker.kind === 'none') throw new Error(broker.message)
  const address = broker.brokers[0]
  if (address === undefined) throw new Error('a broker without an address')
  return { address, kind: broker.kind, stop: () => broker.stop() }
}

// It holds true: a broker of ours is quickly there, serves, is alone, and goes without a trace,
// whichever way we go.
withJava('a later start takes seconds, and stop leaves no program, port or folder', async () => {
  const startMs = performance.now()
  const broker = await start()
  const seconds = (performance.now() - startMs) / 1000
  process.stderr.write(`broker: a later start took ${seconds.toFixed(2)} s\n`)
  expect(seconds).toBeLessThan(15)
  expect(broker.kind).toBe('java')
  const cluster = await withAdmin((admin) => admin.describeCluster(), [broker.address])
  expect(cluster.brokers.map(({ host, port }) => `${host}:${port}`)).toEqual([broker.address])
  await broker.stop()
  expect(await accepts(broker.address)).toBe(false)
  await broker.stop()
})

withJava('two brokers at once have nothing in common, and take their own properties', async () => {
  const [one, two] = await Promise.all([start(), start({ properties: { 'num.partitions': '3' } })])
  const topics = [{ topic: 'only-here' }]
  await withAdmin((admin) => admin.createTopics({ topics }), [two.address])
  expect(await withAdmin((admin) => admin.listTopics(), [one.address])).toEqual([])
  const { topics: described } = await withAdmin(
    (admin) => admin.fetchTopicMetadata({ topics: ['only-here'] }),
    [two.address],
  )
  expect(described[0]?.partitions).toHaveLength(3)
  await one.stop()
  expect(await accepts(two.address)).toBe(true)
  await two.stop()
})

withJava(
  'a process that is killed takes its broker and the folder with it within 3 s',
  async () => {
    const { child, address } = await holder()
    expect(await accepts(address)).toBe(true)
    expect(programs()).not.toEqual([])
    child.kill('SIGKILL')
    await until('the broker is gone', () => programs().length === 0, 3_000)
    await until(
      'its folder is gone',
      async () => (await readdir(temporaryFolder)).length === 0,
      3_000,
    )
    expect(await accepts(address)).toBe(false)
  },
)

withJava('a process that gets SIGTERM stops its broker and exits with 0', async () => {
  const { child, address } = await holder()
  child.kill('SIGTERM')
  const [code] = await once(child, 'exit')
  expect(code).toBe(0)
  expect(await accepts(address)).toBe(false)
})

/** The script that holds a broker, in a process of its own, and the address it prints. */
async function holder(): Promise<{ child: ChildProcess; address: string }> {
  const child = spawn(process.execPath, ['scripts/broker.js'], {
    // No engine answers there: this is about the broker of Java.
    env: { ...env, TMPDIR: temporaryFolder, DOCKER_HOST: 'unix:///none' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [chunk] = await once(child.stdout, 'data')
  return { child, address: String(chunk).trim() }
}

withJava('a port that someone takes in between costs one more attempt', async () => {
  const distribution = await provision({
    ...request,
    java: 'java',
    cacheFolder: join(request.cacheFolder, 'headrace', 'kafka'),
  })
  if (distribution === null) throw new Error('the cache is empty')
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const taken = (server.address() as { port: number }).port
  const [controllerPort = 0, freePort = 0] = await freePorts(2)
  const chosen = [
    [taken, controllerPort],
    [freePort, controllerPort],
  ]
  const choose = async (): Promise<number[]> => chosen.shift() ?? []
  const result = await startNode('java', distribution, temporaryFolder, request, choose)
  if ('missing' in result) throw new Error(result.missing)
  expect(result.brokers).toEqual([`127.0.0.1:${freePort}`])
  await result.stop()
  server.close()
})

withJava('a start that fails says why, keeps the log and leaves nothing else', async () => {
  const properties = { 'log.retention.bytes': 'much' }
  const found = await findBroker({ ...request, properties }, ways)
  const file = join(request.cacheFolder, 'headrace', 'kafka', 'failed-start.log')
  if (found.kind !== 'none') throw new Error('it started')
  expect(found.message).toContain(
    `Apache Kafka 4.1.0 did not start: it ended by itself; its log: ${file}`,
  )
  expect(found.message).toContain('set KAFKA_BROKERS')
  expect(await readFile(file, 'utf8')).toContain('Invalid value much')
  expect(lines.some((line) => line.includes('Invalid value much'))).toBe(true)
})

withJava('an abort during the start leaves nothing', async () => {
  const abort = new AbortController()
  const starting = findBroker({ ...request, signal: abort.signal }, ways)
  await Promise.all([
    expect(starting).rejects.toThrow('no longer wanted'),
    until('the node is under way', () => programs().length > 0).then(() =>
      abort.abort(new Error('no longer wanted')),
    ),
  ])
})

withJava('a first start fills an empty cache', async () => {
  const cacheFolder = await mkdtemp(join(tmpdir(), 'headrace-cache-'))
  const startMs = performance.now()
  const broker = await start({ cacheFolder })
  const seconds = (performance.now() - startMs) / 1000
  process.stderr.write(`broker: a first start took ${seconds.toFixed(2)} s\n`)
  await broker.stop()
  expect(await readdir(join(cacheFolder, 'headrace', 'kafka'))).toEqual(['4.1.0-1'])
  await rm(cacheFolder, { recursive: true })
})
