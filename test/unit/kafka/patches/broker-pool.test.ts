import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import { loadKafkajs } from '../../../../src/kafka/patches/apply.ts'
import { type BrokerPool, patchBrokerPool } from '../../../../src/kafka/patches/broker-pool.ts'

class NoBroker extends Error {}

function pool(nodeIds: readonly string[]) {
  const prototype: Pick<BrokerPool, 'withBroker'> = { withBroker: () => Promise.reject() }
  patchBrokerPool(prototype, NoBroker)
  const asked: string[] = []
  const instance: BrokerPool = Object.assign(Object.create(prototype), {
    brokers: Object.fromEntries(nodeIds.map((nodeId) => [nodeId, {}])),
    findBroker: async ({ nodeId }: { nodeId: string }) => {
      asked.push(nodeId)
      return `broker ${nodeId}`
    },
  })
  return { instance, asked }
}

describe('withBroker', () => {
  test('gives what the first broker that answers says', async () => {
    const { instance, asked } = pool(['1', '2', '3'])
    const answer = await instance.withBroker(async ({ nodeId, broker }) => {
      if (nodeId !== '2') throw new Error(`${nodeId} is down`)
      return `${broker} answers`
    })
    expect(answer).toBe('broker 2 answers')
    expect(asked.at(-1)).toBe('2')
    expect(new Set(asked).size).toBe(asked.length)
  })

  test('throws what the last one answered where all have failed', async () => {
    const { instance, asked } = pool(['1', '2', '3'])
    const call = instance.withBroker(async ({ nodeId }) => {
      throw new Error(`${nodeId} is down`)
    })
    await expect(call).rejects.toThrow(/^[123] is down$/)
    expect(asked.toSorted()).toEqual(['1', '2', '3'])
    await expect(call).rejects.toThrow(`${asked.at(-1)} is down`)
  })

  test('says so where no broker is known', async () => {
    const call = pool([]).instance.withBroker(async () => 'never')
    await expect(call).rejects.toThrow(NoBroker)
  })
})

/** kafkajs's cluster with one broker, which answers every question for the coordinator so. */
function cluster(kafkajs: unknown, answer: unknown) {
  const require = createRequire(import.meta.url)
  const prototype = require('kafkajs/src/cluster').prototype
  const brokerPool = Object.assign(
    Object.create(require('kafkajs/src/cluster/brokerPool').prototype),
    {
      brokers: { 1: {} },
      findBroker: async () => ({ findGroupCoordinator: () => Promise.reject(answer) }),
    },
  )
  expect(kafkajs).toBe(require('kafkajs'))
  const logger = { debug: () => {} }
  const retrier = require('kafkajs/src/retry')({ retries: 0, initialRetryTime: 1 })
  return Object.assign(Object.create(prototype), { brokerPool, logger, retrier })
}

test('a group coordinator that cannot be asked for is an error as its cause is', async () => {
  const kafkajs = loadKafkajs()
  const lost = new kafkajs.KafkaJSConnectionError('Connection reset', {})
  const forbidden = new kafkajs.KafkaJSProtocolError({
    type: 'GROUP_AUTHORIZATION_FAILED',
    code: 30,
    retriable: false,
    message: 'not allowed',
  } as never)
  const ask = (answer: unknown): Promise<unknown> =>
    cluster(kafkajs, answer).findGroupCoordinator({ groupId: 'rides' })
  // As it is, kafkajs says for both that there is no coordinator, and that it is no use to retry.
  await expect(ask(lost)).rejects.toMatchObject({ name: lost.name, retriable: true })
  await expect(ask(forbidden)).rejects.toMatchObject({ type: 'GROUP_AUTHORIZATION_FAILED' })
})
