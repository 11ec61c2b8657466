import { spawn } from 'node:child_process'
import { stripVTControlCharacters } from 'node:util'

const outputChars = 64 * 1024

export interface CommandOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly timeoutMs: number
  readonly cwd?: string
  readonly signal?: AbortSignal | undefined
}

export interface CommandResult {
  /** null: killed, by the time-out or by someone else. */
  readonly exitCode: number | null
  /** The end of stdout and stderr together, without colours. */
  readonly output: string
}

/**
 * Runs a program of the PATH of `env` to its end. Resolves with null when there is no such program;
 * rejects when `signal` is aborted or the program cannot be run.
 */
export function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      env: options.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs,
      killSignal: 'SIGKILL',
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
    let output = ''
    const take = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-outputChars)
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve(null)
      else reject(error)
    })
    child.on('close', (exitCode) => {
      resolve({ exitCode, output: stripVTControlCharacters(output).trim() })
    })
  })
}
