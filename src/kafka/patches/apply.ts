import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, sep } from 'node:path'
import { assert } from '../../assert.ts'
import { systemClock } from '../../clock.ts'
import { HeadraceError } from '../../errors.ts'
import { filterAborted } from './aborted.ts'
import { createBatchClass } from './batch.ts'
import { patchBroker } from './broker.ts'
import { patchBrokerPool } from './broker-pool.ts'
import { zstdCodec } from './codecs.ts'
import { patchConnection } from './connection.ts'
import { patchConsumerGroup } from './consumer-group.ts'
import { createDecodeMessages } from './decode.ts'
import { createProduceRequest, groupMessages } from './produce.ts'
import { patchRequestQueue } from './request-queue.ts'

export type Kafkajs = typeof import('kafkajs')

/** SHA-256 of every kafkajs source that a patch replaces or leans on, release 2.2.4. */
export const patchedSources: Readonly<Record<string, string>> = {
  'src/consumer/filterAbortedMessages.js':
    '54ce50f2a41ee1686da8b73bf8b502c7dd07c9d7cb0a494cdb36a7fc536ced8e',
  'src/consumer/batch.js': '04ee8657247441599f200af5871ce6b3c4463abe941b97405502f8f5f683face',
  'src/consumer/consumerGroup.js':
    'f3e461738585a8dc6574c647123a18afc732f81cdee4f9f7bb62e4aa1dffbfbb',
  'src/consumer/runner.js': 'fad3247df2e3ba483b94e014e5c5916fd72d7bdfc3b3dfccc5232b60da18306d',
  'src/protocol/requests/fetch/v4/decodeMessages.js':
    'd9fede59bebf84ee15169d0ecc54df594a11722b6ba8d5db535ed1d8548d4fcc',
  'src/protocol/recordBatch/v0/decoder.js':
    '38cae7fc865f9bc51941353e1f6e9419227a8799ba4efb437199393a4eb94819',
  'src/protocol/requests/produce/v3/request.js':
    '993a3db997827088f5acb08cacf3c67a99ec2886303ff465d244329b8a1c7f99',
  'src/protocol/request.js': '2270900ca6474026c11957fe71ac586881985460ed2554db22ad8870dcaff634',
  'src/producer/groupMessagesPerPartition.js':
    'ea72357721fbf67770b5e06b9bf4260faa1e60f3affb556bff2cc7892c1881fb',
  'src/broker/index.js': '9cbea8898528c439c213080f99d86974460114f81b5034c49aeb593a0337ca90',
  'src/cluster/brokerPool.js': '9994863e891ac2ab243f27f941ef87893889f53d64aa580353fafbb8d11614c6',
  'src/cluster/index.js': '3831a6845e4e9fb0de73d5ff50a3695974fb8a927acde677c524fe1c362bd57d',
  'src/network/connection.js': '2a993b2e74421ca6d846efd59e4ba74b11100dbe7d40d0f52ea3218e917aafdd',
  'src/network/requestQueue/index.js':
    'b55986089c14f8f7bfc377922e2e65b3e4c1e7c7af2752d3b10a75dfe9e9260c',
}

const applied = Symbol.for('headrace.kafkajs.patched')

/**
 * Loads kafkajs with its defects corrected; a second call returns the same module. No other place
 * of ours loads it. Throws `HEADRACE_KAFKA_PATCH` where the installed sources are not those that
 * the patches were written for.
 */
export function loadKafkajs(): Kafkajs {
  const require = createRequire(import.meta.url)
  const loaded = require.cache[require.resolve('kafkajs')]?.exports as Kafkajs | undefined
  if (loaded !== undefined && applied in loaded) return loaded
  // Who has loaded kafkajs as it is keeps that: its modules are bound to each other.
  const folder = dirname(require.resolve('kafkajs/package.json'))
  for (const path of Object.keys(require.cache)) {
    if (path.startsWith(`${folder}${sep}`)) delete require.cache[path]
  }
  verifySources((path) => readFileSync(require.resolve(`kafkajs/${path}`)))

  // These exports are bound when the modules that use them load: replace them first.
  const replace = (path: string, create: (original: unknown) => unknown): void => {
    const original = require(`kafkajs/${path}`)
    const module = require.cache[require.resolve(`kafkajs/${path}`)]
    assert(module !== undefined, 'a loaded module is in the cache')
    module.exports = create(original)
  }
  replace('src/protocol/requests/produce/v3/request.js', (original) =>
    createProduceRequest(original as Parameters<typeof createProduceRequest>[0], systemClock.nowMs),
  )
  replace('src/producer/groupMessagesPerPartition.js', () => groupMessages)
  const Decoder = require('kafkajs/src/protocol/decoder')
  replace('src/consumer/filterAbortedMessages.js', () => filterAborted)
  replace('src/consumer/batch.js', (original) =>
    createBatchClass(original as Parameters<typeof createBatchClass>[0]),
  )
  replace('src/protocol/requests/fetch/v4/decodeMessages.js', () =>
    createDecodeMessages({
      createDecoder: (bytes) => new Decoder(bytes),
      decodeBatch: require('kafkajs/src/protocol/recordBatch/v0/decoder'),
      decodeMessageSet: require('kafkajs/src/protocol/messageSet/decoder'),
    }),
  )

  const kafkajs = require('kafkajs') as Kafkajs
  patchConsumerGroup(
    require('kafkajs/src/consumer/consumerGroup').prototype,
    kafkajs.KafkaJSNonRetriableError,
  )
  patchBroker(require('kafkajs/src/broker').prototype)
  patchBrokerPool(
    require('kafkajs/src/cluster/brokerPool').prototype,
    kafkajs.KafkaJSBrokerNotFound as unknown as new (
      message: string,
    ) => Error,
  )
  patchConnection(require('kafkajs/src/network/connection').prototype)
  patchRequestQueue(require('kafkajs/src/network/requestQueue').prototype, systemClock.nowMs)
  const codecs: Record<number, unknown> = kafkajs.CompressionCodecs
  codecs[kafkajs.CompressionTypes.ZSTD] = () => zstdCodec
  Object.defineProperty(kafkajs, applied, { value: true })
  return kafkajs
}

/** Throws `HEADRACE_KAFKA_PATCH` unless every source has the hash of `patchedSources`. */
export function verifySources(read: (path: string) => Uint8Array): void {
  for (const [path, expected] of Object.entries(patchedSources)) {
    const hash = createHash('sha256').update(read(path)).digest('hex')
    if (hash !== expected) {
      throw new HeadraceError(
        'HEADRACE_KAFKA_PATCH',
        `The installed kafkajs/${path} is not that of release 2.2.4 (its SHA-256 begins with ` +
          `${hash.slice(0, 12)} instead of ${expected.slice(0, 12)}): headrace corrects defects ` +
          'in it and will not run on another version. Run `npm ci`.',
      )
    }
  }
}
