import type { Counter, Gauge, Histogram } from 'prom-client'
import type { Clock } from '../clock.ts'
import {
  type CommitOutcome,
  commitOutcomes,
  type Label,
  type MetricName,
  type TaskState,
} from './catalogue.ts'

/** Errors of one member at one target and horizon; NaN = not known yet. */
export interface MemberErrors {
  readonly target: string
  readonly horizon: number
  /** Name of the member, or `mixture`. */
  readonly member: string
  readonly mae: number
  readonly fadingMae: number
  readonly wmape: number
  readonly fadingWmape: number
}

/** What a task reports, in plain numbers, once a batch or a commit; never per record. */
export interface TaskMetrics {
  state(state: TaskState): void
  /** Records taken in since the last call, dead letters included. */
  records(count: number): void
  predictions(count: number): void
  /** `reason`: code of the error table. */
  deadLetters(reason: string, count: number): void
  updates(count: number): void
  /** One transaction has ended. */
  commit(outcome: CommitOutcome, durationMs: number): void
  /** A snapshot was sealed: from its cut on, and what it wrote. */
  snapshot(durationMs: number, bytes: number): void
  /** One batch has been decoded, stepped and encoded. */
  step(durationMs: number): void
  /** Where the task stands after its newest record, whose times these are. */
  position(lagRecords: number, timestampMs: number, eventTimeMs: number | null): void
  sequences(count: number): void
  queue(records: number, capacityRecords: number): void
  /** Records replayed of those to replay. */
  restore(doneRecords: number, totalRecords: number): void
  gradientNorm(member: string, norm: number): void
  errors(rows: readonly MemberErrors[]): void
  /** The task is gone: its gauges disappear, its counters stay for the next one. */
  close(): void
}

/** The instruments by name, as `TaskSeries` needs them. */
export interface Instruments {
  counter(name: MetricName): Counter<Label>
  gauge(name: MetricName): Gauge<Label>
  histogram(name: MetricName): Histogram<Label>
}

const gaugesByPartition = [
  'headrace_lag_records',
  'headrace_event_time_lag_seconds',
  'headrace_last_record_timestamp_seconds',
  'headrace_restore_progress_ratio',
  'headrace_sequences',
  'headrace_snapshot_bytes',
  'headrace_queue_records',
  'headrace_queue_capacity_records',
] as const

const gaugesByMember = [
  ['headrace_prequential_mae', 'mae'],
  ['headrace_prequential_fading_mae', 'fadingMae'],
  ['headrace_prequential_wmape_ratio', 'wmape'],
  ['headrace_prequential_fading_wmape_ratio', 'fadingWmape'],
] as const

type MemberLabels = Pick<MemberErrors, 'target' | 'horizon' | 'member'>

/** The series of one partition. Counters begin at 0, so a rate sees the first event too. */
export class TaskSeries implements TaskMetrics {
  readonly #partition: string
  readonly #clock: Pick<Clock, 'nowMs'>
  readonly #instruments: Instruments
  readonly #onClose: () => void
  /** What to remove at the end: members by target and horizon, networks by name. */
  readonly #members = new Map<string, MemberLabels>()
  readonly #networks = new Set<string>()
  #state: TaskState = 'CREATED'
  #open = true

  constructor(
    partition: number,
    instruments: Instruments,
    clock: Pick<Clock, 'nowMs'>,
    onClose: () => void,
  ) {
    this.#partition = String(partition)
    this.#instruments = instruments
    this.#clock = clock
    this.#onClose = onClose
    for (const count of ['records', 'predictions', 'updates'] as const) this.#count(count, 0)
    const commits = instruments.counter('headrace_commits_total')
    for (const outcome of commitOutcomes) commits.inc({ partition: this.#partition, outcome }, 0)
    for (const timed of ['commit', 'snapshot', 'step'] as const) {
      instruments
        .histogram(`headrace_${timed}_duration_seconds`)
        .zero({ partition: this.#partition })
    }
  }

  get current(): TaskState {
    return this.#state
  }

  state(state: TaskState): void {
    this.#state = state
  }

  records(count: number): void {
    this.#count('records', count)
  }

  predictions(count: number): void {
    this.#count('predictions', count)
  }

  updates(count: number): void {
    this.#count('updates', count)
  }

  deadLetters(reason: string, count: number): void {
    const labels = { partition: this.#partition, reason }
    this.#instruments.counter('headrace_dead_letters_total').inc(labels, count)
  }

  commit(outcome: CommitOutcome, durationMs: number): void {
    const partition = this.#partition
    this.#instruments.counter('headrace_commits_total').inc({ partition, outcome })
    this.#observe('commit', durationMs)
  }

  snapshot(durationMs: number, bytes: number): void {
    this.#observe('snapshot', durationMs)
    this.#set('headrace_snapshot_bytes', bytes)
  }

  step(durationMs: number): void {
    this.#observe('step', durationMs)
  }

  position(lagRecords: number, timestampMs: number, eventTimeMs: number | null): void {
    this.#set('headrace_lag_records', lagRecords)
    this.#set('headrace_last_record_timestamp_seconds', timestampMs / 1_000)
    if (eventTimeMs === null) return
    this.#set('headrace_event_time_lag_seconds', (this.#clock.nowMs() - eventTimeMs) / 1_000)
  }

  sequences(count: number): void {
    this.#set('headrace_sequences', count)
  }

  queue(records: number, capacityRecords: number): void {
    this.#set('headrace_queue_records', records)
    this.#set('headrace_queue_capacity_records', capacityRecords)
  }

  restore(doneRecords: number, totalRecords: number): void {
    const ratio = totalRecords > 0 ? doneRecords / totalRecords : 1
    this.#set('headrace_restore_progress_ratio', ratio)
  }

  gradientNorm(member: string, norm: number): void {
    if (!this.#open || !Number.isFinite(norm)) return
    this.#networks.add(member)
    const labels = { partition: this.#partition, member }
    this.#instruments.gauge('headrace_gradient_norm').set(labels, norm)
  }

  errors(rows: readonly MemberErrors[]): void {
    if (!this.#open) return
    for (const row of rows) {
      const { target, horizon, member } = row
      this.#members.set(JSON.stringify([target, horizon, member]), { target, horizon, member })
      const labels = { partition: this.#partition, target, horizon, member }
      for (const [name, field] of gaugesByMember) {
        const value = row[field]
        if (Number.isFinite(value)) this.#instruments.gauge(name).set(labels, value)
      }
    }
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    const partition = this.#partition
    for (const name of gaugesByPartition) this.#instruments.gauge(name).remove({ partition })
    for (const member of this.#networks) {
      this.#instruments.gauge('headrace_gradient_norm').remove({ partition, member })
    }
    for (const labels of this.#members.values()) {
      for (const [name] of gaugesByMember) {
        this.#instruments.gauge(name).remove({ partition, ...labels })
      }
    }
    this.#onClose()
  }

  #count(what: 'records' | 'predictions' | 'updates', count: number): void {
    const labels = { partition: this.#partition }
    this.#instruments.counter(`headrace_${what}_total`).inc(labels, count)
  }

  #observe(what: 'commit' | 'snapshot' | 'step', durationMs: number): void {
    const histogram = this.#instruments.histogram(`headrace_${what}_duration_seconds`)
    histogram.observe({ partition: this.#partition }, durationMs / 1_000)
  }

  /** Text of the exposition has no value for "not known": such a series is absent. */
  #set(name: (typeof gaugesByPartition)[number], value: number): void {
    if (!this.#open || !Number.isFinite(value)) return
    this.#instruments.gauge(name).set({ partition: this.#partition }, value)
  }
}
