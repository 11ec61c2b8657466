/** @import { ConnectionState } from './connection.js' */
/** @import { Wish } from './choice.js' */
/** @import { Choice, Hello, Points, SequenceList, Status } from '../protocol.ts' */
import { ChoiceLists, choiceWords, keepInAddress, queryOf, wishOfAddress } from './choice.js'
import { Connection } from './connection.js'
import { DeadLetters } from './dead-letters.js'
import { element, make, setData, setText } from './dom.js'
import { Figures } from './figures.js'
import { Forecast } from './forecast.js'
import { formatTime } from './format.js'
import { Intervals } from './intervals.js'
import { wordsOfKind } from './kinds.js'
import { Scoreboard } from './scoreboard.js'
import { keepScrollable } from './scroll-regions.js'
import { SequenceSearch } from './sequence-search.js'
import { Tasks } from './tasks.js'
import { TokenForm } from './token-form.js'
import { standsStill } from './words.js'

/** A page that nobody has looked at for so long costs the service nothing more. */
const HIDDEN_MS = 30_000
const MAX_SEQUENCES = 50

const LOST = 'Connection lost'
const UNREADY = 'Not ready'

/** @type {Readonly<Record<ConnectionState, string>>} */
const stateWords = {
  connecting: 'connecting',
  live: 'live',
  waiting: 'connecting again',
  unauthorized: 'a token is needed',
  hidden: 'asleep',
}

/** Ties the stream of the service to what the page shows, and the controls to the stream. */
export class Page {
  /** @type {Wish} */
  #wish = wishOfAddress()
  /** @type {Hello | null} */
  #hello = null
  /** @type {Choice | null} */
  #choice = null
  /** @type {Status | null} */
  #status = null
  /** Statuses in a row that stand still. */
  #still = 0
  /** Why the last wish gave way, until that has been said. */
  #refusal = ''
  /** Title of the banner; empty while there is none. */
  #alarm = ''
  #isPaused = false
  /** @type {ConnectionState} */
  #state = 'connecting'
  #detail = ''
  /** @type {number | undefined} */
  #hiddenTimer

