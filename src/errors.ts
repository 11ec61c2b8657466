/** One row of the table of errors. */
export interface ErrorEntry {
  /** What happened, in one sentence, without particulars. */
  readonly sentence: string
  /** Whether the same operation may succeed when tried again. */
  readonly canRetry: boolean
  /** The process's exit code when this error ends it (design §6). */
  readonly exitCode: number
  /** What the user can do about it. */
  readonly remedy: string
}

/**
 * Every error that a user can meet. `docs/errors.md` is generated from this table.
 * Codes of dead letters (`HEADRACE_RECORD_*`) never end the process: their exit code is 0.
 */
export const errorTable = {
  HEADRACE_USAGE: {
    sentence: 'The command line is not understood.',
    canRetry: false,
    exitCode: 2,
    remedy: 'See `headrace --help` or `headrace COMMAND --help`.',
  },
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof errorTable

/** A failure with a code of the table; the message says what happened, where, and what to do. */
export class HeadraceError extends Error {
  override name = 'HeadraceError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }

  get canRetry(): boolean {
    return errorTable[this.code].canRetry
  }

  get exitCode(): number {
    return errorTable[this.code].exitCode
  }
}
