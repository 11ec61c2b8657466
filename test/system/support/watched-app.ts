import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { freePorts } from '../../../src/broker/free-ports.ts'
import { loadServiceConfig } from '../../../src/config/load.ts'
import type { ServiceConfig } from '../../../src/config/schema.ts'
import { HeadraceError } from '../../../src/errors.ts'
import { createTopics, withAdmin } from '../../../src/kafka/topics.ts'
import { uniqueName, until } from '../../integration/support/broker.ts'
import { type MakeRecord, season, Upstream } from './upstream.ts'
import { WatchedRun } from './watched-run.ts'

const topicMissing = 'HEADRACE_KAFKA_TOPIC_MISSING'

export interface WatchedAppOptions {
  /** For its configuration. */
  readonly folder: string
  readonly address: string
  readonly processes: number
  readonly partitions: number
  readonly recordsPerSecond: number
  /** Section `model` of the configuration. */
  readonly model: Readonly<Record<string, unknown>>
  /** Section `task`, a forecast of `y` where absent, and the records that it wants. */
  readonly kind?: { readonly task: Readonly<Record<string, unknown>>; readonly make: MakeRecord }
}

/** An application, its processes and those who write to its input. */
export class WatchedApp {
  readonly config: ServiceConfig
  readonly runs: readonly WatchedRun[]
  readonly upstream: Upstream

  private constructor(config: ServiceConfig, runs: readonly WatchedRun[], upstream: Upstream) {
    this.config = config
    this.runs = runs
    this.upstream = upstream
  }

  /** Creates its topics and starts all of it; whoever calls waits until its tasks run. */
  static async start(options: WatchedAppOptions): Promise<WatchedApp> {
    const { address, processes, partitions, recordsPerSecond, kind } = options
    const { file, config } = writeConfig(options)
    await createAll(config, partitions)
    const ports = await freePorts(processes)
    const runs = ports.map((port) => new WatchedRun(file, port))
    for (const run of runs) run.start()
    const { topic } = config.input
    const upstream = new Upstream({
      ...{ address, topic, partitions, recordsPerSecond },
      ...(kind === undefined ? {} : { make: kind.make }),
    })
    return new WatchedApp(config, runs, upstream)
  }

  async close(): Promise<void> {
    await Promise.all([this.upstream.close(), ...this.runs.map((run) => run.end('SIGKILL'))])
  }
}

/** A busy broker does not know at once what it has just created. */
async function createAll(config: ServiceConfig, inputPartitions: number): Promise<void> {
  const create = async (): Promise<boolean> => {
    try {
      await withAdmin(config.kafka, (admin) => createTopics(admin, config, { inputPartitions }))
      return true
    } catch (error) {
      if (error instanceof HeadraceError && error.code === topicMissing) return false
      throw error
    }
  }
  await until('the topics to be there', create)
}

/** A snapshot every few seconds; all else as by default. */
function writeConfig({ folder, address, model, kind }: WatchedAppOptions): {
  file: string
  config: ServiceConfig
} {
  const name = uniqueName('watch')
  const content = {
    name,
    kafka: { brokers: [address], sessionTimeoutMs: 6_000, heartbeatIntervalMs: 500 },
    input: { topic: `${name}-in`, ...(kind === undefined ? { time: 'at' } : {}) },
    task: kind?.task ?? { targets: ['y'], horizons: [1, 5], seasons: [season] },
    model,
    snapshot: { maxReplayMs: 50 },
  }
  const file = join(folder, `${name}.yaml`)
  writeFileSync(file, stringify(content))
  return { file, config: loadServiceConfig({ file, env: {} }).config }
}
