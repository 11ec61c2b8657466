/** Labels that metrics of this service may carry, beside `application`, which every one has. */
export type Label =
  | 'partition'
  | 'reason'
  | 'outcome'
  | 'topic'
  | 'kind'
  | 'target'
  | 'horizon'
  | 'member'
  | 'baseline'
  | 'level'
  | 'rank'
  | 'state'
  | 'version'
  | 'node'
  | 'kernel'
  | 'cell'
  | 'layers'
  | 'hidden'
  | 'window'

/** One row of the table of metrics. */
export interface MetricEntry {
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** What is counted or measured, in Prometheus' base units. */
  readonly unit: string
  readonly labels: readonly Label[]
  readonly help: string
  /** Upper bounds, histograms only. */
  readonly buckets?: readonly number[]
  /** How many label sets there can be in one process, by what the configuration says. */
  readonly series: string
}

/** States of a task, in the order of its life (design §2). */
export const taskStates = [
  'CREATED',
  'FENCING',
  'RESTORING',
  'RUNNING',
  'CLOSED',
  'FAILED',
] as const
export type TaskState = (typeof taskStates)[number]

/**
 * How a transaction ended: `failed` covers every rejection, whose true outcome nobody knows;
 * `fenced` the one that tells that another process owns the partition now.
 */
export const commitOutcomes = ['committed', 'failed', 'fenced'] as const
export type CommitOutcome = (typeof commitOutcomes)[number]

/** How a snapshot that was begun ended. */
export const snapshotOutcomes = ['sealed', 'abandoned'] as const
export type SnapshotOutcome = (typeof snapshotOutcomes)[number]

/** How an incarnation of a task ended its restore. */
export const restoreOutcomes = ['done', 'failed'] as const
export type RestoreOutcome = (typeof restoreOutcomes)[number]

/** Our topics, by what follows the application's name. */
export const outputTopics = ['predictions', 'dead-letters', 'changelog'] as const
export type OutputTopic = (typeof outputTopics)[number]

/** What the bounds on sequences take away: a window, or the whole sequence. */
export const evictionKinds = ['window', 'sequence'] as const
export type EvictionKind = (typeof evictionKinds)[number]

/** What became of a label, or of a prediction that waits for one; by the counts of a report. */
export const labelOutcomes = [
  'matched',
  'corrected',
  'unmatched',
  'expired',
  'replaced',
  'id_too_long',
  'dropped',
] as const
export type LabelOutcome = (typeof labelOutcomes)[number]

/** Kinds of tasks: some metrics are of one of them alone. */
export type TaskKind = 'forecast' | 'symbols' | 'supervised'

/** What the mixture's skill is measured against. */
export const baselines = ['persistence', 'seasonal', 'rls'] as const
export type Baseline = (typeof baselines)[number]
