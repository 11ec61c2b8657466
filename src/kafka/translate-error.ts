import { AssertionError } from '../assert.ts'
import { type ErrorCode, HeadraceError } from '../errors.ts'

/** Where an error happened, for the message. */
export interface ErrorContext {
  readonly brokers: readonly string[]
  /** A participle: 'reading topic rides, partition 3'. */
  readonly doing: string
  /** The topic where the error can only mean that one. */
  readonly topic?: string
}

interface Link {
  readonly name: string
  readonly message: string
  readonly type?: string
  readonly retriable?: boolean
}

/** https://kafka.apache.org/protocol.html#protocol_error_codes, by the names that kafkajs has. */
const codeByType: Readonly<Record<string, ErrorCode>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 'HEADRACE_KAFKA_TOPIC_MISSING',
  TOPIC_AUTHORIZATION_FAILED: 'HEADRACE_KAFKA_UNAUTHORIZED',
  GROUP_AUTHORIZATION_FAILED: 'HEADRACE_KAFKA_UNAUTHORIZED',
  CLUSTER_AUTHORIZATION_FAILED: 'HEADRACE_KAFKA_UNAUTHORIZED',
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 'HEADRACE_KAFKA_UNAUTHORIZED',
  SASL_AUTHENTICATION_FAILED: 'HEADRACE_KAFKA_REFUSED',
  UNSUPPORTED_SASL_MECHANISM: 'HEADRACE_KAFKA_REFUSED',
  ILLEGAL_SASL_STATE: 'HEADRACE_KAFKA_REFUSED',
  INVALID_PRODUCER_EPOCH: 'HEADRACE_KAFKA_FENCED',
  INVALID_TXN_STATE: 'HEADRACE_KAFKA_FENCED',
  MESSAGE_TOO_LARGE: 'HEADRACE_KAFKA_TOO_LARGE',
  RECORD_LIST_TOO_LARGE: 'HEADRACE_KAFKA_TOO_LARGE',
  REBALANCE_IN_PROGRESS: 'HEADRACE_KAFKA_REBALANCED',
  ILLEGAL_GENERATION: 'HEADRACE_KAFKA_REBALANCED',
  UNKNOWN_MEMBER_ID: 'HEADRACE_KAFKA_REBALANCED',
}

const codeByName: Readonly<Record<string, ErrorCode>> = {
  KafkaJSSASLAuthenticationError: 'HEADRACE_KAFKA_REFUSED',
  KafkaJSOffsetOutOfRange: 'HEADRACE_KAFKA_OUT_OF_RANGE',
  KafkaJSNotImplemented: 'HEADRACE_KAFKA_CODEC',
  KafkaJSConnectionError: 'HEADRACE_KAFKA_UNREACHABLE',
  KafkaJSConnectionClosedError: 'HEADRACE_KAFKA_UNREACHABLE',
  KafkaJSBrokerNotFound: 'HEADRACE_KAFKA_UNREACHABLE',
  KafkaJSNoBrokerAvailableError: 'HEADRACE_KAFKA_UNREACHABLE',
  KafkaJSRequestTimeoutError: 'HEADRACE_KAFKA_TIMEOUT',
  KafkaJSLockTimeout: 'HEADRACE_KAFKA_TIMEOUT',
}

/** Errors of kafkajs that have neither a type nor a name of their own. */
const codeByMessage: Readonly<Record<string, ErrorCode>> = {
  // PRODUCER_FENCED, which its table does not have.
  'Unknown error code 90': 'HEADRACE_KAFKA_FENCED',
}

const settling = [
  'GROUP_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
]

/**
 * The error that a user meets for one of kafkajs's: code by what caused it, message with what
 * happened, where, and what to do. Errors with a code of ours and assertions pass unchanged.
 */
export function translateError(error: unknown, context: ErrorContext): Error {
  const chain = causes(error)
  const ours = chain.find((link) => link instanceof HeadraceError || link instanceof AssertionError)
  if (ours !== undefined) return ours
  const code = codeOf(chain as unknown as readonly Link[])
  return new HeadraceError(code, messageOf(code, innermost(chain), context), { cause: error })
}

/** Whether kafkajs means that the same operation may succeed later. */
export function isRetriable(error: unknown): boolean {
  return (innermost(causes(error)) as Partial<Link>).retriable === true
}

/**
 * The group's coordinator has just been made or moved, as on a fresh broker: it will answer soon.
 */
export function isCoordinatorSettling(error: unknown): boolean {
  for (let e = error; e instanceof Error; e = e.cause) {
    if ('type' in e && settling.includes(String(e.type))) return true
  }
  return false
}

function causes(error: unknown): readonly Error[] {
  const chain: Error[] = []
  for (let link = error; link instanceof Error && chain.length < 10; link = link.cause) {
    chain.push(link)
  }
  return chain.length === 0 ? [new Error(String(error))] : chain
}

function innermost(chain: readonly Error[]): Error {
  return chain.at(-1) as Error
}

function codeOf(chain: readonly Link[]): ErrorCode {
  for (const link of chain.toReversed()) {
    const code = codeByType[link.type ?? ''] ?? codeByName[link.name] ?? codeByMessage[link.message]
    if (code !== undefined) return code
  }
  return 'HEADRACE_KAFKA_FAILED'
}

function messageOf(code: ErrorCode, cause: Error, context: ErrorContext): string {
  const at = context.brokers.join(', ')
  const { doing } = context
  const why = cause.message.replace(/\.$/, '')
  switch (code) {
    case 'HEADRACE_KAFKA_UNREACHABLE':
      return `Kafka at ${at} cannot be reached while ${doing}: ${why}. ${unreachableHint(why)}`
    case 'HEADRACE_KAFKA_REFUSED':
      return `Kafka at ${at} refused the login while ${doing}: ${why}. Check kafka.sasl.`
    case 'HEADRACE_KAFKA_UNAUTHORIZED':
      return (
        `Kafka at ${at} does not allow ${doing}: ${why}. ` +
        'Grant the rights that `headrace topics --acls` lists.'
      )
    case 'HEADRACE_KAFKA_TOPIC_MISSING':
      return (
        `${context.topic === undefined ? 'A topic' : `Topic ${context.topic}`} does not exist at ` +
        `${at}, found while ${doing}. Check input.topic; \`headrace topics\` creates the others.`
      )
    case 'HEADRACE_KAFKA_CODEC':
      return (
        `A batch cannot be read while ${doing}: ${why}. ` +
        'Produce uncompressed or with gzip or zstd.'
      )
    case 'HEADRACE_KAFKA_FENCED':
      return (
        `The transactional id has a newer epoch, seen while ${doing}: ${why}. Either another ` +
        'process owns the partition now, or the transaction took too long.'
      )
    default:
      return `Kafka at ${at} failed while ${doing}: ${why}.`
  }
}

function unreachableHint(why: string): string {
  if (/TLS|SSL|certificate|self[- ]signed/i.test(why)) {
    return 'Check kafka.ssl: the broker may not speak TLS there, or its certificate is not trusted.'
  }
  if (/closed connection|ECONNRESET/i.test(why)) {
    return 'The broker hung up: it may expect kafka.ssl or kafka.sasl.'
  }
  return 'Check kafka.brokers, and that a broker runs there.'
}
