import { type ChildProcess, spawn } from 'node:child_process'
import { Readable, Writable } from 'node:stream'
import type { Io } from '../../../src/cli/command.ts'

export const bin = new URL('../../../bin/headrace.js', import.meta.url).pathname

/** Standing in for a terminal or a pipe: everything written is kept. */
export class Sink extends Writable {
  text = ''
  isTTY: boolean
  columns = 100
  rows = 40

  constructor(isTTY: boolean) {
    super()
    this.isTTY = isTTY
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

export interface TestIo extends Io {
  readonly stdout: Sink
  readonly stderr: Sink
}

export function testIo(options: {
  terminal?: boolean
  stdin?: string | Buffer
  env?: Record<string, string>
  signal?: AbortSignal
}): TestIo {
  const terminal = options.terminal ?? false
  return {
    stdin: Readable.from(options.stdin === undefined ? [] : [Buffer.from(options.stdin)]),
    stdout: new Sink(terminal),
    stderr: new Sink(terminal),
    env: options.env ?? {},
    signal: options.signal ?? new AbortController().signal,
  }
}

/** CSV with a daily wave of period 24 and some noise, from a fixed recurrence. */
export function waveCsv(rows: number, header = 'timestamp,load'): string {
  let text = `${header}\n`
  let noise = 7
  for (let i = 0; i < rows; i++) {
    noise = (noise * 1103515245 + 12345) % 2147483648
    const load = 100 + 40 * Math.sin((2 * Math.PI * i) / 24) + (noise / 2147483648 - 0.5) * 8
    text += `${new Date(Date.UTC(2024, 0, 1) + i * 3_600_000).toISOString()},${load.toFixed(3)}\n`
  }
  return text
}

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs `headrace ARGS` as a process of its own. */
export function headrace(
  args: readonly string[],
  options: { stdin?: string | Buffer; onStart?: (child: ChildProcess) => void } = {},
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], { stdio: 'pipe' })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    child.stdin.on('error', () => {})
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
    if (options.stdin !== undefined) child.stdin.end(options.stdin)
    options.onStart?.(child)
  })
}
