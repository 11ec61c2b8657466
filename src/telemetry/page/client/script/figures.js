/** @import { Status } from '../protocol.ts' */
/** @import { KindWords } from './kinds.js' */
/** @import { Verdict } from './words.js' */
import { element, setData, setText } from './dom.js'
import { formatCount, formatRate } from './format.js'
import { lagVerdict } from './words.js'

/** The few figures that tell whether it is up, keeping up, learning, and better than naive. */
export class Figures {
  #rate = new Figure('figure-rate')
  #lag = new Figure('figure-lag')
  #error = new Figure('figure-error')
  #skill = new Figure('figure-skill')
  #letters = new Figure('figure-letters')

  /**
   * @param {KindWords} words
   * @param {Status} status
   * @param {number} still statuses in a row that stand still
   */
  show(words, status, still) {
    const records = status.tasks.reduce((sum, task) => sum + (task.records ?? 0), 0)
    this.#rate.show({
      value: `${formatRate(status.recordsPerSecond)} / s`,
      note: `${formatCount(records)} records in all`,
      mood: undefined,
    })
    this.#lag.show(lagVerdict(status, still))
    this.#error.show(words.error(status))
    this.#skill.show(words.skill(status))
    this.#letters.show(lettersVerdict(status))
  }
}

class Figure {
  /** @type {Element | null} */
  #value
  /** @type {Element | null} */
  #note

  /** @param {string} id */
  constructor(id) {
    const root = element(id, HTMLDivElement)
    this.#value = root.querySelector('.value')
    this.#note = root.querySelector('.note')
  }

  /** @param {Verdict} verdict */
  show({ value, note, mood }) {
    if (!(this.#value instanceof HTMLElement) || !(this.#note instanceof HTMLElement)) return
    setText(this.#value, value)
    setText(this.#note, note)
    setData(this.#value, 'mood', mood)
  }
}

/**
 * @param {Status} status
 * @returns {Verdict}
 */
function lettersVerdict({ deadLetters }) {
  const { total, recent } = deadLetters
  const [newest] = recent
  const what = newest?.code
    .replace(/^HEADRACE_RECORD_/, '')
    .replaceAll('_', ' ')
    .toLowerCase()
  return {
    value: formatCount(total),
    note: total === 0 ? 'every record could be used' : what === undefined ? '' : `newest: ${what}`,
    mood: total === 0 ? undefined : 'warn',
  }
}
