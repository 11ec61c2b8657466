import { createReadStream, createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { HeadraceError } from '../errors.ts'
import type { OutsideState } from '../task/verify/audit.ts'
import { checkState, loadState, type StateHeader } from '../task/verify/state-file.ts'

/** A file with an exported state, checked. */
export interface StateFile {
  readonly path: string
  readonly header: StateHeader
}

/**
 * Checks a file that `inspect --export` wrote. Throws `HEADRACE_STATE_INVALID`,
 * `HEADRACE_TASK_FORMAT_NEWER`, and `HEADRACE_INPUT_UNREADABLE` where it cannot be read.
 */
export async function openState(path: string): Promise<StateFile> {
  return { path, header: await checkState(path, bytesOf(path)) }
}

/** The state as a verification takes it. */
export function outsideState({ path, header }: StateFile): OutsideState {
  const { manifest, configuration } = header
  return {
    name: path,
    manifest,
    configuration,
    load: (processor) => loadState(path, bytesOf(path), processor),
  }
}

/**
 * Writes a file that is there as a whole or not at all. Throws `HEADRACE_OUTPUT_UNWRITABLE`.
 */
export async function writeWhole(path: string, pieces: Iterable<Uint8Array>): Promise<void> {
  const draft = `${path}.${process.pid}.part`
  try {
    const out = createWriteStream(draft, { flags: 'wx', flush: true })
    await pipeline(Readable.from(pieces), out)
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error
    throw new HeadraceError(
      'HEADRACE_OUTPUT_UNWRITABLE',
      `${path} cannot be written: ${(error as Error).message}`,
      { cause: error },
    )
  }
}

function bytesOf(path: string): () => AsyncIterable<Uint8Array> {
  return async function* () {
    try {
      yield* createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array>
    } catch (error) {
      throw new HeadraceError(
        'HEADRACE_INPUT_UNREADABLE',
        `${path} cannot be read: ${(error as Error).message}`,
        { cause: error },
      )
    }
  }
}
