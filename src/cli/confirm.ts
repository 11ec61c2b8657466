import { once } from 'node:events'
import { createInterface } from 'node:readline/promises'
import type { Io } from './command.ts'

/** Whether there is someone to ask. */
export function canAsk(io: Io): boolean {
  return (io.stdin as { isTTY?: boolean }).isTTY === true && io.stderr.isTTY === true
}

/** Asks on the terminal; true for the expected answer alone, not for an interruption. */
export async function isConfirmed(question: string, expected: string, io: Io): Promise<boolean> {
  // Without its own handling of the terminal: Ctrl-C stays a signal of the process.
  const lines = createInterface({ input: io.stdin, output: io.stderr, terminal: false })
  const { signal } = io
  try {
    const closed = once(lines, 'close', { signal }).then(() => null)
    const answer = await Promise.race([lines.question(question, { signal }), closed])
    return answer?.trim() === expected
  } catch (error) {
    if (signal.aborted) return false
    throw error
  } finally {
    lines.close()
  }
}
