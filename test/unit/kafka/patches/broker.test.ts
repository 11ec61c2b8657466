import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { loadKafkajs } from '../../../../src/kafka/patches/apply.ts'

/** A broker of kafkajs whose connection is open, and which is slow to say what it speaks. */
function slowBroker() {
  loadKafkajs()
  const require = createRequire(import.meta.url)
  const Broker = require('kafkajs/src/broker')
  const said = Promise.withResolvers<object>()
  const connection = { getSupportAuthenticationProtocol: () => false, authenticate: async () => {} }
  const connectionPool = {
    host: 'one',
    port: 9092,
    connectionTimeout: 1000,
    isConnected: () => true,
    getConnection: async () => connection,
    setVersions: () => {},
    setSupportAuthenticationProtocol: () => {},
    send: async () => 'answered',
  }
  const logger = { namespace: () => ({ debug: () => {} }) }
  const broker = new Broker({ connectionPool, logger })
  broker.apiVersions = () => said.promise
  return { broker, say: (versions: object) => said.resolve(versions) }
}

test('a broker counts as connected when it is known what it speaks, and not before', async () => {
  const { broker, say } = slowBroker()
  const first = broker.connect()
  // As it is, kafkajs says true here, and that the broker is not connected to whoever believes it.
  expect(broker.isConnected()).toBe(false)
  const second = broker.connect()
  say({ 3: { minVersion: 0, maxVersion: 5 } })
  await Promise.all([first, second])
  expect(broker.isConnected()).toBe(true)
  expect(await broker.metadata(['rides'])).toBe('answered')
})
