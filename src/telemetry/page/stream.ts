import type { ServerResponse } from 'node:http'
import type { Choice } from './client/protocol.ts'
import { eventText, pointsData } from './events.ts'
import type { PageFeed } from './feed.ts'

/** Bytes that may wait for a page: one that reads more slowly than it is told is cut. */
const waitingMaxBytes = 1024 * 1024

export interface StreamOptions {
  readonly feed: PageFeed
  readonly wanted: Choice
  readonly response: ServerResponse
  readonly version: string
  readonly readiness: () => { readonly ready: boolean; readonly reasons: readonly string[] }
}

/** One open page: hears of the feed and writes events to the answer of its request. */
export class PageStream {
  readonly #options: StreamOptions
  readonly #leave: () => void
  #choice: Choice
  #isOpen = false

  /** The headers of the answer are out. */
  constructor(options: StreamOptions) {
    const { feed, wanted, version } = options
    this.#options = options
    this.#choice = wanted
    this.#leave = feed.watch(wanted, {
      onChoice: (choice) => {
        this.#choice = choice
        if (this.#isOpen) this.#write(eventText('choice', choice))
      },
      onPoints: (points) => this.#write(eventText('points', pointsData(points))),
    })
    this.#isOpen = true
    const { kind, application, topic, targets, horizons, levels } = feed.facts
    const facts = { kind, application, version, topic, targets, horizons, levels }
    this.#write(eventText('hello', { ...facts, choice: this.#choice }))
    this.tellStatus()
  }

  tellStatus(): void {
    const { feed, readiness } = this.#options
    const { timeMs, ...rest } = feed.status(this.#choice)
    const { ready, reasons } = readiness()
    this.#write(eventText('status', { timeMs, ready, reasons, ...rest }))
  }

  /** Says nothing, to those between us and the page who end silent connections. */
  keepAlive(): void {
    this.#write(': keep-alive\n\n')
  }

  close(): void {
    this.#leave()
    this.#options.response.end()
  }

  #write(text: string): void {
    const { response } = this.#options
    if (response.destroyed || response.writableEnded) return
    response.write(text)
    if (response.writableLength > waitingMaxBytes) response.destroy()
  }
}
