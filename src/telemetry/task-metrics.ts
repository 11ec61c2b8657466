import type { Counter, Gauge, Histogram } from 'prom-client'
import type { Clock } from '../clock.ts'
import { errorTable } from '../errors.ts'
import type { MetricName } from './catalogue.ts'
import type { LearningReport } from './learning-report.ts'
import { LearningSeries } from './learning-series.ts'
import {
  type CommitOutcome,
  commitOutcomes,
  evictionKinds,
  type Label,
  labelOutcomes,
  type OutputTopic,
  outputTopics,
  type RestoreOutcome,
  restoreOutcomes,
  type SnapshotOutcome,
  snapshotOutcomes,
  type TaskKind,
  type TaskState,
} from './vocabulary.ts'

/** What a task reports, in plain numbers, once a batch or a commit; never per record. */
export interface TaskMetrics {
  state(state: TaskState): void
  /**
   * Records taken in since the last call, dead letters included, and bytes of their keys and
   * values.
   */
  records(count: number, bytes: number): void
  /** Predictions of a transaction that is known to be there. */
  predictions(count: number): void
  /** `reason`: code of the error table. */
  deadLetters(reason: string, count: number): void
  updates(count: number): void
  commit(outcome: CommitOutcome, durationMs: number): void
  /** Whether the outcome of a transaction is unknown at this moment. */
  inDoubt(isInDoubt: boolean): void
  /**
   * A transaction is there. `firstTimestampMs`: Kafka timestamp of its first record, NaN without
   * one; `bytes` of keys and values of its output records.
   */
  committed(firstTimestampMs: number, bytes: Readonly<Record<OutputTopic, number>>): void
  /** A snapshot was sealed. */
  snapshot(durationMs: number, bytes: number): void
  snapshotAbandoned(): void
  /** How long a replay of what came since the newest sealed snapshot would take. */
  replay(replayMs: number): void
  /** Time spent on one batch. */
  step(durationMs: number): void
  /**
   * `timestampMs`: Kafka timestamp of the newest record, NaN before one; `eventTimeMs`: null
   * without event time.
   */
  position(lagRecords: number, timestampMs: number, eventTimeMs: number | null): void
  /** `fill`: the share of the fuller of its bounds; 1 = the partition is paused. */
  queue(records: number, capacityRecords: number, fill: number): void
  /** Records replayed of those to replay. */
  restore(doneRecords: number, totalRecords: number): void
  restored(outcome: RestoreOutcome, durationMs: number): void
  learning(report: LearningReport): void
  /** The task is gone: its gauges disappear, its counters stay for the next one. */
  close(): void
}

/** The instruments by name, as the series of a task need them. */
export interface Instruments {
  counter(name: MetricName): Counter<Label>
  gauge(name: MetricName): Gauge<Label>
  histogram(name: MetricName): Histogram<Label>
}

const gaugesByPartition = [
  'headrace_lag_records',
  'headrace_event_time_lag_seconds',
  'headrace_last_record_timestamp_seconds',
  'headrace_last_commit_timestamp_seconds',
  'headrace_transaction_in_doubt',
  'headrace_restore_progress_ratio',
  'headrace_snapshot_bytes',
  'headrace_snapshot_timestamp_seconds',
  'headrace_snapshot_replay_seconds',
  'headrace_queue_records',
  'headrace_queue_capacity_records',
  'headrace_queue_fill_ratio',
] as const

const countersByPartition = [
  'headrace_records_total',
  'headrace_predictions_total',
  'headrace_input_bytes_total',
  'headrace_updates_total',
  'headrace_refused_updates_total',
  'headrace_rollbacks_total',
] as const

type GaugeName = (typeof gaugesByPartition)[number]
type CounterName = (typeof countersByPartition)[number]

const deadLetterReasons = Object.keys(errorTable).filter((code) =>
  code.startsWith('HEADRACE_RECORD_'),
)

const histograms = ['commit', 'snapshot', 'restore', 'step', 'end_to_end'] as const

/**
 * The series of one partition. Counters begin at 0, so a rate sees the first event too. What comes
 * hundreds of times a second is kept in plain numbers until `flush`: a scrape asks once for it.
 */
export class TaskSeries implements TaskMetrics {
  readonly #partition: string
  readonly #clock: Pick<Clock, 'nowMs'>
  readonly #instruments: Instruments
  readonly #learning: LearningSeries
  readonly #onClose: () => void
  /** Since the last flush. */
  readonly #counts = new Map<CounterName, number>()
  readonly #gauges = new Map<GaugeName, number>()
  #state: TaskState = 'CREATED'
  #open = true

  constructor(
    partition: number,
    kind: TaskKind,
    instruments: Instruments,
    clock: Pick<Clock, 'nowMs'>,
    onClose: () => void,
  ) {
    this.#partition = String(partition)
    this.#instruments = instruments
    this.#clock = clock
    this.#learning = new LearningSeries(this.#partition, instruments)
    this.#onClose = onClose
    this.#beginCounters(kind)
    this.inDoubt(false)
    this.#tellState(1)
  }

  get current(): TaskState {
    return this.#state
  }

