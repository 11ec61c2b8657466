import { PageStream, type StreamOptions } from './stream.ts'

const streamsMax = 16
const tickMs = 1_000
/** In ticks. */
const keepAliveEvery = 15

/** All open pages, and the one ticker that runs while there are any. */
export class Pages {
  readonly #streams = new Set<PageStream>()
  readonly #onCount: (count: number) => void
  #ticker: NodeJS.Timeout | undefined
  #ticks = 0
  #isClosed = false

  /** `onCount` is told how many are open, each time that this changes. */
  constructor(onCount: (count: number) => void) {
    this.#onCount = onCount
  }

  /** Whether there is no room for another one. */
  get isFull(): boolean {
    return this.#isClosed || this.#streams.size >= streamsMax
  }

  /** Tells the page of everything until its connection ends. */
  open(options: StreamOptions): void {
    const { response, feed } = options
    if (this.#ticker === undefined) {
      // Rates are between two ticks.
      feed.tick()
      this.#ticker = setInterval(() => this.#tick(feed), tickMs)
    }
    const stream = new PageStream(options)
    this.#streams.add(stream)
    this.#onCount(this.#streams.size)
    response.on('close', () => {
      if (!this.#streams.delete(stream)) return
      stream.close()
      this.#left()
    })
  }

  /** Ends them all at once, and lets no other begin. */
  close(): void {
    this.#isClosed = true
    const streams = [...this.#streams]
    this.#streams.clear()
    for (const stream of streams) stream.close()
    this.#left()
  }

  #left(): void {
    this.#onCount(this.#streams.size)
    if (this.#streams.size > 0) return
    clearInterval(this.#ticker)
    this.#ticker = undefined
  }

  #tick(feed: StreamOptions['feed']): void {
    feed.tick()
    this.#ticks++
    for (const stream of this.#streams) {
      stream.tellStatus()
      if (this.#ticks % keepAliveEvery === 0) stream.keepAlive()
    }
  }
}
