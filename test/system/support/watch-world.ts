import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MortalBroker } from '../../integration/service/mortal-broker.ts'
import { until } from '../../integration/support/broker.ts'
import { otherKinds } from './other-kinds.ts'
import { Prometheus } from './prometheus.ts'
import { ruleFiles, writeQuickRules } from './quick-rules.ts'
import { WatchedApp } from './watched-app.ts'

const servingDeadlineMs = 60_000
/** Of the application with two processes. */
const partitions = 4

export const job = 'headrace'

type Closer = () => Promise<void> | void

interface Parts {
  readonly broker: MortalBroker
  readonly app: WatchedApp
  readonly lone: WatchedApp
  readonly others: readonly WatchedApp[]
  readonly prometheus: Prometheus
  readonly quick: Prometheus
}

/** Applications under load, and those who watch them. */
export class WatchWorld implements Parts {
  readonly broker: MortalBroker
  /** The whole portfolio, in two processes. */
  readonly app: WatchedApp
  /** One network by itself, which nothing better holds, on the slowest kernel. */
  readonly lone: WatchedApp
  /** Small ones, one for each other kind of task. */
  readonly others: readonly WatchedApp[]
  /** With the rules as they ship. */
  readonly prometheus: Prometheus
  /** With the same rules in a hurry. */
  readonly quick: Prometheus
  readonly #openedMs = Date.now()
  readonly #closers: readonly Closer[]

  private constructor(parts: Parts, closers: readonly Closer[]) {
    this.broker = parts.broker
    this.app = parts.app
    this.lone = parts.lone
    this.others = parts.others
    this.prometheus = parts.prometheus
    this.quick = parts.quick
    this.#closers = closers
  }

  /** Starts all of it and waits until every task runs; what has started ends where one fails. */
  static async open(): Promise<WatchWorld> {
    const closers: Closer[] = []
    try {
      const world = new WatchWorld(await open(closers), closers)
      await world.serving()
      await world.scraped()
      return world
    } catch (error) {
      await closeAll(closers)
      throw error
    }
  }

  /** Names of those that forecast. */
  get applications(): string[] {
    return [this.app.config.name, this.lone.config.name]
  }

  /** Names of all. */
  get all(): string[] {
    return [...this.applications, ...this.others.map(({ config }) => config.name)]
  }

  /** Waits until the tasks of all processes run. */
  async serving(): Promise<void> {
    const runs = [this.app, this.lone, ...this.others].flatMap(({ runs: own }) => own)
    const ready = async (): Promise<boolean> =>
      (await Promise.all(runs.map((run) => run.isReady()))).every(Boolean)
    await until('all tasks to run', ready, servingDeadlineMs).catch((error: Error) => {
      throw new Error(`${error.message}; logged:\n${runs.map(({ log }) => log).join('\n')}`)
    })
  }

  /** Ends one process of two, and starts it again when the other has all partitions. */
  async restartOne(): Promise<void> {
    const [other, restarted] = this.app.runs
    await restarted?.end('SIGTERM')
    const running = `headrace_tasks{state="RUNNING", instance="${other?.instance}"}`
    await until('the other process to take over', async () => {
      const [tasks] = await this.prometheus.query(running)
      return tasks?.value === partitions
    })
    restarted?.start()
    await this.serving()
  }

  /** Waits until all processes have been scraped. */
  async scraped(): Promise<void> {
    await until('all targets to be up', async () => {
      const samples = await this.prometheus.query('up')
      return samples.length > 0 && samples.every(({ value }) => value === 1)
    })
  }

  /** Whether a query has data, now or at any time since this world was opened. */
  async hasData(expr: string, isInstant: boolean): Promise<boolean> {
    if (isInstant) return (await this.prometheus.query(expr)).length > 0
    return await this.prometheus.hasDataWithin(expr, this.#openedMs, Date.now())
  }

  async close(): Promise<void> {
    await closeAll(this.#closers)
  }
}

async function open(closers: Closer[]): Promise<Parts> {
  const folder = mkdtempSync(join(tmpdir(), 'headrace-watch-'))
  closers.push(() => rmSync(folder, { recursive: true, force: true }))
  const broker = await MortalBroker.start()
  closers.push(() => broker.stop())
  const common = { folder, address: broker.address }
  const app = await WatchedApp.start({
    ...{ ...common, processes: 2, partitions, recordsPerSecond: 800 },
    model: { hidden: 16 },
  })
  closers.push(() => app.close())
  const lone = await WatchedApp.start({
    ...{ ...common, processes: 1, partitions: 1, recordsPerSecond: 100 },
    model: { hidden: 128, portfolio: 'network', kernel: 'reference' },
  })
  lone.upstream.mood = 'noise'
  closers.push(() => lone.close())
  const others: WatchedApp[] = []
  for (const kind of otherKinds) {
    const other = await WatchedApp.start({
      ...{ ...common, processes: 1, partitions: 1, recordsPerSecond: 20, kind },
      model: { hidden: 4, layers: 1, learningRates: [1e-3] },
    })
    others.push(other)
    closers.push(() => other.close())
  }
  const targets = [app, lone, ...others].flatMap(({ runs }) => runs).map(({ instance }) => instance)
  const start = async (name: string, rules: readonly string[]): Promise<Prometheus> => {
    const options = { folder: join(folder, name), job, targets, ruleFiles: rules }
    const started = await Prometheus.start(options)
    closers.push(() => started.stop())
    return started
  }
  const quickFolder = join(folder, 'quick-rules')
  mkdirSync(quickFolder)
  const prometheus = await start('prometheus', ruleFiles)
  const quick = await start('quick', writeQuickRules(quickFolder))
  return { broker, app, lone, others, prometheus, quick }
}

/** In the opposite order of their start; one that fails keeps none of the others. */
async function closeAll(closers: readonly Closer[]): Promise<void> {
  for (const close of closers.toReversed()) {
    try {
      await close()
    } catch (error) {
      process.stderr.write(`not closed: ${String(error)}\n`)
    }
  }
}
