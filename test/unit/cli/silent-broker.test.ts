import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { demoFile } from '../../../src/cli/demo-data.ts'
import { headrace } from './replay-support.ts'

const stopMs = 3_000

/** A port that takes connections and never says a word, as a broker does that is stopped. */
async function silentBroker() {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port was given')
  return { address: `127.0.0.1:${address.port}`, connected: once(server, 'connection') }
}

/** Runs a command against it; each signal comes as soon as there is a connection. */
async function stopped(signals: NodeJS.Signals[], argsOf: (address: string) => string[]) {
  const { address, connected } = await silentBroker()
  let signalledMs = 0
  const ended = headrace(argsOf(address), {
    onStart(child) {
      onTestFinished(() => void child.kill('SIGKILL'))
      void connected.then(() => {
        signalledMs = performance.now()
        const [first, second] = signals
        if (first !== undefined) child.kill(first)
        // Equal signals that come at once are one.
        if (second !== undefined) setTimeout(() => child.kill(second), 100)
      })
    },
  })
  const { code, stderr, stdout } = await ended
  return { code, stderr, stdout, tookMs: performance.now() - signalledMs }
}

function produce(address: string): string[] {
  const file = fileURLToPath(demoFile('taxi.yaml'))
  return ['demo', '--produce', '-c', file, '--set', `kafka.brokers=${address}`]
}

const init = (address: string) => ['init', '--topic', 'rides', '--brokers', address]

test.each(['SIGINT', 'SIGTERM'] as const)('demo --produce ends at %s', async (signal) => {
  const { code, stderr, tookMs } = await stopped([signal], produce)
  expect(stderr).toContain('headrace: 0 records written\n')
  expect(code).toBe(0)
  expect(tookMs).toBeLessThan(stopMs)
})

test('a second Ctrl-C ends it at once', async () => {
  expect((await stopped(['SIGINT', 'SIGINT'], produce)).code).toBe(130)
})

test('init of a topic ends at the signal, and writes nothing', async () => {
  const { code, stdout, stderr, tookMs } = await stopped(['SIGINT'], init)
  expect(stderr).toContain('Topic rides tells nothing: no broker had answered')
  expect([code, stdout]).toEqual([2, ''])
  expect(tookMs).toBeLessThan(stopMs)
})
