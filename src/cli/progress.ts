import type { Clock } from '../clock.ts'
import type { Io } from './command.ts'
import { grouped } from './table.ts'

const REDRAW_MS = 100
const BAR = 24

/** A bar on the last line of a terminal: records, their rate, time left. Silent elsewhere. */
export class Progress {
  readonly #out: Io['stderr']
  readonly #clock: Clock
  readonly #startMs: number
  #drawnMs = Number.NEGATIVE_INFINITY
  #shown = false

  constructor(out: Io['stderr'], clock: Clock) {
    this.#out = out
    this.#clock = clock
    this.#startMs = clock.monotonicMs()
  }

  /** Shows `records` done and the `fraction` of the whole input, null where that is unknown. */
  update(records: number, fraction: number | null): void {
    if (this.#out.isTTY !== true) return
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#drawnMs < REDRAW_MS) return
    this.#drawnMs = nowMs
    this.#shown = true
    const line = progressLine(records, fraction, (nowMs - this.#startMs) / 1000)
    this.#out.write(`\r\u001b[K${line.slice(0, (this.#out.columns ?? 80) - 1)}`)
  }

  /** Takes the bar away. */
  clear(): void {
    if (this.#shown) this.#out.write('\r\u001b[K')
    this.#shown = false
  }
}

/** The text of the bar after `seconds`. */
export function progressLine(records: number, fraction: number | null, seconds: number): string {
  const rate = seconds > 0 ? `${grouped(records / seconds)} records/s` : ''
  if (fraction === null) return `${grouped(records)} records  ${rate}`
  const done = Math.min(1, Math.max(0, fraction))
  const filled = Math.round(done * BAR)
  const bar = '█'.repeat(filled) + '░'.repeat(BAR - filled)
  const left = done > 0 ? `${duration((seconds * (1 - done)) / done)} left` : ''
  const percent = `${Math.floor(done * 100)} %`.padStart(5)
  return `${bar} ${percent}  ${grouped(records)} records  ${rate}  ${left}`.trimEnd()
}

/** '7 s', '2 min 05 s', '3 h 07 min'. */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, '0')} s`
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
}
