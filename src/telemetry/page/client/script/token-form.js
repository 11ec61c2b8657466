import { element, setText } from './dom.js'

const key = 'headrace.token'

/** Asks for the token where the service wants one, and keeps it as long as the tab is open. */
export class TokenForm {
  #form = element('token-form', HTMLFormElement)
  #input = element('token', HTMLInputElement)
  #wrong = element('token-wrong', HTMLElement)

  /** @param {() => void} onToken */
  constructor(onToken) {
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault()
      sessionStorage.setItem(key, this.#input.value.trim())
      onToken()
    })
  }

  /** The token of this tab; null where none was given. */
  get value() {
    return sessionStorage.getItem(key)
  }

  /** @param {boolean} isAsked */
  setAsked(isAsked) {
    const wasAsked = !this.#form.hidden
    this.#form.hidden = !isAsked
    if (!isAsked) {
      this.#input.value = ''
      setText(this.#wrong, '')
      return
    }
    // One that was given and is refused is of no use any more.
    if (this.value !== null) setText(this.#wrong, 'The service does not accept that token.')
    sessionStorage.removeItem(key)
    if (!wasAsked || document.activeElement === document.body) this.#input.focus()
    this.#input.select()
  }
}
