import { assert } from '../../../../src/assert.ts'
import { configSchema, type ServiceConfig } from '../../../../src/config/schema.ts'
import { HeadraceError } from '../../../../src/errors.ts'
import { MemoryGroup } from '../../../../src/log/memory-group.ts'
import { MemoryLog } from '../../../../src/log/memory-log.ts'
import { type MemoryPorts, memoryPorts } from '../../../../src/log/memory-ports.ts'
import type { Carry } from '../../../../src/log/memory-sink.ts'
import type { MemorySource } from '../../../../src/log/memory-source.ts'
import { Random } from '../../../../src/random.ts'
import { type CommitRecord, decodeCommit } from '../../../../src/task/commit-record.ts'
import {
  defaultOutputBounds,
  type OutputBounds,
  type OutputEncoder,
  type StreamProcessor,
} from '../../../../src/task/engine/engine.ts'
import type { Engines } from '../../../../src/task/engine/engines.ts'
import { LocalEngines } from '../../../../src/task/engine/local-engines.ts'
import { silentMetrics, type TaskLogger } from '../../../../src/task/observe.ts'
import type { OutputRecord } from '../../../../src/task/ports.ts'
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

export interface ProcessOptions
  extends Partial<Omit<ServiceOptions, 'scheduler' | 'clock' | 'engines'>> {
  readonly config?: ServiceConfig
  createProcessor?(): StreamProcessor
  createEncoder?(partition: number): OutputEncoder
  readonly outputBounds?: OutputBounds
  /** Puts something between the tasks and their engines. */
  wrapEngines?(engines: Engines): Engines
  /** Puts something between the process and its log. */
  wrapPorts?(ports: MemoryPorts): MemoryPorts
  /**
   * Before each request (`end`) and after it was done (`after end`): number (from 0) and name. May
   * wait, kill or throw; a `Late` before a request lets it fail and has it done all the same.
   */
  atCall?: AtCall
  readonly maxBatchRecords?: number
  readonly maxChangelogRecords?: number
}

export type AtCall = (
  index: number,
  name: string,
  process: Process,
  partition: number | null,
  // biome-ignore lint/suspicious/noConfusingVoidType: most of them return nothing.
) => Promise<Late | void> | Late | void

/** A request that seems lost, and is done later. */
export interface Late {
  readonly lateMs: number
  readonly error: Error
}

export interface WorldOptions {
  /** How the group's news travel. */
  groupScheduler?(time: VirtualTime): Scheduler
  writeMarker?(time: VirtualTime, write: () => void): void
}

/** Whose requests are carried. */
interface Caller {
  readonly calls: string[]
  readonly scheduler: Scheduler
  readonly holder: { readonly running?: Process }
  isDead(): boolean
}

/** A log, a group, and virtual time. */
export class World {
  readonly time = new VirtualTime()
  readonly log: MemoryLog
  readonly group: MemoryGroup
  /** Counts of outputs that are still right. */
  readonly #published = new Map<number, number>()
  #ids = 0

  constructor(partitions = 1, options: WorldOptions = {}) {
    const { time } = this
    const { writeMarker } = options
    this.log = new MemoryLog({
      partitions,
      clock: time,
      ...(writeMarker && { writeMarker: (write) => writeMarker(time, write) }),
    })
    this.log.watch(() => this.#published.clear())
    this.group = new MemoryGroup(partitions, options.groupScheduler?.(time) ?? time)
  }

  start(options: ProcessOptions = {}): Process {
    const lines: Line[] = []
    const calls: string[] = []
    let isDead = false
    const scheduler: Scheduler = {
      immediate: (run) => this.time.immediate(() => isDead || run()),
      after: (delayMs, run) => this.time.after(delayMs, () => isDead || run()),
    }
    const holder: { running?: Process } = {}
    const carry = this.#carry(options.atCall, { calls, scheduler, holder, isDead: () => isDead })
    const plain = memoryPorts({
      log: this.log,
      group: this.group,
      scheduler,
      carry,
      maxBatchRecords: options.maxBatchRecords ?? 7,
      maxChangelogRecords: options.maxChangelogRecords ?? Number.POSITIVE_INFINITY,
    })
    const ports = options.wrapPorts?.(plain) ?? plain
    const { config = testConfig(), ...rest } = options
    const engines = new LocalEngines({
      clock: this.time,
      scheduler,
      bounds: options.outputBounds ?? defaultOutputBounds,
      createProcessor: () => options.createProcessor?.() ?? new FakeProcessor(),
      createEncoder: (partition) => options.createEncoder?.(partition) ?? fakeEncoder,
    })
    const service = startService({
      config,
      ports,
      logger: recorder(lines, {}),
      metrics: silentMetrics,
      clock: this.time,
      scheduler,
      random: new Random(1),
      createId: () => `boot-${this.#ids++}`,
      ...rest,
      engines: options.wrapEngines?.(engines) ?? engines,
    })
    const running: Process = {
      service,
      source: plain.source,
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

  /** The network of a process: whoever is dead hears nothing more. */
  #carry(atCall: AtCall | undefined, at: Caller): Carry {
    const never = new Promise<never>(() => {})
    return async (name, partition, apply) => {
      if (at.isDead()) return never
      // The first request comes before the process is known.
      await Promise.resolve()
      const call = (what: string) => {
        const index = at.calls.push(what) - 1
        assert(at.holder.running !== undefined, 'a process is known before its first request')
        return atCall?.(index, what, at.holder.running, partition)
      }
      const late = await call(name)
      if (late !== undefined) {
        this.time.after(late.lateMs, () => void attempt(apply))
        throw late.error
      }
      await new Promise<void>((resolve) => at.scheduler.immediate(resolve))
      if (at.isDead()) return never
      const answer = apply()
      await call(`after ${name}`)
      return at.isDead() ? never : answer
    }
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

  /** Ends a process as kill -9 does, and its session: no last snapshot is sealed. */
  crash(process: Process): void {
    process.kill()
    this.expel(process)
  }

  commits(partition = 0): CommitRecord[] {
    return this.log
      .records('changelog', partition)
      .filter((record) => `${Buffer.from(record.key ?? [])}` === 'commit')
      .map((record) => decodeCommit(record.value ?? Buffer.of()))
  }

  /** Key and value of everything published, without the header that depends on the commits. */
  outputs(partition = 0): { predictions: string[]; deadLetters: string[] } {
    return {
      predictions: this.log.records('predictions', partition).map(textOf),
      deadLetters: this.log.records('deadLetters', partition).map(textOf),
    }
  }

  /** Number of outputs of a partition. */
  published(partition = 0): number {
    const known = this.#published.get(partition)
    if (known !== undefined) return known
    const { log } = this
    const count = log.records('predictions', partition).length
    const total = count + log.records('deadLetters', partition).length
    this.#published.set(partition, total)
    return total
  }
}

/** An output record as text, without the header that depends on the commits. */
export function textOf({ key, value, headers = {} }: OutputRecord): string {
  const { 'headrace-commit': _, ...others } = headers
  const bytes = (part: Uint8Array | null) => (part === null ? null : `${Buffer.from(part)}`)
  return JSON.stringify([bytes(key), bytes(value), others])
}

/** Whether a call is not the task's own to repeat: joining, leaving and closing. */
export function isOnce(name: string): boolean {
  return /^(after )?(join|leave|close)$/.test(name)
}

/** What comes too late may meet a newer producer. */
function attempt(apply: () => unknown): void {
  try {
    apply()
  } catch (error) {
    if (!(error instanceof HeadraceError)) throw error
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
