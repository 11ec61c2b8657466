import type { ServerResponse } from 'node:http'
import type { PageFeed } from '../page/feed.ts'
import { Pages } from '../page/pages.ts'
import { parseChoice, parseSearch } from '../page/query.ts'
import { type Answer, json, refusal, securityHeaders, send } from './answer.ts'

/** Behind a proxy: nginx would collect a stream before it hands it on. */
const streamHeaders = { 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' }

export interface PageRoutesOptions {
  /** null: the service is not up yet. */
  readonly feed: () => PageFeed | null
  readonly version: string
  readonly readiness: () => { readonly ready: boolean; readonly reasons: readonly string[] }
  /** Told how many pages are open. */
  readonly onPages: (count: number) => void
}

/** The routes behind the live page. */
export class PageRoutes {
  readonly #options: PageRoutesOptions
  readonly #pages: Pages

  constructor(options: PageRoutesOptions) {
    this.#options = options
    this.#pages = new Pages(options.onPages)
  }

  /** Answers with a stream that lasts as long as the connection; to HEAD with its headers. */
  events(query: URLSearchParams, response: ServerResponse, isHead: boolean): void {
    const refused = this.#streamTo(query, response, isHead)
    if (refused !== null) send(response, refused)
  }

  async sequences(query: URLSearchParams): Promise<Answer> {
    const feed = this.#options.feed()
    if (feed === null) return starting()
    const parsed = parseSearch(query)
    if ('error' in parsed) return refusal(400, parsed.error)
    const { text, limit } = parsed.value
    const found = await feed.search(text, limit)
    return found === null ? busy('Too many searches are under way') : json(200, found)
  }

  /** Ends all streams. */
  close(): void {
    this.#pages.close()
  }

  #streamTo(query: URLSearchParams, response: ServerResponse, isHead: boolean): Answer | null {
    const { version, readiness } = this.#options
    const feed = this.#options.feed()
    if (feed === null) return starting()
    const parsed = parseChoice(query, feed)
    if ('error' in parsed) return refusal(400, parsed.error)
    if (this.#pages.isFull) return busy('Too many pages are open')
    // The connection is of no use for another request.
    response.writeHead(200, { ...securityHeaders, ...streamHeaders, Connection: 'close' })
    if (isHead) response.end()
    else this.#pages.open({ feed, wanted: parsed.value, response, version, readiness })
    return null
  }
}

function starting(): Answer {
  return busy('The service is starting')
}

function busy(error: string): Answer {
  return refusal(503, error, { 'Retry-After': '1' })
}