  state(state: TaskState): void {
    if (!this.#open || state === this.#state) return
    this.#tellState(0)
    this.#state = state
    this.#tellState(1)
  }

  records(count: number, bytes: number): void {
    this.#count('headrace_records_total', count)
    this.#count('headrace_input_bytes_total', bytes)
  }

  predictions(count: number): void {
    this.#count('headrace_predictions_total', count)
  }

  updates(count: number): void {
    this.#count('headrace_updates_total', count)
  }

  deadLetters(reason: string, count: number): void {
    const labels = { partition: this.#partition, reason }
    this.#instruments.counter('headrace_dead_letters_total').inc(labels, count)
  }

  commit(outcome: CommitOutcome, durationMs: number): void {
    const partition = this.#partition
    this.#instruments.counter('headrace_commits_total').inc({ partition, outcome })
    this.#observe('commit', durationMs)
    if (outcome !== 'committed') return
    this.#set('headrace_last_commit_timestamp_seconds', this.#clock.nowMs() / 1_000)
  }

  inDoubt(isInDoubt: boolean): void {
    this.#set('headrace_transaction_in_doubt', isInDoubt ? 1 : 0)
  }

  committed(firstTimestampMs: number, bytes: Readonly<Record<OutputTopic, number>>): void {
    const partition = this.#partition
    const counter = this.#instruments.counter('headrace_output_bytes_total')
    for (const topic of outputTopics) counter.inc({ partition, topic }, bytes[topic])
    if (Number.isNaN(firstTimestampMs)) return
    // A clock that is ahead of ours must not make it negative.
    this.#observe('end_to_end', Math.max(0, this.#clock.nowMs() - firstTimestampMs))
  }

  snapshot(durationMs: number, bytes: number): void {
    this.#countSnapshot('sealed')
    this.#observe('snapshot', durationMs)
    this.#set('headrace_snapshot_bytes', bytes)
    this.#set('headrace_snapshot_timestamp_seconds', this.#clock.nowMs() / 1_000)
  }

  snapshotAbandoned(): void {
    this.#countSnapshot('abandoned')
  }

  replay(replayMs: number): void {
    this.#set('headrace_snapshot_replay_seconds', replayMs / 1_000)
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

  queue(records: number, capacityRecords: number, fill: number): void {
    this.#set('headrace_queue_records', records)
    this.#set('headrace_queue_fill_ratio', fill)
    this.#set('headrace_queue_capacity_records', capacityRecords)
  }

  restore(doneRecords: number, totalRecords: number): void {
    const ratio = totalRecords > 0 ? doneRecords / totalRecords : 1
    this.#set('headrace_restore_progress_ratio', ratio)
  }

  restored(outcome: RestoreOutcome, durationMs: number): void {
    const partition = this.#partition
    this.#instruments.counter('headrace_restores_total').inc({ partition, outcome })
    if (outcome === 'done') this.#observe('restore', durationMs)
  }

  learning(report: LearningReport): void {
    if (!this.#open) return
    this.#count('headrace_refused_updates_total', report.refusedUpdates)
    for (const { count } of report.rollbacks) this.#count('headrace_rollbacks_total', count)
    this.#learning.report(report)
  }

  /** Hands over what was kept; to be called before each scrape. */
  flush(): void {
    const { counter, gauge } = this.#instruments
    const labels = { partition: this.#partition }
    for (const [name, count] of this.#counts) counter(name).inc(labels, count)
    for (const [name, value] of this.#gauges) gauge(name).set(labels, value)
    this.#counts.clear()
    this.#gauges.clear()
  }

  close(): void {
    if (!this.#open) return
    this.#tellState(0)
    this.flush()
    this.#open = false
    const partition = this.#partition
    for (const name of gaugesByPartition) this.#instruments.gauge(name).remove({ partition })
    this.#learning.close()
    this.#onClose()
  }

  #beginCounters(kind: TaskKind): void {
    const { counter, histogram } = this.#instruments
    const partition = this.#partition
    for (const name of countersByPartition) this.#count(name, 0)
    for (const reason of deadLetterReasons) this.deadLetters(reason, 0)
    for (const outcome of commitOutcomes) {
      counter('headrace_commits_total').inc({ partition, outcome }, 0)
    }
    for (const outcome of snapshotOutcomes) {
      counter('headrace_snapshots_total').inc({ partition, outcome }, 0)
    }
    for (const outcome of restoreOutcomes) {
      counter('headrace_restores_total').inc({ partition, outcome }, 0)
    }
    for (const kind of evictionKinds) {
      counter('headrace_evictions_total').inc({ partition, kind }, 0)
    }
    for (const topic of outputTopics) {
      counter('headrace_output_bytes_total').inc({ partition, topic }, 0)
    }
    if (kind === 'supervised') {
      for (const outcome of labelOutcomes) {
        counter('headrace_labels_total').inc({ partition, outcome }, 0)
      }
    }
    for (const timed of histograms)
      histogram(`headrace_${timed}_duration_seconds`).zero({ partition })
  }

  /** The state's own series is there while the task is in it. */
  #tellState(value: 0 | 1): void {
    const labels = { partition: this.#partition, state: this.#state }
    const gauge = this.#instruments.gauge('headrace_task_state')
    if (value === 1) gauge.set(labels, 1)
    else gauge.remove(labels)
  }

  #countSnapshot(outcome: SnapshotOutcome): void {
    const partition = this.#partition
    this.#instruments.counter('headrace_snapshots_total').inc({ partition, outcome })
  }

  #count(name: CounterName, count: number): void {
    if (this.#open) this.#counts.set(name, (this.#counts.get(name) ?? 0) + count)
    // Nobody flushes what is closed.
    else this.#instruments.counter(name).inc({ partition: this.#partition }, count)
  }

  #observe(what: (typeof histograms)[number], durationMs: number): void {
    const histogram = this.#instruments.histogram(`headrace_${what}_duration_seconds`)
    histogram.observe({ partition: this.#partition }, durationMs / 1_000)
  }

  /** Text of the exposition has no value for "not known": such a series is absent. */
  #set(name: GaugeName, value: number): void {
    if (this.#open && Number.isFinite(value)) this.#gauges.set(name, value)
  }
}
