import { element, setText } from './dom.js'

const key = 'headrace.token'

/** What a token is made of; of anything else the browser makes no header. */
const printable = /^[!-~]+$/

/** Asks for the token where the service wants one, and keeps it as long as the tab is open. */
export class TokenForm {
  #form = element('token-form', HTMLFormElement)
  #input = element('token', HTMLInputElement)
  #wrong = element('token-wrong', HTMLElement)
  /** The token where the browser keeps nothing for the page. @type {string | null} */
  #kept = null

  /** @param {() => void} onToken */
  constructor(onToken) {
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault()
      const token = this.#input.value.trim()
      // A word that stands there already is not said again.
      setText(this.#wrong, '')
      if (printable.test(token)) {
        this.#keep(token)
        onToken()
      } else {
        setText(this.#wrong, 'A token holds letters, digits and signs of ASCII, and no spaces.')
        this.#input.select()
      }
    })
  }

  /** The token of this tab; null where none was given. */
  get value() {
    const token = this.#kept ?? stored()
    return token !== null && printable.test(token) ? token : null
  }

  /** @param {boolean} isAsked */
  setAsked(isAsked) {
    if (!isAsked) return this.#hide()
    const wasAsked = !this.#form.hidden
    this.#form.hidden = false
    // One that was given and is refused is of no use any more.
    if (this.value !== null) setText(this.#wrong, 'The service does not accept that token.')
    this.#keep(null)
    if (!wasAsked || document.activeElement === document.body) this.#input.focus()
    this.#input.select()
  }

  #hide() {
    // The focus goes on with the page, not back to its start.
    if (this.#form.contains(document.activeElement)) element('main', HTMLElement).focus()
    this.#form.hidden = true
    this.#input.value = ''
    setText(this.#wrong, '')
  }

  /** @param {string | null} token */
  #keep(token) {
    this.#kept = token
    try {
      if (token === null) sessionStorage.removeItem(key)
      else sessionStorage.setItem(key, token)
    } catch {
      // A browser that lets no page keep anything: until the next reload it is known all the same.
    }
  }
}

/** @returns {string | null} */
function stored() {
  try {
    return sessionStorage.getItem(key)
  } catch {
    return null
  }
}
