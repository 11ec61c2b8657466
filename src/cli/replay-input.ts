import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Io } from './command.ts'
import type { FileInput } from './file-bytes.ts'

/** An input that can be read once for every configuration. */
export interface Inputs {
  /** For messages. */
  readonly name: string
  /** The input from its beginning. */
  next(): FileInput
  /** Removes what was kept meanwhile. */
  close(): Promise<void>
}

/**
 * Opens FILE, or the standard input for `-`. The standard input comes once: for several readings it
 * is kept in a temporary file.
 */
export async function openInputs(file: string, readings: number, io: Io): Promise<Inputs> {
  if (file !== '-') {
    return { name: basename(file), next: () => ({ path: file }), close: async () => {} }
  }
  const name = 'standard input'
  if (readings === 1) return { name, next: () => ({ stream: io.stdin }), close: async () => {} }
  const folder = await mkdtemp(join(tmpdir(), 'headrace-replay-'))
  const close = () => rm(folder, { recursive: true, force: true })
  const path = join(folder, 'input')
  try {
    await pipeline(io.stdin, createWriteStream(path), { signal: io.signal })
  } catch (error) {
    // Interrupted while it came in: there is nothing to replay yet, and that is no error.
    if (!io.signal.aborted) {
      await close()
      throw error
    }
  }
  return { name, next: () => ({ stream: createReadStream(path) }), close }
}
