import { AssertionError } from '../assert.ts'
import { HeadraceError } from '../errors.ts'

/** A defect of this program: it ends the process, trying again would hide it. */
export function isDefect(error: unknown): boolean {
  return (
    error instanceof AssertionError ||
    error instanceof TypeError ||
    error instanceof RangeError ||
    error instanceof ReferenceError
  )
}

/**
 * Bound to data or configuration: the same operation would fail again. All topics were there when
 * the process began: one that is missing now may be a broker that has not caught up.
 */
export function isFinal(error: unknown): boolean {
  if (!(error instanceof HeadraceError)) return isDefect(error)
  return !error.canRetry && error.code !== 'HEADRACE_KAFKA_TOPIC_MISSING'
}

/**
 * The epoch of a transactional id has moved on: another owner, or our own transaction timed out.
 */
export function isFenced(error: unknown): boolean {
  return error instanceof HeadraceError && error.code === 'HEADRACE_KAFKA_FENCED'
}

/** What was thrown, as an Error. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}

/** What a line says that comes again and again in an outage: no stack, where there is a code. */
export function tell(error: unknown): Readonly<Record<string, unknown>> {
  return error instanceof HeadraceError ? { code: error.code, reason: error.message } : { error }
}
