import { once } from 'node:events'
import { createRequire } from 'node:module'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { loadKafkajs } from '../../../../src/kafka/patches/apply.ts'
import { type Connection, patchConnection } from '../../../../src/kafka/patches/connection.ts'

const require = createRequire(import.meta.url)

/** Sockets that a server has open after two callers connected at once and one disconnected. */
async function socketsLeft(prepare: () => void): Promise<number> {
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('error', () => {}).on('close', () => open.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  prepare()
  const Class = require('kafkajs/src/network/connection')
  const createLogger = require('kafkajs/src/loggers').createLogger
  const connection = new Class({
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    logger: createLogger({ level: 0, logCreator: () => () => {} }),
    socketFactory: require('kafkajs/src/network/socketFactory')(),
    connectionTimeout: 5_000,
    requestTimeout: 5_000,
  })
  await Promise.all([connection.connect(), connection.connect()])
  await connection.disconnect()
  const deadline = Date.now() + 300
  while (open.size > 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const left = open.size
  for (const socket of open) socket.destroy()
  server.close()
  return left
}

test('two callers who connect at once share one socket, and none is left behind', async () => {
  expect(await socketsLeft(() => void loadKafkajs())).toBe(0)
})

test('kafkajs as it is leaves one', async () => {
  const unpatched = () => {
    for (const path of Object.keys(require.cache)) {
      if (path.includes('kafkajs')) delete require.cache[path]
    }
  }
  expect(await socketsLeft(unpatched)).toBe(1)
})

test('after an attempt has ended, well or not, the next one is a new one', async () => {
  let attempts = 0
  const prototype: Connection = {
    connect: async () => {
      attempts++
      if (attempts === 1) throw new Error('refused')
    },
  }
  patchConnection(prototype)
  await expect(prototype.connect()).rejects.toThrow('refused')
  await prototype.connect()
  await prototype.connect()
  expect(attempts).toBe(3)
})
