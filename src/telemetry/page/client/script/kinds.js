/** @import { Hello, LabelScore, Status } from '../protocol.ts' */
/** @import { Verdict } from './words.js' */
import { formatCount, formatShare, formatValue, plural } from './format.js'
import { againstSentence, againstVerdict, skillSentence, skillVerdict } from './words.js'

/**
 * One row of the scoreboard, ready to be shown.
 * @typedef {object} BoardRow
 * @property {string} member
 * @property {string[]} cells
 * @property {number | null} loss what the best has least of
 * @property {number | null} weight
 */

/**
 * What a page says of a task of some kind.
 * @typedef {object} KindWords
 * @property {string} title of the chart
 * @property {string} observed what came
 * @property {string | null} predicted what stands beside it; null: nothing does
 * @property {string} next what the newest point to come is called
 * @property {readonly string[]} columns of the scoreboard, but for member and weight
 * @property {boolean} hasWeights
 * @property {string} legend of the columns
 * @property {string} intervals where none has been scored
 * @property {(status: Status) => BoardRow[]} rows of the scoreboard
 * @property {(status: Status) => Verdict} error
 * @property {(status: Status) => Verdict} skill
 * @property {(status: Status) => string} hint
 */

const unscored = 'nothing scored yet'

/** @type {KindWords} */
const forecast = {
  title: 'Observed and predicted',
  observed: 'Observed',
  predicted: 'Predicted',
  next: 'Forecast',
  columns: ['wMAPE now', 'MAE now', 'wMAPE', 'MAE'],
  hasWeights: true,
  legend:
    'MAE: mean absolute error, in the unit of the target. wMAPE: the same as a share of the ' +
    'target. Now: about the last thousand predictions.',
  intervals: 'No interval has been scored yet.',
  rows: ({ scores }) =>
    scores.map(({ member, fadingWmape, fadingMae, wmape, mae, weight }) => ({
      member,
      cells: [
        formatShare(fadingWmape, 2),
        formatValue(fadingMae),
        formatShare(wmape, 2),
        formatValue(mae),
      ],
      loss: fadingMae,
      weight,
    })),
  error: ({ scores }) => {
    const mixture = mixtureOf(scores)
    const note = mixture === undefined ? unscored : `${formatShare(mixture.wmape, 2)} in all`
    return { value: formatShare(mixture?.fadingWmape ?? null, 2), note, mood: undefined }
  },
  skill: ({ skill }) => skillVerdict(skill),
  hint: ({ skill }) => skillSentence(skill),
}

/** @type {KindWords} */
const symbols = {
  title: 'What symbols cost',
  observed: 'Bits',
  predicted: 'Mean before',
  next: 'Forecast',
  columns: ['Bits now', 'Bits'],
  hasWeights: false,
  legend:
    'Bits: what a symbol has cost, −log₂ of the probability that it was given; of all of them ' +
    'and now, of about the last thousand.',
  intervals: 'Symbols have no intervals.',
  rows: ({ symbols: scores }) =>
    scores.map(({ member, fadingBits, bits }) => ({
      member,
      cells: [formatValue(fadingBits), formatValue(bits)],
      loss: fadingBits,
      weight: null,
    })),
  error: ({ symbols: scores }) => {
    const mixture = mixtureOf(scores)
    const note = mixture === undefined ? unscored : `${formatValue(mixture.bits)} bits in all`
    return { value: bitsWords(mixture?.fadingBits ?? null), note, mood: undefined }
  },
  skill: (status) => againstVerdict(skillOfSymbols(status), 'frequencies alone'),
  hint: (status) => againstSentence(skillOfSymbols(status), 'frequencies alone'),
}

/** @type {Pick<KindWords, 'next' | 'hasWeights' | 'intervals' | 'skill' | 'hint'>} */
const labels = {
  next: 'Newest prediction',
  hasWeights: false,
  intervals: 'Intervals are scored of forecasts alone.',
  skill: (status) => againstVerdict(skillOfLabels(status), 'the last label'),
  hint: (status) => againstSentence(skillOfLabels(status), 'the last label'),
}

