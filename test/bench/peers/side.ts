import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { SideAnswer, SideRequest } from './headrace-side.ts'

/** A process that measures one case for each line that it reads. */
export class Side {
  readonly #child
  readonly #lines: AsyncIterator<string>
  readonly #name: string

  /** @param command program and arguments; what it says on stderr is shown */
  constructor(name: string, command: readonly string[]) {
    const [file = '', ...args] = command
    this.#name = name
    this.#child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child.on('error', () => {})
    this.#child.stdin.on('error', () => {})
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  /** Throws where the process has ended, which has said why on stderr. */
  async measure(request: SideRequest): Promise<SideAnswer> {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`)
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error(`the side of ${this.#name} has ended`)
    return JSON.parse(value) as SideAnswer
  }

  /** Ends the process: its input is closed. */
  close(): void {
    this.#child.stdin.end()
  }
}
