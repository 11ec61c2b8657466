import { Random } from '../../random.ts'
import type { InputMessage } from './cluster.ts'

const period = 24
const startMs = 1_704_067_200_000
const stepMs = 60_000

/**
 * JSON records of three fields, `time`, `y`, `x`, for ever: a noisy wave and what drives it. With
 * more than one sequence these take turns, and a fourth field, `key`, names them. Equal arguments
 * give equal bytes.
 */
export class ServiceRecords {
  readonly #sequences: number
  readonly #random: Random
  #next = 0

  constructor(sequences = 1) {
    this.#sequences = sequences
    this.#random = new Random(31 + sequences)
  }

  /** The fields of a record. */
  get fields(): number {
    return this.#sequences === 1 ? 3 : 4
  }

  take(count: number): InputMessage[] {
    return Array.from({ length: count }, () => ({ key: null, value: this.#line() }))
  }

  #line(): string {
    const index = this.#next++
    const sequence = index % this.#sequences
    const step = Math.floor(index / this.#sequences)
    const x = this.#random.normal()
    const wave = 40 * Math.sin((2 * Math.PI * (step + sequence)) / period)
    const y = 100 + wave + 5 * x + this.#random.normal()
    const record = { time: startMs + step * stepMs, y: rounded(y), x: rounded(x) }
    return JSON.stringify(this.#sequences === 1 ? record : { key: `s${sequence}`, ...record })
  }
}

function rounded(value: number): number {
  return Number(value.toFixed(3))
}
