import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { assert } from '../assert.ts'
import type { Clock } from '../clock.ts'
import { type Distribution, javaFlags, startedLine } from './distribution.ts'
import { brokerProperties, propertiesText } from './properties.ts'
import { watchdogScript } from './watchdog.ts'

const startTimeoutMs = 60_000
const stopTimeoutMs = 5_000
const pollIntervalMs = 25

export interface KafkaProcessOptions {
  readonly java: string
  readonly distribution: Distribution
  readonly port: number
  readonly controllerPort: number
  readonly env: Readonly<Record<string, string | undefined>>
  readonly temporaryFolder: string
  readonly properties?: Readonly<Record<string, string>> | undefined
}

/** One Kafka node in a fresh folder, under a watchdog that ends it and the folder with us. */
export class KafkaProcess {
  readonly address: string
  private readonly folder: string
  private readonly watchdog: ChildProcess
  /** What the node had written when it ended; null while it runs. */
  private finalLog: string | null = null
  private readonly gone: Promise<void>

  private constructor(folder: string, options: KafkaProcessOptions) {
    this.folder = folder
    this.address = `127.0.0.1:${options.port}`
    const program = [
      options.java,
      ...javaFlags,
      '-cp',
      options.distribution.classPath,
      'kafka.Kafka',
      join(folder, 'server.properties'),
    ]
    // A session of its own: Ctrl-C on the terminal must not end the broker before its clients.
    this.watchdog = spawn(
      'sh',
      ['-c', watchdogScript, 'headrace-broker', join(folder, 'broker.log'), folder, ...program],
      {
        cwd: folder,
        env: options.env,
        detached: true,
        stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
      },
    )
    this.gone = this.watch()
  }

  /** Copies the template, writes the properties and starts the node. */
  static async spawn(options: KafkaProcessOptions): Promise<KafkaProcess> {
    const folder = await mkdtemp(join(options.temporaryFolder, 'headrace-broker-'))
    const data = join(folder, 'data')
    await cp(options.distribution.template, data, { recursive: true })
    const listener = `127.0.0.1:${options.port}`
    const controller = `127.0.0.1:${options.controllerPort}`
    const properties = brokerProperties(
      { listener, advertised: listener, controller },
      { 'log.dirs': data, ...options.properties },
    )
    await writeFile(join(folder, 'server.properties'), propertiesText(properties))
    return new KafkaProcess(folder, options)
  }

  /** Follows the watchdog. The promise it returns is settled when node and folder are gone. */
  private watch(): Promise<void> {
    const { watchdog } = this
    const alive = watchdog.stdio[3]
    assert(watchdog.stdin !== null && alive instanceof Socket, 'the watchdog has its pipes')
    // A forgotten `stop` must not keep the process alive: the watchdog ends with it anyway.
    watchdog.unref()
    alive.unref()
    if (watchdog.stdin instanceof Socket) watchdog.stdin.unref()
    watchdog.stdin.on('error', () => {})
    alive.on('data', () => {})
    alive.on('close', () => {
      this.finalLog = this.readLog()
      watchdog.stdin?.end()
    })
    return new Promise((resolve) => {
      watchdog.on('exit', () => resolve())
      // There is no shell.
      watchdog.on('error', () => resolve())
    })
  }

  /**
   * Resolves once the node has joined its own cluster and serves clients; rejects when it will not.
   * Its log tells, not its port: that could be answered by someone who was quicker to take it.
   */
  async ready(clock: Clock, signal?: AbortSignal): Promise<void> {
    const deadlineMs = clock.monotonicMs() + startTimeoutMs
    while (!this.logText().includes(startedLine)) {
      signal?.throwIfAborted()
      if (this.finalLog !== null) throw new Error('it ended by itself')
      if (clock.monotonicMs() > deadlineMs) {
        throw new Error(`it is not ready after ${startTimeoutMs / 1000} s`)
      }
      await delay(pollIntervalMs)
    }
  }

  /** What the node has written so far. */
  logText(): string {
    return this.finalLog ?? this.readLog()
  }

  private readLog(): string {
    try {
      return readFileSync(join(this.folder, 'broker.log'), 'utf8')
    } catch {
      return ''
    }
  }

  /** Ends the node and removes its folder; may be called again. */
  async stop(): Promise<void> {
    this.watchdog.ref()
    this.watchdog.stdin?.end()
    const late = new AbortController()
    const timeout = delay(stopTimeoutMs, 'late', { signal: late.signal }).catch(() => 'stopped')
    const outcome = await Promise.race([this.gone, timeout])
    late.abort()
    if (outcome === 'late' && this.watchdog.pid !== undefined) {
      process.kill(-this.watchdog.pid, 'SIGKILL')
    }
    await rm(this.folder, { recursive: true, force: true })
  }
}