  #forecast = new Forecast()
  #figures = new Figures()
  #scoreboard = new Scoreboard()
  #intervals = new Intervals()
  #tasks = new Tasks()
  #letters = new DeadLetters()
  #lists = new ChoiceLists((change) => this.#watch({ ...this.#wish, ...change }))
  #search = new SequenceSearch(
    (query) => this.#findSequences(query),
    (option) => {
      const { partition: _partition, sequence: _sequence, ...rest } = this.#wish
      const { partition, sequence } = option ?? {}
      this.#watch(
        sequence === undefined ? rest : { ...rest, partition: String(partition), sequence },
      )
    },
  )
  #token = new TokenForm(() => this.#connection.start())
  #connection = new Connection({
    query: () => queryOf(this.#wish),
    token: () => this.#token.value,
    onEvent: (name, data) => this.#take(name, data),
    onState: (state, detail) => this.#stand(state, detail),
    onRefused: (reason) => this.#refused(reason),
  })
  #pause = element('pause', HTMLButtonElement)

  /** Opens the stream and listens to the user. */
  start() {
    this.#pause.addEventListener('click', () => this.#setPaused(!this.#isPaused))
    document.addEventListener('visibilitychange', () => this.#onVisibility())
    addEventListener('online', () => {
      if (this.#state === 'waiting') this.#connection.start()
    })
    keepScrollable()
    this.#connection.start()
    // A tab may be opened in the back.
    this.#onVisibility()
  }

  /**
   * @param {string} name
   * @param {string} data
   */
  #take(name, data) {
    if (name === 'points') this.#forecast.take(/** @type {Points} */ (JSON.parse(data)))
    else if (name === 'status') this.#takeStatus(JSON.parse(data))
    else if (name === 'hello') this.#greet(JSON.parse(data))
    else if (name === 'choice') this.#takeChoice(JSON.parse(data))
  }

  /** @param {Hello} hello */
  #greet(hello) {
    this.#hello = hello
    this.#choice = hello.choice
    this.#still = 0
    this.#forecast.begin(hello)
    this.#showNames()
  }

  /** @param {Choice} choice */
  #takeChoice(choice) {
    const isOther = JSON.stringify(choice) !== JSON.stringify(this.#choice)
    this.#choice = choice
    if (isOther) this.#forecast.forget()
    this.#showNames()
  }

  /** Names go with the values that are shown: a pause keeps both. */
  #showNames() {
    const [hello, choice] = [this.#hello, this.#choice]
    if (this.#isPaused || hello === null || choice === null) return
    setText(element('application', HTMLElement), hello.application)
    const about = `version ${hello.version}, reads ${hello.topic}`
    setText(element('about', HTMLElement), about)
    document.title = `${hello.application} · headrace`
    this.#lists.offer(hello)
    this.#lists.show(choice)
    this.#search.show(choice.sequence)
    this.#forecast.watch(choice)
  }

  /** @param {Status} status */
  #takeStatus(status) {
    this.#status = status
    this.#still = standsStill(status) ? this.#still + 1 : 0
    if (!this.#isPaused && !document.hidden) this.#showStatus(status)
    this.#showBanner()
  }

  /** @param {Status} status */
  #showStatus(status) {
    const words = wordsOfKind(this.#hello?.kind ?? 'forecast')
    this.#figures.show(words, status, this.#still)
    this.#scoreboard.show(words, status)
    this.#intervals.show(words, status.coverage)
    this.#tasks.show(status.tasks)
    this.#letters.show(status.deadLetters)
    const wanted = this.#choice?.partition ?? null
    const isOurs = status.tasks.some(({ partition }) => partition === wanted)
    this.#forecast.setAway(wanted !== null && !isOurs)
  }

  /**
   * Another choice: the service answers it with a stream of its own.
   * @param {Wish} wish
   */
  #watch(wish) {
    this.#wish = wish
    keepInAddress(wish)
    if (this.#isPaused) this.#setPaused(false)
    this.#forecast.forget()
    this.#connection.start()
    const { target = this.#choice?.target ?? '', horizon = this.#choice?.horizon ?? 1 } = wish
    const sequence = wish.sequence ?? null
    const partition = wish.partition === undefined ? null : Number(wish.partition)
    this.#announce(choiceWords({ target, horizon: Number(horizon), sequence, partition }))
  }

  /**
   * What the address asks for does not exist (any more): back to what the service proposes.
   * @param {string} reason
   */
  #refused(reason) {
    const hadWish = queryOf(this.#wish) !== ''
    this.#wish = {}
    keepInAddress(this.#wish)
    if (!hadWish) return this.#stand('waiting', reason || 'the service refuses the stream')
    this.#refusal = `That cannot be shown: ${reason}`
    this.#connection.start()
  }

  /** @param {boolean} isPaused */
  #setPaused(isPaused) {
    this.#isPaused = isPaused
    setText(this.#pause, isPaused ? 'Resume' : 'Pause')
    setData(this.#pause, 'paused', String(isPaused))
    this.#forecast.setPaused(isPaused)
    this.#showNames()
    if (!isPaused && this.#status !== null) this.#showStatus(this.#status)
    this.#announce(isPaused ? 'Paused' : 'Live again')
    this.#showConnection()
  }

  /**
   * @param {ConnectionState} state
   * @param {string} detail
   */
  #stand(state, detail) {
    const isNews = state === 'live' && this.#state !== 'live'
    // Between two attempts nothing changes for the user.
    if (state === 'connecting' && this.#state === 'waiting') return
    this.#state = state
    this.#detail = detail
    // Until there is an answer to a token, the form stays.
    if (state !== 'connecting') this.#token.setAsked(state === 'unauthorized')
    if (isNews) {
      this.#announce(this.#refusal || 'Connected')
      this.#refusal = ''
    }
    this.#showConnection()
    this.#showBanner()
  }

  #showConnection() {
    const node = element('connection', HTMLElement)
    setData(node, 'state', this.#state === 'waiting' ? 'failed' : this.#state)
    const words =
      this.#state === 'live' && this.#isPaused ? 'live, paused' : stateWords[this.#state]
    setText(element('connection-text', HTMLElement), words)
  }

  #showBanner() {
    const isLost = this.#state === 'waiting'
    const isUnready = this.#status !== null && !this.#status.ready
    const alarm = isLost ? LOST : isUnready ? UNREADY : ''
    element('banner', HTMLElement).hidden = alarm === ''
    setText(element('banner-title', HTMLElement), alarm)
    const reasons = isLost ? [this.#lossWords()] : isUnready ? (this.#status?.reasons ?? []) : []
    this.#announceAlarm(alarm, reasons)
    const list = element('banner-reasons', HTMLUListElement)
    if ([...list.children].map((item) => item.textContent).join('\n') === reasons.join('\n')) return
    list.replaceChildren(...reasons.map((reason) => make('li', '', reason)))
  }

  /**
   * Said when it begins and ends: reasons change each second while a restore goes on.
   * @param {string} alarm
   * @param {readonly string[]} reasons
   */
  #announceAlarm(alarm, reasons) {
    const before = this.#alarm
    this.#alarm = alarm
    if (alarm === before) return
    if (alarm !== '') this.#announce(`${alarm}: ${reasons.join(', ')}`)
    else if (before === UNREADY) this.#announce('Ready')
  }

  #lossWords() {
    const detail = this.#detail.replace(/^./, (letter) => letter.toUpperCase())
    if (this.#status === null) return detail
    return `${detail}. What is shown is from ${formatTime(this.#status.timeMs)} UTC.`
  }

  #onVisibility() {
    clearTimeout(this.#hiddenTimer)
    if (document.hidden) {
      this.#hiddenTimer = setTimeout(() => {
        // Where a token is asked for, nothing is open, and what was typed stays.
        if (this.#state !== 'unauthorized') this.#connection.hide()
      }, HIDDEN_MS)
      return
    }
    if (this.#state === 'hidden') this.#connection.start()
    if (!this.#isPaused && this.#status !== null) this.#showStatus(this.#status)
    this.#forecast.show()
  }

  /**
   * @param {string} query
   * @returns {Promise<SequenceList>}
   */
  async #findSequences(query) {
    const parameters = new URLSearchParams({ q: query, limit: String(MAX_SEQUENCES) })
    const token = this.#token.value
    const response = await fetch(`/sequences?${parameters}`, {
      headers: token === null ? {} : { Authorization: `Bearer ${token}` },
      cache: 'no-store',
    })
    if (!response.ok) throw new TypeError(`the service answers ${response.status}`)
    return response.json()
  }

  /**
   * A word to those who do not see it.
   * @param {string} text
   */
  #announce(text) {
    setText(element('announce', HTMLElement), text)
  }
}
