import type { BenchRun } from './rounds.ts'
import type { KernelName } from './rows.ts'

/** How much is measured. */
export interface MetricsScale {
  /** Pairs of a watched service and one that is not, each pair in processes of its own. */
  readonly pairs: number
  /** Rounds of each kind of each side of a pair. */
  readonly turns: number
  /** Of each steady round, and of a backlog about. */
  readonly roundMs: number
  /** Steady rounds of each side before the first that counts. */
  readonly warmUpRounds: number
  readonly scrapes: number
}

export const wholeMetricsScale: MetricsScale = {
  pairs: 8,
  turns: 6,
  roundMs: 1_500,
  warmUpRounds: 4,
  scrapes: 50,
}

/** To see that everything works: its figures say nothing. */
export const quickMetricsScale: MetricsScale = {
  pairs: 1,
  turns: 1,
  roundMs: 200,
  warmUpRounds: 1,
  scrapes: 3,
}

export interface MeteredPlan {
  readonly kernel: KernelName
  readonly portfolio: 'network' | 'full'
  readonly partitions: number
  /** Of each partition. */
  readonly sequences: number
  readonly isWatched: boolean
}

/** What a service has done in one round. */
export interface Round {
  readonly records: number
  /** From the first record until the last is committed. */
  readonly elapsedMs: number
  /** Of all threads of its process. */
  readonly processorMs: number
}

/** A service in a process of its own, to which its process brings the records. */
export interface MeteredService {
  /** Records at a steady rate over all partitions for so long. */
  steady(recordsPerSecond: number, ms: number): Promise<Round>
  /** So many records at once. */
  backlog(records: number): Promise<Round>
  /** `GET /metrics`; a service that is not watched has none. */
  scrape(): Promise<string>
  /** Opens the stream of a live page until the function that it resolves with is called. */
  openPage(): Promise<() => Promise<void>>
  close(): Promise<void>
}

export interface MetricsBenchOptions extends Pick<BenchRun, 'clock' | 'signal' | 'onProgress'> {
  readonly kernel: KernelName
  readonly scale: MetricsScale
  start(plan: MeteredPlan): Promise<MeteredService>
}