/** @type {KindWords} */
const regression = {
  ...labels,
  title: 'Labels and predictions',
  observed: 'Label',
  predicted: 'Predicted',
  columns: ['MAE', 'RMSE', 'Labels'],
  legend:
    'MAE: mean absolute error, in the unit of the target, by all labels so far. RMSE: root of ' +
    'the mean squared error. A prediction is scored as it was made.',
  rows: ({ labels: scores }) =>
    scores.map(({ member, mae, rmse, count }) => ({
      member,
      cells: [formatValue(mae), formatValue(rmse), formatCount(count)],
      loss: comparable(member, mae),
      weight: null,
    })),
  error: ({ labels: scores }) => {
    const mixture = mixtureOf(scores)
    return { value: formatValue(mixture?.mae ?? null), note: labelNote(mixture), mood: undefined }
  },
}

/** @type {KindWords} */
const classification = {
  ...labels,
  title: 'What labels cost',
  observed: 'Log loss',
  predicted: null,
  columns: ['Accuracy', 'Log loss', 'Labels'],
  legend:
    'Accuracy: share of the labels whose class was held the most likely. Log loss: mean of −ln ' +
    'of the probability that it was given. A prediction is scored as it was made.',
  rows: ({ labels: scores }) =>
    scores.map(({ member, accuracy, logLoss, count }) => ({
      member,
      cells: [formatShare(accuracy, 2), formatValue(logLoss), formatCount(count)],
      loss: comparable(member, logLoss),
      weight: null,
    })),
  error: ({ labels: scores }) => {
    const mixture = mixtureOf(scores)
    const value = formatShare(mixture === undefined ? null : wrongShare(mixture), 2)
    return { value, note: labelNote(mixture), mood: undefined }
  },
}

const kinds = { forecast, symbols, regression, classification }

/**
 * @param {Hello['kind']} kind
 * @returns {KindWords}
 */
export function wordsOfKind(kind) {
  return kinds[kind]
}

/**
 * @template {{ readonly member: string }} T
 * @param {readonly T[]} scores
 */
function mixtureOf(scores) {
  return scores.find(({ member }) => member === 'mixture')
}

/**
 * What would be said when labels come is no member that could be the best.
 * @param {string} member
 * @param {number | null} loss
 */
function comparable(member, loss) {
  return member === 'at label time' ? null : loss
}

/** @param {number | null} bits */
function bitsWords(bits) {
  return `${formatValue(bits)} bits`
}

/** @param {LabelScore | undefined} mixture */
function labelNote(mixture) {
  return mixture === undefined || mixture.count === 0 ? unscored : plural(mixture.count, 'label')
}

/** @param {LabelScore} score */
function wrongShare({ accuracy }) {
  return accuracy === null ? null : 1 - accuracy
}

/** @param {Pick<Status, 'symbols'>} status */
function skillOfSymbols({ symbols: scores }) {
  const naive = scores.find(({ member }) => member === 'order:0')
  return skillOf(mixtureOf(scores)?.fadingBits ?? null, naive?.fadingBits ?? null)
}

/** @param {Pick<Status, 'labels'>} status */
function skillOfLabels({ labels: scores }) {
  const [mixture, last] = [mixtureOf(scores), scores.find(({ member }) => member === 'last')]
  if (mixture === undefined || last === undefined) return null
  return skillOf(mixture.mae ?? wrongShare(mixture), last.mae ?? wrongShare(last))
}

/**
 * 1 − a loss over that of a baseline; null while that is not known, or nothing.
 * @param {number | null} loss
 * @param {number | null} naive
 */
function skillOf(loss, naive) {
  return loss === null || naive === null || naive <= 0 ? null : 1 - loss / naive
}
