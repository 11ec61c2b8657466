import { once } from 'node:events'
import { createWriteStream, statSync, type WriteStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import type { Config } from '../config/schema.ts'
import { HeadraceError } from '../errors.ts'
import { ByteWriter } from '../record/byte-writer.ts'
import type { StreamOutcome } from '../task/engine/engine.ts'
import { openEncoder, type RecordEncoder } from '../task/engine/output-encoder.ts'
import { usageError } from './options.ts'

const FLUSH_BYTES = 1 << 16

/**
 * Throws HEADRACE_USAGE where writing to `output` would destroy one of the files that are read, by
 * whatever name or link.
 */
export function refuseOverwriting(output: string, inputs: readonly string[]): void {
  if (output === '-') throw usageError('--predictions takes a file: name one, such as ./out.jsonl.')
  const target = statSync(output, { throwIfNoEntry: false })
  if (target === undefined || !target.isFile()) return
  for (const input of inputs) {
    const source = statSync(input, { throwIfNoEntry: false })
    if (source?.dev === target.dev && source.ino === target.ino) {
      throw usageError(`--predictions ${output} is the file that is read as ${input}.`)
    }
  }
}

/** `replay --predictions`: one output record of design §5 a line. */
export class PredictionsFile {
  readonly #encoder: RecordEncoder
  readonly #out: WriteStream
  readonly #path: string
  readonly #lines = new ByteWriter(2 * FLUSH_BYTES)
  #failed: Error | null = null

  private constructor(path: string, out: WriteStream, config: Config) {
    this.#path = path
    this.#out = out
    this.#encoder = openEncoder(config)
    out.on('error', (error) => {
      this.#failed = error
    })
  }

  /** Makes the file, or empties it. Throws HEADRACE_OUTPUT_UNWRITABLE where it cannot. */
  static async open(path: string, config: Config): Promise<PredictionsFile> {
    const handle = await open(path, 'w').catch((error: Error) => {
      throw unwritable(path, error)
    })
    return new PredictionsFile(path, createWriteStream(path, { fd: handle }), config)
  }

  /**
   * @param offset of the record in its partition, or the number of the row
   * @param partition is written in front where it is given
   */
  add(offset: number | bigint, outcome: StreamOutcome, partition?: number): void {
    this.#lines.text(partition === undefined ? '{' : `{"partition":${partition},`)
    this.#encoder.writeMembers(this.#lines, BigInt(offset), outcome)
    this.#lines.text('\n')
  }

  /** Passes on what has gathered and waits while the disk is behind. */
  async flush(minimumBytes = FLUSH_BYTES): Promise<void> {
    if (this.#failed !== null) throw unwritable(this.#path, this.#failed)
    const { length } = this.#lines
    if (length < minimumBytes) return
    // The stream keeps the memory until it is on the disk.
    if (this.#out.write(this.#lines.take().subarray(0, length))) return
    await once(this.#out, 'drain').catch((error: Error) => {
      throw unwritable(this.#path, error)
    })
  }

  async close(): Promise<void> {
    await this.flush(1)
    this.#out.end()
    await finished(this.#out).catch((error: Error) => {
      throw unwritable(this.#path, error)
    })
  }
}

function unwritable(path: string, cause: Error): HeadraceError {
  const message = `${path} cannot be written: ${cause.message}`
  return new HeadraceError('HEADRACE_OUTPUT_UNWRITABLE', message, { cause })
}
