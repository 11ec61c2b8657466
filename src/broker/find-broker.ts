import { homedir, platform, tmpdir } from 'node:os'
import { type Clock, systemClock } from '../clock.ts'
import { HeadraceError } from '../errors.ts'
import { userCacheFolder } from './cache-folder.ts'
import { dockerWay } from './docker.ts'
import { javaWay } from './java.ts'

/** A Kafka that answers, or is said to. */
export interface Broker {
  readonly kind: 'env' | 'docker' | 'java'
  /** host:port, at least one. */
  readonly brokers: readonly string[]
  /** Not started by us: others may use it, and `stop` leaves it alone. */
  readonly foreign: boolean
  /** Ends a broker of ours together with its data; may be called again. */
  stop(): Promise<void>
}

/** There is no way to Kafka on this machine now. */
export interface NoBroker {
  readonly kind: 'none'
  /** One line: why each way is closed, and the three ways. */
  readonly message: string
}

export interface FindBrokerOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Takes single lines about what is being done; they belong on stderr. */
  readonly log: (line: string) => void
  /** Gives up a start under way. A broker that has started is ended by its `stop`. */
  readonly signal?: AbortSignal
  readonly clock?: Clock
  /** The folder in which every program has its cache; default by platform. */
  readonly cacheFolder?: string
  /** Where the folder of a running broker is made; default by the system. */
  readonly temporaryFolder?: string
  /** Properties of the broker over the usual ones; no effect on a foreign one. */
  readonly properties?: Readonly<Record<string, string>>
}

/** What a way to a broker is told. */
export interface BrokerRequest extends FindBrokerOptions {
  readonly clock: Clock
  readonly cacheFolder: string
  readonly temporaryFolder: string
}

/** A started broker, or what this machine lacks for this way. */
export type WayResult =
  | { readonly brokers: readonly string[]; stop(): Promise<void> }
  | { readonly missing: string }

/** Throws HEADRACE_BROKER_START when all it needs is there and it fails nevertheless. */
export type Way = (request: BrokerRequest) => Promise<WayResult>

export interface Ways {
  readonly docker: Way
  readonly java: Way
}

const remedy =
  'set KAFKA_BROKERS to a list of host:port, or start a Docker engine, ' +
  'or install Java 17 or later and Maven'

/**
 * Finds a Kafka for the demo and the tests: `KAFKA_BROKERS`, else a container, else Apache Kafka
 * on the machine's Java, each call a new one. Rejects only when `signal` is aborted.
 */
export async function findBroker(
  options: FindBrokerOptions,
  ways: Ways = { docker: dockerWay, java: javaWay },
): Promise<Broker | NoBroker> {
  const { env } = options
  const named = (env.KAFKA_BROKERS ?? '').split(',').map((part) => part.trim())
  const brokers = named.filter((part) => part !== '')
  if (brokers.length > 0) {
    return { kind: 'env', brokers, foreign: true, stop: async () => {} }
  }
  const request: BrokerRequest = {
    ...options,
    clock: options.clock ?? systemClock,
    cacheFolder: options.cacheFolder ?? userCacheFolder(env, platform(), homedir()),
    temporaryFolder: options.temporaryFolder ?? tmpdir(),
  }
  const reasons = ['KAFKA_BROKERS is not set']
  for (const kind of ['docker', 'java'] as const) {
    const result = await tryWay(ways[kind], request)
    if ('brokers' in result) return { kind, foreign: false, ...result }
    reasons.push(result.missing)
  }
  return { kind: 'none', message: `No way to Kafka (${reasons.join('; ')}): ${remedy}.` }
}

/** A way that fails is closed like one that is missing, but not without a word. */
async function tryWay(way: Way, request: BrokerRequest): Promise<WayResult> {
  request.signal?.throwIfAborted()
  try {
    return await way(request)
  } catch (error) {
    request.signal?.throwIfAborted()
    if (!(error instanceof HeadraceError)) throw error
    request.log(error.message)
    return { missing: error.message }
  }
}
