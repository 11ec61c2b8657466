import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, platform, tmpdir } from 'node:os'
import { join } from 'node:path'
import { userCacheFolder } from '../../../src/broker/cache-folder.ts'
import { javaFlags, provision, startedLine } from '../../../src/broker/distribution.ts'
import { freePorts } from '../../../src/broker/free-ports.ts'
import { brokerProperties, propertiesText } from '../../../src/broker/properties.ts'
import { watchdogScript } from '../../../src/broker/watchdog.ts'
import { systemClock } from '../../../src/clock.ts'
import { until } from '../support/broker.ts'

/** Whether this machine can start a broker of its own, which it may kill. */
export const canStartBroker = answers('java', '-version') && answers('mvn', '--version')

/** A broker that is killed and started again on the same port and the same data. */
export class MortalBroker {
  readonly address: string
  readonly #folder: string
  readonly #classPath: string
  #starts = 0
  #watchdog: ChildProcess | null = null

  private constructor(address: string, folder: string, classPath: string) {
    this.address = address
    this.#folder = folder
    this.#classPath = classPath
  }

  /** `more`: further broker properties, given its own address and its controller's. */
  static async start(
    more: (address: string, controller: string) => Readonly<Record<string, string>> = () => ({}),
  ): Promise<MortalBroker> {
    const { env } = process
    const distribution = await provision({
      env,
      java: 'java',
      cacheFolder: join(userCacheFolder(env, platform(), homedir()), 'headrace', 'kafka'),
      clock: systemClock,
      log: () => {},
    })
    if (distribution === null) throw new Error('there is no Kafka to start')
    const [port = 0, controllerPort = 0] = await freePorts(2)
    const address = `127.0.0.1:${port}`
    const folder = mkdtempSync(join(tmpdir(), 'headrace-mortal-'))
    const data = join(folder, 'data')
    cpSync(distribution.template, data, { recursive: true })
    const controller = `127.0.0.1:${controllerPort}`
    const properties = brokerProperties(
      { listener: address, advertised: address, controller },
      { 'log.dirs': data, ...more(address, controller) },
    )
    writeFileSync(join(folder, 'server.properties'), propertiesText(properties))
    const broker = new MortalBroker(address, folder, distribution.classPath)
    await broker.revive()
    return broker
  }

  /** Where it keeps its logs: one folder for each partition of a topic. */
  get dataFolder(): string {
    return join(this.#folder, 'data')
  }

  /** Starts it on its data and waits until it serves. */
  async revive(): Promise<void> {
    // What the watchdog removes with the program: its log, not its data.
    const scratch = join(this.#folder, `run-${this.#starts++}`)
    mkdirSync(scratch)
    const log = join(scratch, 'broker.log')
    const properties = join(this.#folder, 'server.properties')
    const program = ['java', ...javaFlags, '-cp', this.#classPath, 'kafka.Kafka', properties]
    const script = ['-c', watchdogScript, 'headrace-mortal', log, scratch, ...program]
    this.#watchdog = spawn('sh', script, { stdio: ['pipe', 'ignore', 'ignore', 'ignore'] })
    await until('the broker to serve', () => read(log).includes(startedLine))
  }

  /** SIGKILL: nothing is flushed, nobody is told. */
  async kill(): Promise<void> {
    const watchdog = this.#watchdog
    this.#watchdog = null
    if (watchdog === null) return
    const ended = once(watchdog, 'exit')
    watchdog.stdin?.end()
    await ended
  }

  async stop(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function answers(program: string, question: string): boolean {
  try {
    execFileSync(program, [question], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
