import { createServer, type Server, type Socket } from 'node:net'
import { afterAll, describe, expect, test } from 'vitest'
import { checkTopics } from '../../../src/kafka/check.ts'
import { silentLogger } from '../../../src/kafka/logger.ts'
import { PartitionReader } from '../../../src/kafka/partition-reader.ts'
import { type Application, application, output, outputs, Recorder } from './setup.ts'

const boundMs = 20_000

/** Everything that connects first. */
const starts: Readonly<Record<string, (app: Application) => Promise<unknown>>> = {
  checkTopics: (app) => checkTopics(app.config),
  source: (app) => app.source().start(new Recorder()),
  // Where a broker accepts a connection and says nothing, it is the first transaction that fails.
  sink: async (app) => {
    const writer = await app.sink().open(0)
    try {
      await writer.commit(outputs({ changelog: [output('commit', 'c')] }))
    } finally {
      await writer.close()
    }
  },
  reader: (app) => new PartitionReader(app.kafka, silentLogger).offset('t', 0, 'start'),
}

async function failure(
  starting: Promise<unknown>,
): Promise<{ error: unknown; durationMs: number }> {
  const startMs = performance.now()
  const error = await starting.then(
    () => new Error('it did not fail'),
    (reason) => reason,
  )
  return { error, durationMs: performance.now() - startMs }
}

const open: { server: Server; sockets: Socket[] }[] = []
afterAll(() => {
  for (const { server, sockets } of open.splice(0)) {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
})

/** A port that accepts connections and then does what `onConnection` says. */
async function listen(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    onConnection(socket)
  })
  open.push({ server, sockets })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `127.0.0.1:${address.port}`
}

describe.each(Object.entries(starts))('%s', (_, start) => {
  test.concurrent('reports a port where nobody listens', async () => {
    const { error, durationMs } = await failure(start(application({ brokers: ['127.0.0.1:1'] })))
    expect(error).toMatchObject({ code: 'HEADRACE_KAFKA_UNREACHABLE', exitCode: 69 })
    expect((error as Error).message).toMatch(/127\.0\.0\.1:1 .*ECONNREFUSED.*kafka\.brokers/)
    expect(durationMs).toBeLessThan(boundMs)
  })

  test.concurrent('reports a port where nobody answers', async () => {
    const broker = await listen(() => {})
    const { error, durationMs } = await failure(start(application({ brokers: [broker] })))
    expect(error).toMatchObject({ code: 'HEADRACE_KAFKA_UNREACHABLE', exitCode: 69 })
    expect((error as Error).message).toContain(broker)
    expect(durationMs).toBeLessThan(boundMs)
  })

  test.concurrent('reports a broker that hangs up', async () => {
    const broker = await listen((socket) => socket.destroy())
    const { error, durationMs } = await failure(start(application({ brokers: [broker] })))
    expect(error).toMatchObject({ code: 'HEADRACE_KAFKA_UNREACHABLE', exitCode: 69 })
    expect(durationMs).toBeLessThan(boundMs)
  })

  test.concurrent('reports a login that the broker refuses', async () => {
    const sasl = { mechanism: 'plain' as const, username: 'alice', password: 'secret-word' }
    const { error, durationMs } = await failure(start(application({ sasl })))
    expect(error).toMatchObject({ code: 'HEADRACE_KAFKA_REFUSED', exitCode: 69 })
    expect((error as Error).message).toContain('kafka.sasl')
    expect((error as Error).message).not.toContain('secret-word')
    expect(durationMs).toBeLessThan(boundMs)
  })

  test.concurrent('reports a broker without TLS', async () => {
    const { error, durationMs } = await failure(start(application({ ssl: true })))
    expect(error).toMatchObject({ code: 'HEADRACE_KAFKA_UNREACHABLE', exitCode: 69 })
    expect((error as Error).message).toContain('kafka.ssl')
    expect(durationMs).toBeLessThan(boundMs)
  })
})
