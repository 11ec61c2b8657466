import type { TaskState } from './state.ts'

/** One line an event; `event` is a stable key such as `task.running`. */
export interface TaskLogger {
  debug(event: string, fields?: Readonly<Record<string, unknown>>, message?: string): void
  info(event: string, fields?: Readonly<Record<string, unknown>>, message?: string): void
  warn(event: string, fields?: Readonly<Record<string, unknown>>, message?: string): void
  error(event: string, fields?: Readonly<Record<string, unknown>>, message?: string): void
  child(fields: Readonly<Record<string, unknown>>): TaskLogger
}

/** Errors of one member at one target and horizon; NaN = not known yet. */
export interface ErrorRow {
  readonly target: string
  readonly horizon: number
  /** Name of the member, or `mixture`. */
  readonly member: string
  readonly mae: number
  readonly fadingMae: number
  readonly wmape: number
  readonly fadingWmape: number
}

/** What one task reports, in plain numbers, once a slice or a commit; never per record. */
export interface TaskMetrics {
  state(state: TaskState): void
  records(count: number): void
  predictions(count: number): void
  /** `reason`: code of the error table. */
  deadLetters(reason: string, count: number): void
  updates(count: number): void
  commit(outcome: 'committed' | 'failed' | 'fenced', durationMs: number): void
  /** A snapshot was sealed. */
  snapshot(durationMs: number, bytes: number): void
  step(durationMs: number): void
  position(lagRecords: number, timestampMs: number, eventTimeMs: number | null): void
  sequences(count: number): void
  queue(records: number, capacityRecords: number): void
  restore(doneRecords: number, totalRecords: number): void
  gradientNorm(member: string, norm: number): void
  errors(rows: readonly ErrorRow[]): void
  close(): void
}

/** The metrics of a process: one set per task, made anew for each incarnation. */
export interface ServiceMetrics {
  task(partition: number): TaskMetrics
}

const silentTask: TaskMetrics = {
  state() {},
  records() {},
  predictions() {},
  deadLetters() {},
  updates() {},
  commit() {},
  snapshot() {},
  step() {},
  position() {},
  sequences() {},
  queue() {},
  restore() {},
  gradientNorm() {},
  errors() {},
  close() {},
}

/** For those who watch nothing. */
export const silentMetrics: ServiceMetrics = { task: () => silentTask }
