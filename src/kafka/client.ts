import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Kafka, KafkaConfig } from 'kafkajs'
import type { Config } from '../config/schema.ts'
import { HeadraceError } from '../errors.ts'
import { type KafkaLogger, logCreator } from './logger.ts'
import { loadKafkajs } from './patches/apply.ts'

export type KafkaSettings = Config['kafka']

/** A first connection that has not come about by then is reported. */
export const connectDeadlineMs = 12_000

/** Waiting times of everything but a transaction: about four seconds in all. */
const retry = {
  initialRetryTime: 100,
  maxRetryTime: 1000,
  factor: 0.2,
  multiplier: 2,
  retries: 6,
}

/**
 * A kafkajs client, not yet connected. Throws `HEADRACE_KAFKA_PATCH` for another kafkajs than the
 * one whose defects we correct, and `HEADRACE_CONFIG_UNREADABLE` where a file for TLS cannot be
 * read.
 */
export function createKafka(settings: KafkaSettings, logger: KafkaLogger): Kafka {
  const kafkajs = loadKafkajs()
  return new kafkajs.Kafka({
    ...kafkaOptions(settings),
    logLevel: kafkajs.logLevel.INFO,
    logCreator: logCreator(logger),
  })
}

/** The settings in kafkajs's terms; reads the files for TLS. */
export function kafkaOptions(settings: KafkaSettings): KafkaConfig {
  const sasl = saslOptions(settings.sasl)
  return {
    clientId: settings.clientId,
    brokers: [...settings.brokers],
    ssl: tlsOptions(settings.ssl),
    ...(sasl === undefined ? {} : { sasl }),
    connectionTimeout: 3000,
    authenticationTimeout: 5000,
    requestTimeout: requestTimeoutMs(settings),
    retry,
  }
}

/** A request must come to its end within the transaction that it belongs to. */
export function requestTimeoutMs(settings: Pick<KafkaSettings, 'transactionTimeoutMs'>): number {
  return Math.min(8000, Math.floor((settings.transactionTimeoutMs * 2) / 3))
}

function tlsOptions(ssl: KafkaSettings['ssl']): NonNullable<KafkaConfig['ssl']> {
  if (typeof ssl === 'boolean') return ssl
  const { ca, cert, key, rejectUnauthorized, servername } = ssl
  return {
    rejectUnauthorized,
    ...(ca === undefined ? {} : { ca: readPem('ca', ca) }),
    ...(cert === undefined ? {} : { cert: readPem('cert', cert) }),
    ...(key === undefined ? {} : { key: readPem('key', key) }),
    ...(servername === undefined ? {} : { servername }),
  }
}

function readPem(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new HeadraceError(
      'HEADRACE_CONFIG_UNREADABLE',
      `kafka.ssl.${name}: ${path} cannot be read (${(error as Error).message}).`,
      { cause: error },
    )
  }
}

function saslOptions(sasl: KafkaSettings['sasl']): KafkaConfig['sasl'] {
  if (sasl === undefined) return undefined
  if (sasl.mechanism !== 'oauthbearer') return { ...sasl }
  const { tokenFile } = sasl
  return {
    mechanism: 'oauthbearer',
    // Read anew at each login: tokens are replaced while we run.
    oauthBearerProvider: async () => ({ value: await readToken(tokenFile) }),
  }
}

async function readToken(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    throw new HeadraceError(
      'HEADRACE_CONFIG_UNREADABLE',
      `kafka.sasl.tokenFile: ${path} cannot be read (${(error as Error).message}).`,
      { cause: error },
    )
  }
}
