import { AssertionError } from '../../assert.ts'
import { type ErrorCode, HeadraceError } from '../../errors.ts'
import { isDefect } from '../failure.ts'

/** An error as a message between threads: a clone would lose its class and its code. */
export interface PlainError {
  readonly code: string | null
  /** A defect of this program, see `isDefect`. */
  readonly isDefect: boolean
  readonly message: string
  readonly stack: string | undefined
}

export function toPlain(error: Error): PlainError {
  return {
    code: error instanceof HeadraceError ? error.code : null,
    isDefect: isDefect(error),
    message: error.message,
    stack: error.stack,
  }
}

/** An error with the same class, code, message and stack. */
export function fromPlain({ code, isDefect, message, stack }: PlainError): Error {
  const error =
    code !== null
      ? new HeadraceError(code as ErrorCode, message)
      : isDefect
        ? new AssertionError(message)
        : new Error(message)
  if (stack !== undefined) error.stack = stack
  return error
}
