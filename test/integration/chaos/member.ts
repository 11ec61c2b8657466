import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import { binary } from '../service/support.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * Runs a program that cannot outlive us, as src/broker/watchdog.ts does, but leaves its end and its
 * exit code to itself: descriptor 3 tells its process id, stderr is its own alone. A session of its
 * own keeps Ctrl-C from the shell, which would leave the program behind.
 */
const script = `
"$@" </dev/null 3>&- &
program=$!
echo "$program" >&3
exec 3>&- 2>/dev/null
read -r line
kill -9 "$program"
wait "$program"
`

/** One `headrace run` of a chaos run: its process, and what it has logged. */
export class Member {
  /** Its Kafka client id, by which the proxy knows it. */
  readonly name: string
  /** Exit code; 128 and the signal's number where a signal ended it. */
  readonly ended: Promise<number>
  isGone = false
  readonly #shell: ChildProcess
  readonly #started: Promise<void>
  /** Not reaped, so nobody else's, before the shell's stdin ends. */
  #pid = 0
  readonly #counts = new Map<string, number>()
  readonly #waiting = new Map<string, () => void>()
  #rest = ''
  #restores = 0
  #snapshotRestores = 0

  /** `folder`: where its log is kept. `sets`: overrides of the configuration. */
  constructor(name: string, configFile: string, folder: string, sets: readonly string[]) {
    this.name = name
    const program = [process.execPath, binary, 'run', '-c', configFile]
    const args = [`kafka.clientId=${name}`, ...sets].flatMap((set) => ['--set', set])
    this.#shell = spawn('sh', ['-c', script, 'headrace-chaos', ...program, ...args], {
      stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const { stdin, stderr, stdio } = this.#shell
    const told = stdio[3]
    if (stdin === null || stderr === null || !(told instanceof Socket)) throw new Error('no pipes')
    stdin.on('error', () => {})
    const logFile = join(folder, `${name}.log`)
    stderr.setEncoding('utf8').on('data', (text: string) => {
      appendFileSync(logFile, text)
      this.#read(text)
    })
    stderr.on('close', () => {
      this.isGone = true
      stdin.end()
    })
    this.#started = new Promise((resolve) => {
      told.setEncoding('utf8').once('data', (text: string) => {
        this.#pid = Number(text)
        resolve()
      })
    })
    this.ended = new Promise((resolve) => {
      this.#shell.on('exit', (code) => resolve(code ?? 137))
    })
  }

  /** How many restores have come to their end, of a partition that had been learnt from. */
  get restores(): number {
    return this.#restores
  }

  /** How many of them began with a snapshot. */
  get snapshotRestores(): number {
    return this.#snapshotRestores
  }

  get hasLogged(): boolean {
    return this.#counts.size > 0 || this.#rest !== ''
  }

  /** How often it has logged this event. */
  count(event: string): number {
    return this.#counts.get(event) ?? 0
  }

  /** Resolves at the first line with this event, or when the process has ended. */
  async logged(event: string): Promise<void> {
    if (this.count(event) > 0) return
    await Promise.race([
      this.ended,
      new Promise<void>((resolve) => this.#waiting.set(event, resolve)),
    ])
  }

  /** To the process itself; nothing where it has ended. */
  async signal(signal: NodeJS.Signals): Promise<void> {
    await this.#started
    if (!this.isGone) process.kill(this.#pid, signal)
  }

  /** SIGKILL, at once. */
  kill(): void {
    if (this.#pid > 0 && !this.isGone) process.kill(this.#pid, 'SIGKILL')
    this.#shell.stdin?.end()
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      if (!line.startsWith('{')) continue
      const fields = JSON.parse(line) as Fields
      const event = String(fields.event)
      this.#counts.set(event, this.count(event) + 1)
      if (event === 'task.running' && Number(fields.records) > 0) this.#restores++
      if (event === 'task.running' && typeof fields.snapshot === 'number') this.#snapshotRestores++
      this.#waiting.get(event)?.()
      this.#waiting.delete(event)
    }
  }
}
