/** An event may be this long, in characters; a longer one is no event of ours. */
const MAX_EVENT_CHARACTERS = 4_000_000

/**
 * Server-sent events out of the pieces of a stream: `event:` and `data:` lines up to an empty one;
 * comments and all other fields are passed over.
 */
export class EventParser {
  #rest = ''
  #name = ''
  #data = ''
  /** @type {(name: string, data: string) => void} */
  #onEvent

  /** @param {(name: string, data: string) => void} onEvent */
  constructor(onEvent) {
    this.#onEvent = onEvent
  }

  /**
   * Throws where an event is longer than any of ours.
   * @param {string} piece
   */
  push(piece) {
    const text = this.#rest + piece
    let from = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      this.#line(text.slice(from, text[end - 1] === '\r' ? end - 1 : end))
      from = end + 1
    }
    this.#rest = text.slice(from)
    if (this.#rest.length + this.#data.length > MAX_EVENT_CHARACTERS) {
      throw new RangeError(`an event of more than ${MAX_EVENT_CHARACTERS} characters`)
    }
  }

  /** @param {string} line */
  #line(line) {
    if (line === '') {
      if (this.#data !== '') this.#onEvent(this.#name || 'message', this.#data)
      this.#name = ''
      this.#data = ''
      return
    }
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'event') this.#name = value
    if (field === 'data') this.#data += this.#data === '' ? value : `\n${value}`
  }
}
