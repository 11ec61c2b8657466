import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../../bin/headrace.js', import.meta.url))
const keptLines = 400

/** `headrace run` in a process of its own, at a port that a restart keeps. */
export class WatchedRun {
  /** host:port of its HTTP server, as Prometheus names the instance. */
  readonly instance: string
  readonly #file: string
  readonly #port: number
  #child: ChildProcess | null = null
  #ended: Promise<void> = Promise.resolve()
  #lines: string[] = []

  constructor(file: string, port: number) {
    this.#file = file
    this.#port = port
    this.instance = `127.0.0.1:${port}`
  }

  /** The end of what it has logged. */
  get log(): string {
    return this.#lines.join('\n')
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  start(): void {
    const args = [program, 'run', '-c', this.#file, '--set', `http.port=${this.#port}`, '--json']
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#lines = [...this.#lines, ...text.trimEnd().split('\n')].slice(-keptLines)
    })
    this.#child = child
    this.#ended = new Promise((resolve) => {
      child.on('exit', () => resolve())
      child.on('error', () => resolve())
    })
  }

  /** SIGTERM or SIGKILL, and waits until it is gone. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child
    this.#child = null
    if (child?.exitCode === null && child.signalCode === null) child.kill(signal)
    await this.#ended
  }

  /** Stands still, as a process that swaps or whose machine is frozen. */
  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child?.kill('SIGCONT')
  }

  /** The body of a route; throws where nobody answers. */
  async get(path: string): Promise<{ status: number; body: string }> {
    const answer = await fetch(`http://${this.instance}${path}`)
    return { status: answer.status, body: await answer.text() }
  }

  /** Whether all its tasks run. */
  async isReady(): Promise<boolean> {
    try {
      return (await this.get('/readyz')).status === 200
    } catch {
      return false
    }
  }
}
