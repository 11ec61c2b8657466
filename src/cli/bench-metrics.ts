import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { benchMetrics } from '../bench/metrics.ts'
import type { MetricsRow } from '../bench/metrics-rows.ts'
import type { MeteredPlan, MeteredService, MetricsScale, Round } from '../bench/metrics-service.ts'
import type { BenchRun } from '../bench/rounds.ts'
import type { KernelName } from '../bench/rows.ts'
import { HeadraceError } from '../errors.ts'
import type { ChildReply, ChildRequest } from './bench-metrics-child.ts'
import type { Io } from './command.ts'

const keptChars = 4000

export interface MetricsBenchPlan {
  readonly kernel: KernelName
  readonly metricsScale: MetricsScale
}

/**
 * Measures what watching a service costs, each service in a process of its own on the in-process
 * log; leaves no process.
 * @throws HeadraceError HEADRACE_BENCH_FAILED
 */
export async function runMetricsBench(
  { kernel, metricsScale: scale }: MetricsBenchPlan,
  run: BenchRun,
  io: Io,
): Promise<MetricsRow[]> {
  const start = (plan: MeteredPlan) => MeteredProcess.start(plan, run.signal, io.env)
  return await benchMetrics({ ...run, kernel, scale, start })
}

/** A service in a process of its own. */
class MeteredProcess implements MeteredService {
  readonly #child: ChildProcess
  readonly #ended: Promise<never>
  #stderr = ''
  #url: string | null = null

  private constructor(plan: MeteredPlan, signal: AbortSignal, env: Io['env']) {
    const child = fork(childFile(), [JSON.stringify(plan)], {
      env,
      signal,
      killSignal: 'SIGKILL',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child = child
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-keptChars)
    })
    this.#ended = new Promise((_resolve, reject) => {
      const end = () => reject(signal.aborted ? signal.reason : this.#failure())
      child.on('close', end)
      child.on('error', end)
    })
    this.#ended.catch(() => {})
  }

  static async start(
    plan: MeteredPlan,
    signal: AbortSignal,
    env: Io['env'],
  ): Promise<MeteredProcess> {
    const started = new MeteredProcess(plan, signal, env)
    const reply = await started.#reply()
    if (reply.type === 'ready') started.#url = reply.url
    return started
  }

  steady(recordsPerSecond: number, ms: number): Promise<Round> {
    return this.#round({ type: 'steady', recordsPerSecond, ms })
  }

  backlog(records: number): Promise<Round> {
    return this.#round({ type: 'backlog', records })
  }

  async scrape(): Promise<string> {
    const answer = await Promise.race([fetch(`${this.#url}/metrics`), this.#ended])
    return await answer.text()
  }

  async openPage(): Promise<() => Promise<void>> {
    const ending = new AbortController()
    const answer = await fetch(`${this.#url}/events`, { signal: ending.signal })
    if (!answer.ok || answer.body === null) throw this.#failure()
    const reading = answer.body.pipeTo(new WritableStream()).catch(() => {})
    return async () => {
      ending.abort()
      await reading
    }
  }

  async close(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended.catch(() => {})
  }

  async #round(request: ChildRequest): Promise<Round> {
    this.#child.send(request)
    const reply = await this.#reply()
    if (reply.type !== 'round') throw this.#failure()
    return reply.round
  }

  async #reply(): Promise<ChildReply> {
    const [reply] = (await Promise.race([once(this.#child, 'message'), this.#ended])) as [
      ChildReply,
    ]
    return reply
  }

  #failure(): HeadraceError {
    const log = this.#stderr.trimEnd()
    const text = log === '' ? '.' : `; it logged:\n${log}`
    return new HeadraceError('HEADRACE_BENCH_FAILED', `A service has ended by itself${text}`)
  }
}

/** The program beside this file: TypeScript in a checkout, JavaScript in the package. */
function childFile(): string {
  const name = import.meta.url.endsWith('.ts')
    ? './bench-metrics-child.ts'
    : './bench-metrics-child.js'
  return fileURLToPath(new URL(name, import.meta.url))
}
