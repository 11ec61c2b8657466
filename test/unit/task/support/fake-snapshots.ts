import { createHash } from 'node:crypto'
import type { Seal, StateRow } from '../../../../src/model/snapshot/snapshots.ts'
import type { StreamLoader, StreamSnapshots } from '../../../../src/task/engine/engine.ts'

interface State {
  records(): number
  read(): string
  write(text: string): void
}

/** Snapshots of a state that is one text: two rows, the second of which says what the first is. */
export class FakeSnapshots implements StreamSnapshots {
  readonly #state: State
  #phase: 'idle' | 'taking' | 'sealing' = 'idle'
  #rows: StateRow[] = []
  #seal: Seal | null = null
  #number = 0
  #lastSlot: 0 | 1 = 1
  slot: 0 | 1 = 0

  constructor(state: State) {
    this.#state = state
  }

  get isInProgress(): boolean {
    return this.#phase !== 'idle'
  }

  get isComplete(): boolean {
    return this.#phase === 'taking' && this.#rows.length === 0
  }

  get progress(): { done: number; total: number } {
    return { done: 2 - this.#rows.length, total: 2 }
  }

  begin(): void {
    const text = this.#state.read()
    this.#phase = 'taking'
    this.slot = this.#lastSlot === 0 ? 1 : 0
    this.#number++
    const row = (name: string, value: string): StateRow => {
      const bytes = Buffer.from(value)
      return { kind: 'shared', name, bytes, bytesMax: bytes.length }
    }
    this.#rows = [row('0', text), row('1', digest(text))]
    const records = this.#state.records()
    const seal = { slot: this.slot, number: this.#number, records, sequences: 0 }
    this.#seal = { ...seal, stateHash: digest(text) }
  }

  /** One row at a time: several transactions a snapshot. */
  take(): StateRow[] {
    return this.#rows.splice(0, 1)
  }

  seal(): Seal {
    this.#phase = 'sealing'
    return this.#seal as Seal
  }

  sealed(): void {
    this.#phase = 'idle'
    this.#lastSlot = this.slot
  }

  abandon(): void {
    this.#phase = 'idle'
    this.#rows = []
  }

  remember(): void {}

  loader(): StreamLoader {
    const rows: string[] = []
    return {
      shared: (bytes) => void rows.push(`${Buffer.from(bytes)}`),
      page: () => {},
      sequence: () => {},
      gone: () => {},
      finish: (seal) => {
        // The newest of each come last.
        const [text, sum] = rows.slice(-2)
        if (text === undefined || digest(text) !== sum || sum !== seal.stateHash) {
          throw new Error('The rows are not those of the seal')
        }
        this.#state.write(text)
        this.#number = seal.number
        this.#lastSlot = seal.slot
      },
    }
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
