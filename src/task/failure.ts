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

/** Bound to data or configuration: the same operation would fail again. */
export function isFinal(error: unknown): boolean {
  return isDefect(error) || (error instanceof HeadraceError && !error.canRetry)
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
