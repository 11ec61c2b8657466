import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { configSchema } from '../../../src/config/schema.ts'
import { HeadraceError } from '../../../src/errors.ts'
import {
  createKafka,
  type KafkaSettings,
  kafkaOptions,
  requestTimeoutMs,
} from '../../../src/kafka/client.ts'
import { logCreator, silentLogger } from '../../../src/kafka/logger.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headrace-client-'))
})
afterEach(() => rm(folder, { recursive: true }))

function settings(kafka: object): KafkaSettings {
  return configSchema.parse({ kafka, task: { targets: ['value'] } }).kafka
}

describe('kafkaOptions', () => {
  test('passes brokers, client id and a login on', () => {
    const sasl = { mechanism: 'scram-sha-512', username: 'alice', password: 'secret' }
    const options = kafkaOptions(settings({ brokers: 'a:1,b:2', clientId: 'me', ssl: true, sasl }))
    expect(options).toMatchObject({ brokers: ['a:1', 'b:2'], clientId: 'me', ssl: true, sasl })
  })

  test('without sasl there is none', () => {
    expect(kafkaOptions(settings({}))).not.toHaveProperty('sasl')
    expect(kafkaOptions(settings({})).ssl).toBe(false)
  })

  test('reads the files of TLS', async () => {
    for (const name of ['ca', 'cert', 'key']) await writeFile(join(folder, name), `${name} PEM`)
    const files = { ca: join(folder, 'ca'), cert: join(folder, 'cert'), key: join(folder, 'key') }
    expect(kafkaOptions(settings({ ssl: { ...files, servername: 'kafka' } })).ssl).toEqual({
      ca: 'ca PEM',
      cert: 'cert PEM',
      key: 'key PEM',
      rejectUnauthorized: true,
      servername: 'kafka',
    })
  })

  test('a file of TLS that cannot be read is a mistake in the configuration', () => {
    const create = () => kafkaOptions(settings({ ssl: { ca: join(folder, 'absent') } }))
    expect(create).toThrow(HeadraceError)
    expect(create).toThrow(
      expect.objectContaining({
        code: 'HEADRACE_CONFIG_UNREADABLE',
        message: expect.stringContaining('kafka.ssl.ca'),
      }),
    )
  })

  test('reads the token anew at each login', async () => {
    const tokenFile = join(folder, 'token')
    await writeFile(tokenFile, 'first\n')
    const { sasl } = kafkaOptions(settings({ sasl: { mechanism: 'oauthbearer', tokenFile } }))
    const login = async () => {
      if (sasl === undefined || !('oauthBearerProvider' in sasl)) throw new Error('no provider')
      return (await sasl.oauthBearerProvider()).value
    }
    expect(await login()).toBe('first')
    await writeFile(tokenFile, 'second')
    expect(await login()).toBe('second')
    await rm(tokenFile)
    await expect(login()).rejects.toMatchObject({ code: 'HEADRACE_CONFIG_UNREADABLE' })
  })

  test('makes a client that has not connected yet', () => {
    const client = createKafka(settings({ brokers: '127.0.0.1:1' }), silentLogger)
    expect(client.producer({ createPartitioner: () => () => 0 })).toHaveProperty('transaction')
  })
})

test('a request ends well before the transaction that it belongs to', () => {
  expect(requestTimeoutMs({ transactionTimeoutMs: 12_000 })).toBe(8000)
  expect(requestTimeoutMs({ transactionTimeoutMs: 1000 })).toBe(666)
  expect(requestTimeoutMs({ transactionTimeoutMs: 900_000 })).toBe(8000)
})

test('what kafkajs calls an error is one line at debug', () => {
  const lines: unknown[][] = []
  const debug = (...line: unknown[]) => lines.push(line)
  logCreator({ ...silentLogger, debug })()({
    namespace: 'Connection',
    label: 'ERROR',
    log: { message: 'Connection error', timestamp: 'now', logger: 'kafkajs', broker: 'a:1' },
  })
  expect(lines).toEqual([
    [
      'kafka.client',
      { broker: 'a:1', namespace: 'Connection', severity: 'ERROR' },
      'Connection error',
    ],
  ])
})
