/** Where a command reads and writes, so that tests can stand in for a terminal. */
export interface Io {
  readonly stdin: NodeJS.ReadableStream
  readonly stdout: NodeJS.WritableStream & { isTTY?: boolean; columns?: number; rows?: number }
  readonly stderr: NodeJS.WritableStream & { isTTY?: boolean; columns?: number; rows?: number }
  readonly env: Readonly<Record<string, string | undefined>>
  /**
   * Aborted by the first SIGINT or SIGTERM: the command finishes cleanly. A second SIGINT ends the
   * process with 130.
   */
  readonly signal: AbortSignal
}

/** One file of `cli/`. */
export interface Command {
  /** One line for `headrace --help`. */
  readonly summary: string
  /** The whole text of `headrace COMMAND --help`, with examples. */
  readonly help: string
  /**
   * Runs it and resolves with the exit code; throws `HeadraceError` for what the user must mend.
   */
  run(args: readonly string[], io: Io): Promise<number>
}
