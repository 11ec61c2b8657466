import type { Clock } from '../clock.ts'
import type { ServiceConfig } from '../config/schema.ts'
import type { Random } from '../random.ts'
import type { CommitRecord } from './commit-record.ts'
import type { Engines } from './engine/engines.ts'
import type { Fingerprint } from './fingerprint.ts'
import type { TaskLogger, TaskMetrics } from './observe.ts'
import type { Changelog, Positions, Sink, Source } from './ports.ts'
import type { QueueBounds } from './record-queue.ts'
import type { Scheduler } from './scheduler.ts'

/** All that is outside a process. */
export interface ServicePorts {
  readonly source: Source
  readonly sink: Sink
  readonly changelog: Changelog
  readonly positions: Positions
}

/** What all tasks of a process share. */
export interface TaskContext {
  readonly config: ServiceConfig
  readonly ports: ServicePorts
  readonly clock: Clock
  readonly scheduler: Scheduler
  readonly random: Random
  readonly engines: Engines
  readonly fingerprint: Fingerprint
  readonly numerics: number
  readonly queueBounds: QueueBounds
  /** Go on although input that a restore needs is gone. */
  readonly acceptGap: boolean
  /** See `RestoreQuery`. */
  readonly allowDifferentDevice: boolean
  /** A random name for one incarnation of a task. */
  createId(): string
}

export interface TaskOptions {
  readonly partition: number
  readonly logger: TaskLogger
  readonly metrics: TaskMetrics
  onRunning(): void
  /** A transaction is known to be committed. */
  onCommitted(commit: CommitRecord): void
  /** The task is FAILED. */
  onFailed(error: Error): void
}
