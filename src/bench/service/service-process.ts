import { type ChildProcess, spawn } from 'node:child_process'

const keptChars = 4000

export interface ServiceProcessOptions {
  /** `bin/headrace.js` of this package. */
  readonly program: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

/** How a task came to run. */
export interface Restored {
  readonly records: number
  /** Records of the snapshot that it began with; null: none. */
  readonly snapshot: number | null
  readonly restoreMs: number
}

/** `headrace` in a process of its own, on the Node that runs us. */
export class ServiceProcess {
  readonly ended: Promise<{ readonly code: number | null }>
  readonly #child: ChildProcess
  #isRunning = true
  #stdout = ''
  #stderr = ''
  #rest = ''
  #url: string | null = null
  #assigned: readonly number[] | null = null
  readonly #running = new Map<number, string>()
  readonly #restored = new Map<number, Restored>()

  constructor({ program, args, env }: ServiceProcessOptions) {
    this.#child = spawn(process.execPath, [program, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#read(text))
    this.ended = new Promise((resolve) => {
      const end = (code: number | null) => {
        this.#isRunning = false
        resolve({ code })
      }
      this.#child.on('close', end)
      this.#child.on('error', () => end(null))
    })
  }

  get isRunning(): boolean {
    return this.#isRunning
  }

  get stdout(): string {
    return this.#stdout
  }

  /** The end of what it has logged. */
  get log(): string {
    return this.#stderr
  }

  /** The partitions of its newest assignment; null before the first. */
  get assigned(): readonly number[] | null {
    return this.#assigned
  }

  /** Whether the tasks of all partitions that it was assigned have begun to run. */
  get isServing(): boolean {
    return this.#assigned?.every((partition) => this.#running.has(partition)) === true
  }

  /** The incarnation of a partition's task that runs or ran here; undefined where none did. */
  bootId(partition: number): string | undefined {
    return this.#running.get(partition)
  }

  /** How a partition's task came to run here; undefined where none did. */
  restored(partition: number): Restored | undefined {
    return this.#restored.get(partition)
  }

  /** SIGKILL: nothing is said goodbye to. Resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.#isRunning) this.#child.kill('SIGKILL')
    await this.ended
  }

  /** SIGTERM; resolves with its exit code. */
  async terminate(): Promise<number | null> {
    if (this.#isRunning) this.#child.kill('SIGTERM')
    const { code } = await this.ended
    return code
  }

  /** Processor time of all its threads since it began, as it tells at /metrics. */
  async processorSeconds(): Promise<number> {
    if (this.#url === null) return Number.NaN
    const text = await (await fetch(`${this.#url}/metrics`)).text()
    return Number(/^process_cpu_seconds_total\S* (\S+)/m.exec(text)?.[1] ?? Number.NaN)
  }

  #read(text: string): void {
    this.#stderr = (this.#stderr + text).slice(-keptChars)
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('{')) this.#note(line)
  }

  #note(line: string): void {
    const {
      event,
      url,
      partitions,
      partition,
      bootId = '',
      records = 0,
      snapshot = null,
      restoreMs = 0,
    } = JSON.parse(line) as Partial<Restored> & {
      readonly event?: string
      readonly url?: string
      readonly partitions?: readonly number[]
      readonly partition?: number
      readonly bootId?: string
    }
    if (event === 'http.listening' && url !== undefined) this.#url = url
    if (event === 'task.running' && partition !== undefined) {
      this.#running.set(partition, bootId)
      this.#restored.set(partition, { records, snapshot, restoreMs })
    }
    if (event !== 'group.assigned' || partitions === undefined) return
    this.#assigned = partitions
    // A task that is taken away and given back begins anew.
    for (const known of this.#running.keys()) {
      if (!partitions.includes(known)) this.#running.delete(known)
    }
  }
}
