import { formatCount, formatShare, plural } from './format.js'

/** @import { Skill, Status, TaskStatus } from '../protocol.ts' */
/** @typedef {'good' | 'warn' | 'bad' | undefined} Mood */
/** @typedef {{ value: string, note: string, mood: Mood }} Verdict */

const baselines = /** @type {const} */ ([
  ['persistence', 'persistence'],
  ['seasonal', 'seasonal'],
  ['rls', 'least squares'],
])

/** A difference that nobody would call one. */
const EVEN = 0.005

/**
 * A skill in words: 0.35 is "35 % better".
 * @param {number} skill 1 − error ÷ error of the baseline
 */
export function skillWords(skill) {
  if (Math.abs(skill) < EVEN) return 'as good'
  const share = formatShare(Math.abs(skill), 0)
  return skill > 0 ? `${share} better` : `${share} worse`
}

/**
 * Whether learning is worth anything: a mixture that is worse than one naive forecast is not.
 * @param {Skill | null} skill
 * @returns {Verdict}
 */
export function skillVerdict(skill) {
  const known = knownSkills(skill).filter(({ name }) => name !== 'least squares')
  const [first, ...rest] = known
  if (first === undefined) return { value: '–', note: 'nothing to compare yet', mood: undefined }
  const worst = Math.min(...known.map(({ value }) => value))
  return {
    value: skillWords(first.value),
    note: [
      `${preposition(first.value)} ${first.name}`,
      ...rest.map(({ name, value }) => `${skillWords(value)} ${preposition(value)} ${name}`),
    ].join(', '),
    mood: worst >= EVEN ? 'good' : worst > -EVEN ? undefined : 'bad',
  }
}

/**
 * The same against one baseline alone.
 * @param {number | null} skill
 * @param {string} name of the baseline
 * @returns {Verdict}
 */
export function againstVerdict(skill, name) {
  if (skill === null) return { value: '–', note: 'nothing to compare yet', mood: undefined }
  return {
    value: skillWords(skill),
    note: `${preposition(skill)} ${name}`,
    mood: skill >= EVEN ? 'good' : skill > -EVEN ? undefined : 'bad',
  }
}

/**
 * One sentence for the scoreboard.
 * @param {Skill | null} skill
 */
export function skillSentence(skill) {
  const words = knownSkills(skill).map(
    ({ name, value }) => `${skillWords(value)} ${preposition(value)} ${name}`,
  )
  return words.length === 0 ? '' : `The mixture now: ${words.join(', ')}.`
}

/**
 * @param {number | null} skill
 * @param {string} name of the baseline
 */
export function againstSentence(skill, name) {
  if (skill === null) return ''
  return `The mixture: ${skillWords(skill)} ${preposition(skill)} ${name}.`
}

/** @param {Skill | null} skill */
function knownSkills(skill) {
  return baselines.flatMap(([key, name]) => {
    const value = skill?.[key] ?? null
    return value === null ? [] : [{ name, value }]
  })
}

/** @param {number} value */
function preposition(value) {
  return Math.abs(value) < EVEN ? 'as' : 'than'
}

/** A lag of less than so many seconds of work is no lag to speak of. */
const SHORT_SECONDS = 5
/** A second without a record is common where they are few; so many, with some waiting, are not. */
const STILL_STATUSES = 8

/**
 * Whether records wait and none was taken in since the last status, a second before.
 * @param {Status} status
 */
export function standsStill({ tasks, recordsPerSecond }) {
  return recordsPerSecond === 0 && tasks.some(({ lagRecords }) => (lagRecords ?? 0) > 0)
}

/**
 * @param {Status} status
 * @param {number} still statuses in a row, this one among them, that stand still
 * @returns {Verdict}
 */
export function lagVerdict(status, still) {
  const known = status.tasks.filter((task) => task.lagRecords !== null)
  if (known.length === 0) return { value: '–', note: 'not known yet', mood: undefined }
  const lag = known.reduce((sum, task) => sum + (task.lagRecords ?? 0), 0)
  const value = plural(lag, 'record')
  if (lag === 0) return { value, note: 'keeping up', mood: 'good' }
  const rate = status.recordsPerSecond
  if (rate === null) return { value, note: 'rate not known yet', mood: undefined }
  if (still >= STILL_STATUSES) return { value, note: 'nothing is taken in', mood: 'bad' }
  if (rate === 0) return { value, note: 'no record in the last second', mood: undefined }
  const seconds = lag / rate
  if (seconds <= SHORT_SECONDS) return { value, note: 'keeping up', mood: 'good' }
  return { value, note: `${durationWords(seconds)} of work at this rate`, mood: 'warn' }
}

/** @param {number} seconds */
export function durationWords(seconds) {
  if (seconds < 120) return `${Math.round(seconds)} s`
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`
  return `${formatCount(seconds / 86_400)} days`
}

/**
 * "2 running, 1 restoring": the states of all tasks, the most frequent first.
 * @param {readonly TaskStatus[]} tasks
 */
export function stateWords(tasks) {
  /** @type {Map<string, number>} */
  const counts = new Map()
  for (const { state } of tasks) counts.set(state, (counts.get(state) ?? 0) + 1)
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([state, count]) => `${count} ${state.toLowerCase()}`)
    .join(', ')
}
