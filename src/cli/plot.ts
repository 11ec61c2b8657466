import type { Io } from './command.ts'
import { figure } from './table.ts'

export interface PlotOptions {
  /** Columns and lines to fill, axis labels included, the legend not. */
  readonly width: number
  readonly height: number
  /** ANSI colours; without them the predicted line is drawn with `·`. */
  readonly colour: boolean
}

const LABEL = 9
const OBSERVED = 1
const PREDICTED = 2
// Bits of the eight braille dots, (4 down, 2 across); U+2800 is the empty cell.
const DOTS = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80]

/** The newest observed values of one series and what had been predicted for them. */
export class PlotHistory {
  readonly capacity = 512
  readonly #observed = new Float64Array(this.capacity)
  readonly #predicted = new Float64Array(this.capacity)
  #count = 0

  add(observed: number, predicted: number): void {
    this.#observed[this.#count % this.capacity] = observed
    this.#predicted[this.#count % this.capacity] = predicted
    this.#count++
  }

  get count(): number {
    return Math.min(this.#count, this.capacity)
  }

  /** The newest `count` pairs, oldest first. */
  newest(count: number): { observed: Float64Array; predicted: Float64Array } {
    const length = Math.min(count, this.count)
    const observed = new Float64Array(length)
    const predicted = new Float64Array(length)
    for (let i = 0; i < length; i++) {
      const at = (this.#count - length + i) % this.capacity
      observed[i] = this.#observed[at] as number
      predicted[i] = this.#predicted[at] as number
    }
    return { observed, predicted }
  }
}

/** Lines that draw the newest observed values and their predictions; none before two are there. */
export function plot(history: PlotHistory, options: PlotOptions): string[] {
  const columns = options.width - LABEL
  const steps = Math.min(columns * 2, history.count)
  if (columns < 8 || options.height < 2 || steps < 2) return []
  const { observed, predicted } = history.newest(steps)
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const value of [...observed, ...predicted]) {
    if (!Number.isFinite(value)) continue
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  if (low > high) return []
  const dots = options.height * 4
  const row = (value: number) =>
    high === low ? dots >> 1 : Math.round(((high - value) / (high - low)) * (dots - 1))
  const canvas = [
    new Uint8Array(columns * options.height),
    new Uint8Array(columns * options.height),
  ]
  draw(canvas[0] as Uint8Array, columns, observed, row)
  draw(canvas[1] as Uint8Array, columns, predicted, row)
  const lines: string[] = []
  for (let line = 0; line < options.height; line++) {
    let label = ''
    if (line === 0) label = figure(high)
    if (line === options.height - 1) label = figure(low)
    const from = line * columns
    const cells = canvas.map((bits) => bits.subarray(from, from + columns))
    lines.push(
      label.padStart(LABEL - 2) +
        '  ' +
        paint(cells[0] as Uint8Array, cells[1] as Uint8Array, options.colour),
    )
  }
  return lines
}

/** Whether the user wants colours (no-color.org). */
export function hasColour(io: Pick<Io, 'env'>): boolean {
  return (io.env.NO_COLOR ?? '') === ''
}

/** What the two lines of `plot` mean. */
export function legend(what: string, colour: boolean): string {
  const predicted = colour ? '\u001b[33m⠒⠒ predicted\u001b[0m' : '·· predicted'
  return `${' '.repeat(LABEL)}⠒⠒ observed  ${predicted}  ${what}`
}

/** Draws a line through the values, joined vertically, gaps where a value is not finite. */
function draw(
  bits: Uint8Array,
  columns: number,
  values: Float64Array,
  row: (value: number) => number,
): void {
  let before = -1
  values.forEach((value, x) => {
    if (!Number.isFinite(value)) {
      before = -1
      return
    }
    const y = row(value)
    const last = before < 0 ? y : before + Math.sign(y - before)
    for (let at = Math.min(y, last); at <= Math.max(y, last); at++) {
      const cell = (at >> 2) * columns + (x >> 1)
      bits[cell] = (bits[cell] as number) | (DOTS[(at & 3) * 2 + (x & 1)] as number)
    }
    before = y
  })
}

/** One line of cells: colours change only where the kind of cell does. */
function paint(observed: Uint8Array, predicted: Uint8Array, colour: boolean): string {
  let text = ''
  let kind = 0
  for (let i = 0; i < observed.length; i++) {
    const o = observed[i] as number
    const p = predicted[i] as number
    const next = o !== 0 ? OBSERVED : p !== 0 ? PREDICTED : 0
    if (colour && next !== kind && (next === PREDICTED || kind === PREDICTED)) {
      text += next === PREDICTED ? '\u001b[33m' : '\u001b[0m'
    }
    kind = next
    if (next === 0) text += ' '
    else if (!colour) text += next === OBSERVED ? String.fromCharCode(0x2800 + o) : '·'
    else text += String.fromCharCode(0x2800 + (next === OBSERVED ? o : p))
  }
  return colour && kind === PREDICTED ? `${text}\u001b[0m` : text.trimEnd()
}
