import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../../../src/broker/free-ports.ts'
import { silentLogger } from '../../../src/kafka/logger.ts'
import { PartitionReader } from '../../../src/kafka/partition-reader.ts'
import { MortalBroker } from '../service/mortal-broker.ts'
import { until, withAdmin } from '../support/broker.ts'
import { type ChaosApp, createChaosTopics, partitions, writeChaosConfig } from './app.ts'
import { Fleet } from './fleet.ts'
import { Oracle } from './oracle.ts'
import { KafkaProxy } from './proxy.ts'
import { Upstream } from './upstream.ts'

export interface WorldOptions {
  readonly seed: number
  readonly recordsPerSecond: number
}

/**
 * All that a fault can reach: a broker with two listeners, one that leads through the proxy and one
 * for ourselves; topics, upstream producers, processes (none to begin with), the oracle.
 */
export class World {
  readonly app: ChaosApp
  readonly broker: MortalBroker
  readonly proxy: KafkaProxy
  readonly fleet: Fleet
  readonly upstream: Upstream
  readonly oracles: readonly Oracle[]
  /** Reads by the listener that no fault touches but the broker's death. */
  readonly reader: PartitionReader
  /** Faults that go on behind the next ones. */
  readonly background = new Set<Promise<void>>()
  /** Configuration, logs of the processes, expected outputs. */
  readonly folder: string

  private constructor(
    app: ChaosApp,
    broker: MortalBroker,
    proxy: KafkaProxy,
    folder: string,
    options: WorldOptions,
  ) {
    this.app = app
    this.broker = broker
    this.proxy = proxy
    this.folder = folder
    this.fleet = new Fleet(app.file, folder)
    const { config, topics } = app
    this.reader = new PartitionReader({ ...config.kafka, brokers: [broker.address] }, silentLogger)
    this.oracles = Array.from(
      { length: partitions },
      (_, partition) => new Oracle(config, partition, folder, this.reader),
    )
    const { address } = broker
    this.upstream = new Upstream({ address, topic: topics.input, partitions, ...options })
  }

  static async open(options: WorldOptions): Promise<World> {
    const folder = mkdtempSync(join(tmpdir(), 'headrace-chaos-'))
    const proxy = await KafkaProxy.listen()
    const [proxiedPort = 0] = await freePorts(1)
    const broker = await MortalBroker.start((direct, controller) =>
      twoListeners(direct, controller, `127.0.0.1:${proxiedPort}`, proxy.address),
    )
    proxy.leadTo(proxiedPort)
    const app = writeChaosConfig(folder, [proxy.address])
    await createChaosTopics(app, broker.address)
    return new World(app, broker, proxy, folder, options)
  }

  /** Lets something go on behind the next faults. */
  behind(work: Promise<void>): void {
    const ended = work.finally(() => this.background.delete(ended))
    this.background.add(ended)
  }

  /** Waits until no upstream transaction is open: a commit is answered before its markers are. */
  async inputSettled(): Promise<void> {
    const { input } = this.app.topics
    const { address } = this.broker
    await until('the end of the upstream transactions', async () => {
      const ends = await withAdmin((admin) => admin.fetchTopicOffsets(input), [address])
      const stable = await Promise.all(
        ends.map((p) => this.reader.offset(input, p.partition, 'end')),
      )
      return ends.every(({ high }, index) => BigInt(high) === stable[index])
    })
  }

  /** Resolves when no fault goes on any more. */
  async calm(): Promise<void> {
    while (this.background.size > 0) await Promise.all(this.background)
  }

  /** Ends everything; keeps the folder where there is something to look at. */
  async close(keepsFolder: boolean): Promise<void> {
    await this.upstream.abandon()
    await this.fleet.destroy()
    await Promise.allSettled(this.background)
    await this.reader.close().catch(() => {})
    await this.proxy.close()
    await this.broker.stop()
    if (!keepsFolder) rmSync(this.folder, { recursive: true, force: true })
  }
}

function twoListeners(
  direct: string,
  controller: string,
  proxied: string,
  proxy: string,
): Record<string, string> {
  const protocols = ['PLAINTEXT', 'PROXIED', 'CONTROLLER'].map((name) => `${name}:PLAINTEXT`)
  return {
    listeners: `PLAINTEXT://${direct},PROXIED://${proxied},CONTROLLER://${controller}`,
    'advertised.listeners': `PLAINTEXT://${direct},PROXIED://${proxy}`,
    'listener.security.protocol.map': protocols.join(','),
    'inter.broker.listener.name': 'PLAINTEXT',
    // A node that comes back waits for the end of its former session.
    'broker.session.timeout.ms': '1500',
    'broker.heartbeat.interval.ms': '500',
    // What was deleted stays so when the broker dies.
    'log.initial.task.delay.ms': '500',
    'log.flush.start.offset.checkpoint.interval.ms': '300',
    'log.cleaner.backoff.ms': '300',
    // An id that rests for so long gets another producer id afterwards, as it does in a week
    // elsewhere: the last batch of the former one is kept, empty, by compaction.
    'transactional.id.expiration.ms': '4000',
    'transaction.remove.expired.transaction.cleanup.interval.ms': '1000',
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': '1000',
  }
}
