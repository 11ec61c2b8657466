import type { Clock } from '../../clock.ts'
import type { DecodeFailure } from '../../record/types.ts'
import type { InputRecord } from '../ports.ts'
import type { Scheduler } from '../scheduler.ts'
import type { StreamModel, StreamOutcome } from './engine.ts'
import type { DeadLetterNote, WatchChoice, WatchedPoints } from './messages.ts'
import { Watch } from './watch.ts'

/** How often a watch tells of new points, at most. */
const pointsEveryMs = 250
/** Dead letters that are told of in one second, at most. */
const notesMax = 5
const noteCharacters = 200

export interface WatchesOptions {
  readonly model: StreamModel
  readonly clock: Clock
  readonly scheduler: Scheduler
  onPoints(points: WatchedPoints): void
  onDeadLetter(note: DeadLetterNote): void
}

/** All that people look at in one engine: its watches, and some of its dead letters. */
export class Watches {
  readonly #options: WatchesOptions
  readonly #watches = new Map<number, Watch>()
  /** By watch. */
  readonly #timers = new Map<number, () => void>()
  /** Watching begins with the first record that is published. */
  #isRunning = false
  #notes = 0
  #notesSinceMs = Number.NEGATIVE_INFINITY

  constructor(options: WatchesOptions) {
    this.#options = options
  }

  /** Whether anyone watches. */
  get isActive(): boolean {
    return this.#watches.size > 0
  }

  /** Begins a watch, or puts another choice in its place; null ends it. */
  set(id: number, choice: WatchChoice | null): void {
    this.#timers.get(id)?.()
    this.#timers.delete(id)
    this.#watches.delete(id)
    if (choice === null) return
    const watch = new Watch(id, choice)
    this.#watches.set(id, watch)
    if (this.#isRunning) this.#begin(watch)
  }

  /** The replay is over: what comes now is published. */
  run(): void {
    this.#isRunning = true
    for (const watch of this.#watches.values()) this.#begin(watch)
  }

  /** A record has been taken in. */
  add(outcome: StreamOutcome): void {
    for (const [id, watch] of this.#watches) if (watch.add(outcome)) this.#plan(id, watch)
  }

  /** A record could not be used. */
  refused({ offset, timestampMs }: InputRecord, { code, message }: DecodeFailure): void {
    const nowMs = this.#options.clock.monotonicMs()
    if (nowMs - this.#notesSinceMs >= 1_000) {
      this.#notesSinceMs = nowMs
      this.#notes = 0
    }
    if (this.#notes === notesMax) return
    this.#notes++
    this.#options.onDeadLetter({ offset, code, message: cut(message), timestampMs })
  }

  close(): void {
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
    this.#watches.clear()
  }

  #begin(watch: Watch): void {
    const past = watch.begin(this.#options.model)
    if (past !== null) this.#options.onPoints(past)
  }

  #plan(id: number, watch: Watch): void {
    const cancel = this.#options.scheduler.after(pointsEveryMs, () => {
      this.#timers.delete(id)
      this.#options.onPoints(watch.take())
    })
    this.#timers.set(id, cancel)
  }
}

function cut(message: string): string {
  return message.length <= noteCharacters ? message : `${message.slice(0, noteCharacters - 1)}…`
}
