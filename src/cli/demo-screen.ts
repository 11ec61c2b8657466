import { stripVTControlCharacters } from 'node:util'
import type { Io } from './command.ts'

/**
 * A block of lines on a terminal that is drawn again in place. It stands on the ordinary screen, so
 * what it showed last stays when the command has ended.
 */
export class Screen {
  readonly #out: Io['stdout']
  /** Columns that each drawn line takes, to know how many rows it fills after a resize. */
  #drawn: number[] = []

  constructor(out: Io['stdout']) {
    this.#out = out
  }

  get columns(): number {
    return this.#out.columns ?? 80
  }

  get rows(): number {
    return this.#out.rows ?? 24
  }

  /** Replaces the block. Lines are cut at the right edge, and at the bottom of the terminal. */
  draw(lines: readonly string[]): void {
    const width = Math.max(1, this.columns - 1)
    const shown = lines.slice(0, Math.max(1, this.rows - 1)).map((line) => cut(line, width))
    this.#out.write(`${this.#erase()}${shown.join('\n')}\n`)
    this.#drawn = shown.map((line) => stripVTControlCharacters(line).length)
  }

  /** Takes the block away. */
  clear(): void {
    this.#out.write(this.#erase())
    this.#drawn = []
  }

  /** Back to the block's first row, and all below it away; a narrowed terminal has wrapped it. */
  #erase(): string {
    if (this.#drawn.length === 0) return ''
    const rows = this.#drawn.reduce(
      (sum, length) => sum + Math.max(1, Math.ceil(length / this.columns)),
      0,
    )
    return `\r\u001b[${Math.min(rows, this.rows)}A\u001b[J`
  }
}

/** The line's first `width` visible characters; colour codes take no room and are all kept. */
function cut(line: string, width: number): string {
  if (stripVTControlCharacters(line).length <= width) return line
  let text = ''
  let room = width
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colour codes begin with one
  for (const part of line.split(/(\u001b\[[0-9;]*m)/)) {
    if (part.startsWith('\u001b')) text += part
    else {
      text += part.slice(0, room)
      room = Math.max(0, room - part.length)
    }
  }
  return text
}
