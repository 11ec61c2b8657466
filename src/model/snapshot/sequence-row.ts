import { NO_WINDOW, type Sequence, type SequenceTable } from '../sequence.ts'
import type { SequenceWindows } from '../state.ts'
import { FRAME_BYTES, invalid, openRow, readRow } from './row.ts'

/** Places of the fields: lengths in the elements of each part, in the order of the payload. */
const CORE = 0
const STATES = 1
const WINDOW_WORDS = 2
const NAME_UNITS = 3

/** The sequences' rows: core, hidden states, window if there is one, and the name in UTF-16. */
export class SequenceRows {
  private readonly table: SequenceTable
  private readonly windows: SequenceWindows
  private readonly coreWords: number
  private readonly stateWords: number
  private readonly windowWords: number

  constructor(table: SequenceTable, windows: SequenceWindows) {
    this.table = table
    this.windows = windows
    this.coreWords = 2 * table.coreSize
    this.stateWords = table.stateSize
    this.windowWords = windows.byteLength / 4
  }

  /** Bytes of the row of a sequence of that name, at most: with its window. */
  bytesMax(name: string): number {
    const { coreWords, stateWords, windowWords } = this
    return FRAME_BYTES + 4 * (coreWords + stateWords + windowWords + nameWords(name))
  }

  encode(sequence: Sequence): Uint8Array {
    const { coreWords, stateWords } = this
    const { name, home, core, statesAt } = sequence
    const windowWords = sequence.window === NO_WINDOW ? 0 : this.windowWords
    const nameAt = coreWords + stateWords + windowWords
    const row = openRow('sequence', nameAt + nameWords(name))
    const { fields, payload } = row
    fields[CORE] = core.length
    fields[STATES] = stateWords
    fields[WINDOW_WORDS] = windowWords
    fields[NAME_UNITS] = name.length
    const coreAt = core.byteOffset / 4
    payload.set(home.words.subarray(coreAt, coreAt + coreWords))
    payload.set(home.words.subarray(statesAt, statesAt + stateWords), coreWords)
    if (windowWords > 0) this.windows.copyTo(sequence, payload, coreWords + stateWords)
    writeName(name, payload, nameAt)
    return row.close()
  }

  /**
   * Makes the sequence what the row says, or adds it, in none of the lists. Throws what `readRow`
   * throws, also where the row is another sequence's or of another shape than the model.
   */
  decode(name: string, bytes: Uint8Array): Sequence {
    const { coreWords, stateWords } = this
    const { fields, payload } = readRow('sequence', name, bytes)
    const windowWords = fields[WINDOW_WORDS]!
    const nameAt = coreWords + stateWords + windowWords
    const fits =
      2 * fields[CORE]! === coreWords &&
      fields[STATES] === stateWords &&
      (windowWords === 0 || windowWords === this.windowWords) &&
      fields[NAME_UNITS] === name.length &&
      payload.length === nameAt + nameWords(name)
    if (!fits) {
      throw invalid(`The row '${name}' of a snapshot has another shape than this model.`)
    }
    if (!hasName(name, payload, nameAt)) {
      throw invalid(`The row '${name}' of a snapshot is that of another sequence.`)
    }
    const sequence = this.table.byName.get(name) ?? this.table.add(name)
    const { home, core, statesAt } = sequence
    home.words.set(payload.subarray(0, coreWords), core.byteOffset / 4)
    home.words.set(payload.subarray(coreWords, coreWords + stateWords), statesAt)
    if (windowWords === 0) this.windows.close(sequence)
    else this.windows.copyFrom(sequence, payload.subarray(coreWords + stateWords, nameAt))
    return sequence
  }

  /** Takes a decoded sequence away again. */
  drop(sequence: Sequence): void {
    this.windows.close(sequence)
    this.table.remove(sequence)
  }
}

/** Two UTF-16 units to a word. */
function nameWords(name: string): number {
  return Math.ceil(name.length / 2)
}

function wordOfName(name: string, i: number): number {
  const upper = i + 1 < name.length ? name.charCodeAt(i + 1) : 0
  return (name.charCodeAt(i) | (upper << 16)) >>> 0
}

function writeName(name: string, words: Uint32Array, at: number): void {
  for (let i = 0; i < name.length; i += 2) words[at + i / 2] = wordOfName(name, i)
}

function hasName(name: string, words: Uint32Array, at: number): boolean {
  for (let i = 0; i < name.length; i += 2) {
    if (words[at + i / 2] !== wordOfName(name, i)) return false
  }
  return true
}
