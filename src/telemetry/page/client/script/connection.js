import { EventParser } from './event-parser.js'

/**
 * Where the page stands with the service. `unauthorized` waits for a token, `hidden` for the page
 * to be seen again; from all others it goes on by itself.
 * @typedef {'connecting' | 'live' | 'waiting' | 'unauthorized' | 'hidden'} ConnectionState
 */

/**
 * @typedef {object} ConnectionUser
 * @property {() => string} query of the stream, what is being watched
 * @property {() => string | null} token
 * @property {(name: string, data: string) => void} onEvent
 * @property {(state: ConnectionState, detail: string) => void} onState
 * @property {(reason: string) => void} onRefused what was asked for does not exist
 */

const FIRST_RETRY_MS = 500
const MAX_RETRY_MS = 15_000
/** Of a pause, as much is left to chance: pages that lost one service do not come back at once. */
const JITTER = 0.5
/** The service sends something each second; after so long without it is gone, or its network. */
const SILENCE_MS = 20_000

/** One stream of events, opened again with growing pauses whenever it ends. */
export class Connection {
  #retryMs = FIRST_RETRY_MS
  /** @type {AbortController | null} */
  #open = null
  /** @type {number | undefined} */
  #timer
  /** @type {number | undefined} */
  #watchdog
  /** @type {ConnectionUser} */
  #user

  /** @param {ConnectionUser} user */
  constructor(user) {
    this.#user = user
  }

  /** Opens the stream, in place of one that is open. */
  start() {
    this.#stop()
    const abort = new AbortController()
    this.#open = abort
    this.#user.onState('connecting', '')
    void this.#follow(abort)
  }

  /** Ends the stream until `start`. */
  hide() {
    this.#stop()
    this.#user.onState('hidden', '')
  }

  #stop() {
    clearTimeout(this.#timer)
    clearTimeout(this.#watchdog)
    this.#open?.abort()
    this.#open = null
  }

  /**
   * Reads one stream to its end.
   * @param {AbortController} abort
   */
  async #follow(abort) {
    try {
      const token = this.#user.token()
      const response = await fetch(`/events?${this.#user.query()}`, {
        headers: token === null ? {} : { Authorization: `Bearer ${token}` },
        signal: abort.signal,
        cache: 'no-store',
      })
      if (response.ok && response.body !== null) await this.#read(response.body, abort)
      else if (await this.#isFinal(response, abort)) return
      const detail = response.ok ? 'the service has closed the stream' : await saying(response)
      if (!abort.signal.aborted) this.#wait(detail)
    } catch {
      if (!abort.signal.aborted) this.#wait('the service does not answer')
    }
  }

  /**
   * @param {ReadableStream<Uint8Array>} body
   * @param {AbortController} abort
   */
  async #read(body, abort) {
    const decoder = new TextDecoder()
    const parser = new EventParser((name, data) => {
      if (abort.signal.aborted) return
      if (name === 'hello') {
        this.#retryMs = FIRST_RETRY_MS
        this.#user.onState('live', '')
      }
      this.#user.onEvent(name, data)
    })
    const reader = body.getReader()
    for (;;) {
      this.#watch(abort)
      const { done, value } = await reader.read()
      if (done || abort.signal.aborted) return
      parser.push(decoder.decode(value, { stream: true }))
    }
  }

  /**
   * Whether the answer ends it for now: someone else must do something first.
   * @param {Response} response
   * @param {AbortController} abort
   */
  async #isFinal(response, abort) {
    if (response.status === 401) {
      if (!abort.signal.aborted) this.#user.onState('unauthorized', '')
      return true
    }
    const isTooLong = response.status === 431 || response.status === 414
    if (response.status !== 400 && !isTooLong) return false
    const reason = isTooLong ? 'the request is too long' : await reasonOf(response)
    if (!abort.signal.aborted) this.#user.onRefused(reason)
    return true
  }

  /** @param {string} detail */
  #wait(detail) {
    clearTimeout(this.#watchdog)
    const pauseMs = this.#retryMs * (1 - JITTER * chance())
    this.#retryMs = Math.min(MAX_RETRY_MS, 2 * this.#retryMs)
    this.#user.onState('waiting', detail)
    this.#timer = setTimeout(() => this.start(), pauseMs)
  }

  /** @param {AbortController} abort */
  #watch(abort) {
    clearTimeout(this.#watchdog)
    this.#watchdog = setTimeout(() => {
      abort.abort()
      this.#wait('nothing comes from the service')
    }, SILENCE_MS)
  }
}

/** From 0 up to 1. */
function chance() {
  const [number = 0] = crypto.getRandomValues(new Uint32Array(1))
  return number / 2 ** 32
}

/**
 * What the service says in place of a stream; a proxy before it says no more than a number.
 * @param {Response} response
 */
async function saying(response) {
  const reason = await reasonOf(response)
  return `the service answers ${response.status}${reason === '' ? '' : `: ${reason}`}`
}

/**
 * The reason that an answer of JSON gives.
 * @param {Response} response
 * @returns {Promise<string>}
 */
async function reasonOf(response) {
  try {
    const { error, reason, message } = await response.json()
    return String(error ?? reason ?? message ?? '')
  } catch {
    return ''
  }
}
