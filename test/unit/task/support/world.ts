import { configSchema, type ServiceConfig } from '../../../../src/config/schema.ts'
import { MemoryGroup } from '../../../../src/log/memory-group.ts'
import { MemoryLog } from '../../../../src/log/memory-log.ts'
import { memoryPorts } from '../../../../src/log/memory-ports.ts'
import type { MemorySource } from '../../../../src/log/memory-source.ts'
import type { LogRecord } from '../../../../src/log/partition-log.ts'
import { Random } from '../../../../src/random.ts'
import { type CommitRecord, decodeCommit } from '../../../../src/task/commit-record.ts'
import type { StreamProcessor } from '../../../../src/task/engine.ts'
import { silentMetrics, type TaskLogger } from '../../../../src/task/observe.ts'
import type { Scheduler } from '../../../../src/task/scheduler.ts'
import { type Service, type ServiceOptions, startService } from '../../../../src/task/service.ts'
import { FakeProcessor, fakeEncoder } from './fake-processor.ts'
import { VirtualTime } from './virtual-time.ts'

export function testConfig(overrides: object = {}): ServiceConfig {
  const config = configSchema.parse({
    name: 'test',
    input: { topic: 'input' },
    task: { targets: ['y'] },
    ...overrides,
  })
  return config as ServiceConfig
}

export interface Line {
  readonly event: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** One process of headrace on a shared log. */
export interface Process {
  readonly service: Service
  readonly source: MemorySource
  readonly lines: readonly Line[]
  /** Calls that have been counted so far. */
  readonly calls: readonly string[]
  readonly isDead: boolean
  /** Ends it as kill -9 does: nothing it has asked for comes back, its timers are gone. */
  kill(): void
}

export interface ProcessOptions extends Partial<Omit<ServiceOptions, 'scheduler' | 'clock'>> {
  readonly config?: ServiceConfig
  createProcessor?(): StreamProcessor
  /** Before each request and after each answer: number (from 0) and name. May kill or throw. */
  atCall?(index: number, name: string, process: Process): Promise<void> | void
  readonly maxBatchRecords?: number
}

/** A log, a group, and virtual time. */
export class World {
  readonly time = new VirtualTime()
  readonly log: MemoryLog
  readonly group: MemoryGroup
  #ids = 0

  constructor(partitions = 1) {
    this.log = new MemoryLog({ partitions, clock: this.time })
    this.group = new MemoryGroup(partitions, this.time)
  }

  start(options: ProcessOptions = {}): Process {
    const lines: Line[] = []
    const calls: string[] = []
    let isDead = false
    const never = new Promise<never>(() => {})
    const scheduler: Scheduler = {
      immediate: (run) => this.time.immediate(() => isDead || run()),
      after: (delayMs, run) => this.time.after(delayMs, () => isDead || run()),
    }
    const count = async (name: string): Promise<void> => {
      if (isDead) return never
      await Promise.resolve()
      const index = calls.push(name) - 1
      if (holder.running !== undefined) await options.atCall?.(index, name, holder.running)
      if (isDead) return never
      await new Promise<void>((resolve) => scheduler.immediate(resolve))
    }
    const ports = memoryPorts({
      log: this.log,
      group: this.group,
      scheduler,
      step: count,
      maxBatchRecords: options.maxBatchRecords ?? 7,
    })
    const { config = testConfig(), atCall: _, maxBatchRecords: __, ...rest } = options
    const holder: { running?: Process } = {}
    const service = startService({
      config,
      ports,
      logger: recorder(lines, {}),
      metrics: silentMetrics,
      clock: this.time,
      scheduler,
      random: new Random(1),
      createId: () => `boot-${this.#ids++}`,
      createProcessor: () => new FakeProcessor(),
      createEncoder: () => fakeEncoder,
      ...rest,
    })
    const running: Process = {
      service,
      source: ports.source,
      lines,
      calls,
      get isDead() {
        return isDead
      },
      kill: () => {
        isDead = true
      },
    }
    holder.running = running
    return running
  }

  /** Stops a process as SIGTERM does, and lets time pass until it has ended. */
  async stop(process: Process): Promise<void> {
    let isOver = false
    void process.service.stop().then(() => {
      isOver = true
    })
    await this.time.until('the service to stop', () => isOver)
  }

  /** The session of a dead or stalled process expires. */
  expel(process: Process): void {
    this.group.remove(process.source)
  }

  commits(partition = 0): CommitRecord[] {
    return this.log
      .records('changelog', partition)
      .filter((record) => `${Buffer.from(record.key ?? [])}` === 'commit')
      .map((record) => decodeCommit(record.value ?? Buffer.of()))
  }

  /** Key and value of everything published, without the header that depends on the commits. */
  outputs(partition = 0): { predictions: string[]; deadLetters: string[] } {
    const text = ({ key, value, headers }: LogRecord): string => {
      const { 'headrace-commit': _, ...others } = headers
      const bytes = (part: Uint8Array | null) => (part === null ? null : `${Buffer.from(part)}`)
      return JSON.stringify([bytes(key), bytes(value), others])
    }
    return {
      predictions: this.log.records('predictions', partition).map(text),
      deadLetters: this.log.records('deadLetters', partition).map(text),
    }
  }

  published(partition = 0): number {
    const { predictions, deadLetters } = this.outputs(partition)
    return predictions.length + deadLetters.length
  }
}

function recorder(lines: Line[], bound: Readonly<Record<string, unknown>>): TaskLogger {
  const at = (event: string, fields: Readonly<Record<string, unknown>> = {}) =>
    void lines.push({ event, fields: { ...bound, ...fields } })
  return {
    debug: at,
    info: at,
    warn: at,
    error: at,
    child: (fields) => recorder(lines, { ...bound, ...fields }),
  }
}
