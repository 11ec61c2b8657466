import type { KernelName } from './rows.ts'

/** What a service does with those who watch it, against the same service without, in turn. */
export interface MetricsOverheadRow {
  readonly bench: 'metrics-overhead'
  readonly kernel: KernelName
  /** All metrics and a scrape a second, or the stream of one live page. */
  readonly what: 'metrics' | 'page'
  readonly portfolio: 'network' | 'full'
  readonly sequences: number
  /** Pairs of services, or of conditions, in processes of their own. */
  readonly pairs: number
  /** Rounds of each side of a pair. */
  readonly turns: number
  /** The steady rate of the rounds of which processor time is told. */
  readonly recordsPerSecond: number
  /** Processor time of the whole process for one record, watched and not, at that rate. */
  readonly microseconds: number
  readonly plainMicroseconds: number
  /** Records a second of a backlog, watched and not. */
  readonly backlogPerSecond: number
  readonly plainBacklogPerSecond: number
  /**
   * What being watched costs of the records that the same processor time is good for, the median
   * over the pairs; between `processorFrom` and `processorTo` with 95 %, null of too few pairs.
   */
  readonly processorLoss: number
  readonly processorFrom: number
  readonly processorTo: number
  /** The same of a backlog's records a second. */
  readonly backlogLoss: number
  readonly backlogFrom: number
  readonly backlogTo: number
  /** What a loss should be at most. */
  readonly reach: number
}

/** `GET /metrics` of a service under load. */
export interface MetricsScrapeRow {
  readonly bench: 'metrics-scrape'
  readonly kernel: KernelName
  readonly tasks: number
  readonly recordsPerSecond: number
  readonly series: number
  readonly bytes: number
  readonly scrapes: number
  /** From the request to the last byte. */
  readonly medianMs: number
  readonly worstMs: number
  /** What `worstMs` and `bytes` should be at most. */
  readonly reachMs: number
  readonly reachBytes: number
}

export type MetricsRow = MetricsOverheadRow | MetricsScrapeRow
