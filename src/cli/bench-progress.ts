import type { Io } from './command.ts'

const bar = 24

/** One line on a terminal: which bench runs and how far it is. Silent elsewhere. */
export class BenchProgress {
  readonly #out: Io['stderr']

  constructor(out: Io['stderr']) {
    this.#out = out
  }

  /** @param fraction of the bench of this name that is done */
  show(bench: string, fraction: number): void {
    if (this.#out.isTTY !== true) return
    const filled = Math.round(fraction * bar)
    const percent = `${Math.floor(fraction * 100)} %`.padStart(5)
    const line = `${'█'.repeat(filled)}${'░'.repeat(bar - filled)} ${percent}  ${bench}`
    this.#out.write(`\r\u001b[K${line.slice(0, (this.#out.columns ?? 80) - 1)}`)
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#out.isTTY === true) this.#out.write('\r\u001b[K')
  }
}
