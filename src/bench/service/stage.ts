import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { HeadraceError } from '../../errors.ts'
import type { BenchRun } from '../rounds.ts'
import type { KernelName } from '../rows.ts'
import type { AppNames, Cluster, OutputMessage } from './cluster.ts'
import type { ServiceScale } from './scale.ts'
import { ServiceProcess } from './service-process.ts'

const pollMs = 5
const startDeadlineMs = 60_000
const endDeadlineMs = 30_000

export interface StageOptions extends BenchRun {
  readonly cluster: Cluster
  readonly kernel: KernelName
  readonly scale: ServiceScale
  /** An empty folder, for configurations and records. */
  readonly folder: string
  /** `bin/headrace.js` of this package. */
  readonly program: string
  /** Of the processes that are started. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** A part of a name that nobody else has. */
  createId(): string
}

/** An application with topics, and the file that `headrace run` is given. */
export interface StageApp extends AppNames {
  readonly file: string
  readonly partitions: number
}

export interface AppOptions {
  readonly partitions?: number
  /** An input topic that is there already; by default one of its own. */
  readonly input?: string
  readonly portfolio?: 'network' | 'full'
  /** The field with the name of the sequence; without it there is one sequence. */
  readonly key?: string
  /** Of section `snapshot`. */
  readonly maxReplayMs?: number
  /** Over the defaults of section `kafka`. */
  readonly kafka?: Readonly<Record<string, unknown>>
}

/** Processes and applications of one run of the benches, and what is to be done at its end. */
export class Stage {
  readonly options: StageOptions
  readonly #processes = new Set<ServiceProcess>()
  readonly #closers = new Set<() => Promise<void>>()
  #error: unknown = null

  constructor(options: StageOptions) {
    this.options = options
  }

  get cluster(): Cluster {
    return this.options.cluster
  }

  get scale(): ServiceScale {
    return this.options.scale
  }

  nowMs(): number {
    return this.options.clock.monotonicMs()
  }

  /** One GRU 32, everything else as by default. */
  async createApp(options: AppOptions = {}): Promise<StageApp> {
    const { cluster, kernel, folder } = this.options
    const { partitions = 1, portfolio = 'network', key, kafka = {}, maxReplayMs } = options
    const name = `headrace-bench-${this.options.createId()}`
    const input = options.input ?? `${name}-input`
    const config = {
      name,
      kafka: { brokers: cluster.brokers, ...kafka },
      input: { topic: input, time: 'time', ...(key === undefined ? {} : { key }) },
      task: { targets: ['y'], inputs: ['x'] },
      model: { cell: 'gru', hidden: 32, portfolio, kernel },
      ...(maxReplayMs === undefined ? {} : { snapshot: { maxReplayMs } }),
      http: { port: 0 },
    }
    const file = join(folder, `${name}.yaml`)
    // JSON is YAML.
    writeFileSync(file, JSON.stringify(config))
    await cluster.createTopics({ name, input }, partitions)
    return { name, input, file, partitions }
  }

  /** Starts `headrace run` for the application. */
  run(app: StageApp): ServiceProcess {
    return this.start(['run', '--config', app.file, '--json'])
  }

  start(args: readonly string[]): ServiceProcess {
    const { program, env } = this.options
    const started = new ServiceProcess({ program, args, env })
    this.#processes.add(started)
    void started.ended.then(() => this.#processes.delete(started))
    return started
  }

  /** Waits until every task of these processes runs and all partitions are taken. */
  async serving(app: StageApp, processes: readonly ServiceProcess[]): Promise<void> {
    await this.until(
      'the service to run',
      () => {
        const taken = processes.flatMap(({ assigned }) => assigned ?? [])
        return taken.length === app.partitions && processes.every(({ isServing }) => isServing)
      },
      { deadlineMs: startDeadlineMs, processes },
    )
  }

  /** SIGTERM; throws where the service does not end as it should. */
  async terminate(running: ServiceProcess): Promise<void> {
    const code = await this.within(endDeadlineMs, 'the service to end', running.terminate())
    if (code !== 0) throw this.#failure(`A service ended with code ${code}`, [running])
  }

  /** Follows the predictions of a partition until the function that it resolves with is called. */
  async follow(
    app: StageApp,
    partition: number,
    onMessages: (messages: readonly OutputMessage[], nowMs: number) => void,
  ): Promise<() => Promise<void>> {
    const stop = await this.cluster.followPredictions(app, partition, {
      onMessages: (messages) => onMessages(messages, this.nowMs()),
      onError: (error) => this.fail(error),
    })
    return this.atEnd(stop)
  }

  /** Makes `close` call `close` too, once, unless the function returned has been called before. */
  atEnd(close: () => Promise<void>): () => Promise<void> {
    const once = async () => {
      if (this.#closers.delete(once)) await close()
    }
    this.#closers.add(once)
    return once
  }

  /** What goes wrong beside the measurement: the next wait throws it. */
  fail(error: unknown): void {
    this.#error ??= error
  }

  /**
   * Polls until the condition holds. Throws the reason of an aborted signal, what `fail` was told,
   * and HEADRACE_BENCH_FAILED at the deadline or when one of the processes ends.
   */
  async until(
    what: string,
    condition: () => boolean | Promise<boolean>,
    {
      deadlineMs = 60_000,
      processes = [],
    }: { deadlineMs?: number; processes?: readonly ServiceProcess[] } = {},
  ): Promise<void> {
    const endMs = this.nowMs() + deadlineMs
    while (!(await condition())) {
      this.#check()
      if (!processes.every(({ isRunning }) => isRunning)) {
        throw this.#failure('A service has ended by itself', processes)
      }
      if (this.nowMs() > endMs) {
        throw this.#failure(`Not within ${deadlineMs} ms: ${what}`, processes)
      }
      await delay(pollMs)
    }
  }

  /** Lets so much time pass; throws as `until` does. */
  async pass(ms: number, processes: readonly ServiceProcess[] = []): Promise<void> {
    const endMs = this.nowMs() + ms
    await this.until('time to pass', () => this.nowMs() >= endMs, {
      deadlineMs: ms + endDeadlineMs,
      processes,
    })
  }

  /** The outcome of a promise, awaited as `until` waits. */
  async within<T>(deadlineMs: number, what: string, promise: Promise<T>): Promise<T> {
    let isSettled = false
    const settle = () => {
      isSettled = true
    }
    promise.then(settle, settle)
    await this.until(what, () => isSettled, { deadlineMs })
    return await promise
  }

  /** Ends what still runs: processes by SIGKILL, readers and producers. */
  async close(): Promise<void> {
    await Promise.all([...this.#processes].map((running) => running.kill()))
    await Promise.allSettled([...this.#closers].map((close) => close()))
  }

  #check(): void {
    this.options.signal.throwIfAborted()
    if (this.#error !== null) throw this.#error
  }

  #failure(message: string, processes: readonly ServiceProcess[]): HeadraceError {
    const logs = processes.map(({ log }) => log.trimEnd()).filter((log) => log !== '')
    const text = logs.length === 0 ? '.' : `; it logged:\n${logs.join('\n')}`
    return new HeadraceError('HEADRACE_BENCH_FAILED', `${message}${text}`)
  }
}
