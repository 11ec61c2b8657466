import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { freePorts } from '../../../src/broker/free-ports.ts'
import { until } from '../../integration/support/broker.ts'

const startDeadlineMs = 60_000
const stopDeadlineMs = 10_000
const queryTimeoutMs = 20_000

export interface PrometheusOptions {
  /** An empty folder for its configuration and data; the caller removes it. */
  readonly folder: string
  readonly job: string
  /** host:port of what is scraped. */
  readonly targets: readonly string[]
  readonly ruleFiles: readonly string[]
}

export type Labels = Readonly<Record<string, string>>

/** One series of an instant query. */
export interface Sample {
  readonly metric: Labels
  readonly value: number
}

export interface Rule {
  readonly type: 'alerting' | 'recording'
  readonly name: string
  readonly query: string
  readonly health: string
  readonly lastError?: string
}

export interface Alert {
  readonly state: 'pending' | 'firing'
  readonly labels: Labels
  readonly annotations: Labels
}

/** A Prometheus on the loopback interface that scrapes and evaluates once a second. */
export class Prometheus {
  readonly url: string
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  #isRunning = true
  #log = ''

  private constructor(folder: string, configFile: string, port: number) {
    this.url = `http://127.0.0.1:${port}`
    const flags = [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ]
    this.#child = spawn('prometheus', flags, { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#log += text
    })
    this.#ended = new Promise((resolve) => {
      const end = () => {
        this.#isRunning = false
        resolve()
      }
      this.#child.on('exit', end)
      this.#child.on('error', (error) => {
        this.#log += error.message
        end()
      })
    })
  }

  /** Starts one and waits until it answers. */
  static async start(options: PrometheusOptions): Promise<Prometheus> {
    const { folder, job, targets, ruleFiles } = options
    mkdirSync(folder, { recursive: true })
    const configFile = join(folder, 'prometheus.yaml')
    const config = {
      global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
      rule_files: ruleFiles,
      scrape_configs: [{ job_name: job, static_configs: [{ targets }] }],
    }
    writeFileSync(configFile, stringify(config))
    const [port = 0] = await freePorts(1)
    const prometheus = new Prometheus(folder, configFile, port)
    try {
      await until('Prometheus to answer', () => prometheus.#isReady(), startDeadlineMs)
    } catch (error) {
      await prometheus.stop()
      throw new Error(`${(error as Error).message}; it logged:\n${prometheus.#log}`)
    }
    return prometheus
  }

  /**
   * The series of an instant query, at `timeMs` of the wall clock or now; a scalar is one series
   * without labels. Throws what Prometheus says where it refuses the query.
   */
  async query(expr: string, timeMs?: number): Promise<Sample[]> {
    const time = timeMs === undefined ? {} : { time: String(timeMs / 1_000) }
    const { resultType, result } = (await this.#get('query', { query: expr, ...time })) as {
      resultType: string
      result: unknown
    }
    if (resultType === 'scalar') {
      const [, value] = result as [number, string]
      return [{ metric: {}, value: Number(value) }]
    }
    const rows = result as { metric: Labels; value: [number, string] }[]
    return rows.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }))
  }

  /** Whether a query has a series anywhere in this time, as a chart of it would. */
  async hasDataWithin(expr: string, startMs: number, endMs: number): Promise<boolean> {
    const { result } = (await this.#get('query_range', {
      ...{ query: expr, step: '1' },
      ...{ start: String(startMs / 1_000), end: String(endMs / 1_000) },
    })) as { result: unknown[] }
    return result.length > 0
  }

  /** The values of a label over the series that match; Grafana's `label_values`. */
  async labelValues(label: string, selector: string): Promise<string[]> {
    return (await this.#get(`label/${label}/values`, { 'match[]': selector })) as string[]
  }

  async rules(): Promise<Rule[]> {
    const { groups } = (await this.#get('rules', {})) as { groups: { rules: Rule[] }[] }
    return groups.flatMap(({ rules }) => rules)
  }

  async alerts(): Promise<Alert[]> {
    const { alerts } = (await this.#get('alerts', {})) as { alerts: Alert[] }
    return alerts
  }

  /** SIGTERM, and SIGKILL where that takes long. */
  async stop(): Promise<void> {
    if (this.#isRunning) this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopDeadlineMs)
    await this.#ended
    clearTimeout(timer)
  }

  async #isReady(): Promise<boolean> {
    if (!this.#isRunning) throw new Error('Prometheus has ended by itself')
    try {
      return (await fetch(`${this.url}/-/ready`)).ok
    } catch {
      return false
    }
  }

  async #get(path: string, parameters: Readonly<Record<string, string>>): Promise<unknown> {
    const search = new URLSearchParams(parameters)
    const signal = AbortSignal.timeout(queryTimeoutMs)
    const answer = await fetch(`${this.url}/api/v1/${path}?${search}`, { signal })
    const { status, data, error } = (await answer.json()) as {
      status: string
      data: unknown
      error?: string
    }
    if (status !== 'success') throw new Error(`Prometheus: ${error ?? status}`)
    return data
  }
}
