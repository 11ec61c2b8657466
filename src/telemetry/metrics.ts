import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { assert } from '../assert.ts'
import type { Clock } from '../clock.ts'
import { type MetricName, metricTable, misnamedDefaults } from './catalogue.ts'
import { type Instruments, TaskSeries } from './task-metrics.ts'
import { type Label, type MetricEntry, type TaskKind, taskStates } from './vocabulary.ts'

/** What is running, for the metrics that tell it. */
export interface RunFacts {
  /** Name of the application: a label of every metric. */
  readonly application: string
  /** Kind of its tasks: counters of other kinds are absent. */
  readonly kind: TaskKind
  /** Version of headrace. */
  readonly version: string
  /** Version of Node. */
  readonly node: string
  readonly kernel: string
  readonly cell: string
  readonly layers: number
  readonly hidden: number
  readonly window: number
  /** Levels of the intervals. */
  readonly levels: readonly number[]
  /** Replay time beyond which a snapshot is due. */
  readonly maxReplayMs: number
}

export interface MetricsOptions {
  readonly facts: RunFacts
  readonly clock: Pick<Clock, 'nowMs'>
  /** Process and Node metrics: they watch the whole process, so one instance may have them. */
  readonly process?: boolean
}

/** All metrics of a process, in a registry of their own. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #byName = new Map<string, Counter<Label> | Gauge<Label> | Histogram<Label>>()
  readonly #tasks = new Map<number, TaskSeries>()
  readonly #clock: Pick<Clock, 'nowMs'>
  readonly #kind: TaskKind

  constructor(options: MetricsOptions) {
    this.#clock = options.clock
    this.#kind = options.facts.kind
    this.#registry.setDefaultLabels({ application: options.facts.application })
    for (const [name, entry] of Object.entries(metricTable)) this.#register(name, entry)
    this.#tellFacts(options.facts)
    if (options.process ?? true) {
      // Its timer ticks every 10 ms unless told otherwise: a good part of an idle service's time.
      collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: 100 })
      for (const name of misnamedDefaults) this.#registry.removeSingleMetric(name)
    }
  }

  /** Content-Type of `text()`. */
  get contentType(): string {
    return this.#registry.contentType
  }

  /** The exposition in Prometheus' text format. */
  async text(): Promise<string> {
    for (const task of this.#tasks.values()) task.flush()
    const states = this.#gauge('headrace_tasks')
    for (const state of taskStates) {
      let count = 0
      for (const task of this.#tasks.values()) if (task.current === state) count++
      states.set({ state }, count)
    }
    return await this.#registry.metrics()
  }

  /**
   * The series of the task that owns `partition`. Take one for each incarnation: a new one takes
   * the place of the one before, whose gauges it clears.
   */
  task(partition: number): TaskSeries {
    this.#tasks.get(partition)?.close()
    const instruments: Instruments = {
      counter: (name) => this.#find(name, Counter),
      gauge: (name) => this.#gauge(name),
      histogram: (name) => this.#find(name, Histogram),
    }
    const task = new TaskSeries(partition, this.#kind, instruments, this.#clock, () => {
      if (this.#tasks.get(partition) === task) this.#tasks.delete(partition)
    })
    this.#tasks.set(partition, task)
    return task
  }

  /** The group has given this process its partitions. */
  rebalanced(): void {
    this.#find('headrace_rebalances_total', Counter).inc()
    this.#gauge('headrace_group_member').set(1)
  }

  /** This process is out of the group, and tries to come back. */
  interrupted(): void {
    this.#gauge('headrace_group_member').set(0)
  }

  /** The group's coordinator has answered. */
  heartbeat(): void {
    const gauge = this.#gauge('headrace_last_heartbeat_timestamp_seconds')
    gauge.set({}, this.#clock.nowMs() / 1_000)
  }

  /** So many live pages are open. */
  pageClients(count: number): void {
    this.#gauge('headrace_page_clients').set(count)
  }

  #tellFacts(facts: RunFacts): void {
    const { version, node, kernel, cell, layers, hidden, window } = facts
    this.#gauge('headrace_build_info').set({ version, node, kernel }, 1)
    this.#gauge('headrace_kernel_info').set({ kernel, cell, layers, hidden, window }, 1)
    this.#gauge('headrace_snapshot_replay_limit_seconds').set(facts.maxReplayMs / 1_000)
    // One without labels begins at 0, which here would be an answer of 1970.
    this.#gauge('headrace_last_heartbeat_timestamp_seconds').remove({})
    for (const level of facts.levels) {
      this.#gauge('headrace_interval_level_ratio').set({ level }, level)
    }
  }

  #register(name: string, entry: MetricEntry): void {
    const common = { name, help: entry.help, labelNames: entry.labels, registers: [this.#registry] }
    if (entry.type === 'counter') this.#byName.set(name, new Counter(common))
    else if (entry.type === 'gauge') this.#byName.set(name, new Gauge(common))
    else {
      assert(entry.buckets !== undefined, `histogram ${name} has buckets`)
      this.#byName.set(name, new Histogram({ ...common, buckets: [...entry.buckets] }))
    }
  }

  #gauge(name: MetricName): Gauge<Label> {
    return this.#find(name, Gauge)
  }

  #find<T>(name: MetricName, type: new (configuration: never) => T): T {
    const metric = this.#byName.get(name)
    assert(metric instanceof type, `${name} is a ${type.name}`)
    return metric as T
  }
}
