import { describe, expect, test } from 'vitest'
import { AssertionError } from '../../../src/assert.ts'
import { HeadraceError } from '../../../src/errors.ts'
import { loadKafkajs } from '../../../src/kafka/patches/apply.ts'
import { isRetriable, translateError } from '../../../src/kafka/translate-error.ts'

const kafkajs = loadKafkajs()
const context = { brokers: ['one:9092', 'two:9092'], doing: 'reading topic rides', topic: 'rides' }

function protocolError(type: string, code: number, retriable = false): Error {
  const fields = { type, code, retriable, message: `message of ${type}`, name: type }
  return new kafkajs.KafkaJSProtocolError(fields as never)
}

/** As kafkajs wraps the last error of a series of attempts. */
function exhausted(error: Error): Error {
  return new kafkajs.KafkaJSNumberOfRetriesExceeded(error as never, {
    retryCount: 6,
    retryTime: 1000,
  })
}

describe('translateError', () => {
  const types: [type: string, number: number, code: string][] = [
    ['UNKNOWN_TOPIC_OR_PARTITION', 3, 'HEADRACE_KAFKA_TOPIC_MISSING'],
    ['TOPIC_AUTHORIZATION_FAILED', 29, 'HEADRACE_KAFKA_UNAUTHORIZED'],
    ['GROUP_AUTHORIZATION_FAILED', 30, 'HEADRACE_KAFKA_UNAUTHORIZED'],
    ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 53, 'HEADRACE_KAFKA_UNAUTHORIZED'],
    ['SASL_AUTHENTICATION_FAILED', 58, 'HEADRACE_KAFKA_REFUSED'],
    ['ILLEGAL_SASL_STATE', 34, 'HEADRACE_KAFKA_REFUSED'],
    ['INVALID_PRODUCER_EPOCH', 47, 'HEADRACE_KAFKA_FENCED'],
    ['INVALID_TXN_STATE', 48, 'HEADRACE_KAFKA_FENCED'],
    ['MESSAGE_TOO_LARGE', 10, 'HEADRACE_KAFKA_TOO_LARGE'],
    ['REBALANCE_IN_PROGRESS', 27, 'HEADRACE_KAFKA_REBALANCED'],
    ['ILLEGAL_GENERATION', 22, 'HEADRACE_KAFKA_REBALANCED'],
    ['UNKNOWN_MEMBER_ID', 25, 'HEADRACE_KAFKA_REBALANCED'],
    ['COORDINATOR_NOT_AVAILABLE', 15, 'HEADRACE_KAFKA_FAILED'],
  ]

  test.each(types)('%s (%i) is %s, wrapped or not', (type, number, code) => {
    const error = protocolError(type, number)
    for (const thrown of [error, exhausted(error), exhausted(exhausted(error))]) {
      const translated = translateError(thrown, context)
      expect(translated).toBeInstanceOf(HeadraceError)
      expect(translated).toMatchObject({ code, cause: thrown })
    }
  })

  test('PRODUCER_FENCED, which kafkajs does not know, is HEADRACE_KAFKA_FENCED', () => {
    const error = new kafkajs.KafkaJSProtocolError({
      type: 'KAFKAJS_UNKNOWN_ERROR_CODE',
      code: -99,
      retriable: false,
      message: 'Unknown error code 90',
    } as never)
    expect(translateError(error, context)).toMatchObject({ code: 'HEADRACE_KAFKA_FENCED' })
  })

  test('an unreachable broker: addresses, cause, and what to check', () => {
    const error = new kafkajs.KafkaJSConnectionError('Connection error: connect ECONNREFUSED', {})
    const { message } = translateError(exhausted(error), context)
    expect(message).toBe(
      'Kafka at one:9092, two:9092 cannot be reached while reading topic rides: ' +
        'Connection error: connect ECONNREFUSED. ' +
        'Check kafka.brokers, and that a broker runs there.',
    )
  })

  test.each([
    ['Connection error: self-signed certificate in certificate chain', /Check kafka\.ssl/],
    ['Closed connection', /may expect kafka\.ssl or kafka\.sasl/],
  ])('%s: says which setting', (cause, hint) => {
    const error = new kafkajs.KafkaJSConnectionError(cause, {})
    expect(translateError(error, context).message).toMatch(hint)
  })

  test('a missing topic is named, with the command that creates the others', () => {
    const { message } = translateError(protocolError('UNKNOWN_TOPIC_OR_PARTITION', 3), context)
    expect(message).toMatch(/^Topic rides does not exist at one:9092.*`headrace topics`/)
  })

  test('what is ours passes unchanged, however deep', () => {
    const ours = new HeadraceError('HEADRACE_KAFKA_TIMEOUT', 'late')
    expect(translateError(exhausted(ours), context)).toBe(ours)
    const broken = new AssertionError('x')
    expect(translateError(broken, context)).toBe(broken)
  })

  test('a codec that cannot be read is HEADRACE_KAFKA_CODEC', () => {
    const error = Object.assign(new Error('Snappy compression not implemented'), {
      name: 'KafkaJSNotImplemented',
    })
    expect(translateError(error, context)).toMatchObject({
      code: 'HEADRACE_KAFKA_CODEC',
      message: expect.stringContaining('gzip or zstd'),
    })
  })

  test('anything else, even no error at all, is HEADRACE_KAFKA_FAILED', () => {
    for (const thrown of [new TypeError('x'), 'a string', undefined]) {
      expect(translateError(thrown, context)).toMatchObject({ code: 'HEADRACE_KAFKA_FAILED' })
    }
  })
})

test('isRetriable looks at the innermost cause', () => {
  expect(isRetriable(exhausted(protocolError('LEADER_NOT_AVAILABLE', 5, true)))).toBe(true)
  expect(isRetriable(exhausted(protocolError('MESSAGE_TOO_LARGE', 10)))).toBe(false)
  expect(isRetriable(new Error('x'))).toBe(false)
})
