import { plural } from './format.js'

/** Lines that are not called after the domain they live in. */
const lines = new Map([
  ['sqrt', 'Least squares, square root'],
  ['slow', 'Least squares, forgets slowly'],
  ['random', 'Least squares, random features'],
  ['fast', 'Least squares, forgets fast'],
  ['own', 'Least squares of each sequence alone'],
  ['cross', 'Least squares across targets'],
])

/** Members of tasks whose symbols or labels are learnt. */
const others = new Map([
  ['match', 'Longest match'],
  ['mean', 'Mean of labels'],
  ['last', 'Last label'],
  ['usual', 'Usual for time and categories'],
  ['majority', 'Most frequent class'],
  ['recent', 'Recent classes'],
  ['after', 'Class after the last'],
  ['own', 'Classes of the sequence'],
  ['logistic', 'Logistic regression'],
  ['logistic:random', 'Logistic regression, random features'],
  ['at label time', 'Said anew at label time'],
])

/**
 * Names of the members for people; one that is not known keeps its own.
 * @param {string} member as the metrics have it
 */
export function memberName(member) {
  if (member === 'mixture') return 'Mixture'
  if (member === 'persistence') return 'Persistence'
  if (member === 'network:no-carry') return 'Network that forgets'
  const other = others.get(member)
  if (other !== undefined) return other
  const [kind = '', detail = '', more] = member.split(':')
  if (kind === 'order') return contextName(Number(detail))
  if (kind === 'seasonal') return `Seasonal naive, ${detail} steps`
  if (kind === 'usual') return `Mean of seasons, ${detail} steps`
  if (kind === 'rls' && detail === 'gated') return gatedName(more)
  if (kind === 'rls') return lines.get(detail) ?? `Least squares, ${detail}`
  if (kind === 'network' && more === 'rls') return `Network ${detail}, least-squares read-out`
  if (kind === 'network' && more === 'residual') return `Network ${detail}, on what lines leave`
  if (kind === 'network') return `Network ${detail}`
  return member
}

/** @param {string} [phase] a season in steps, `known`, or a field */
function gatedName(phase) {
  if (phase === 'known') return 'Least squares, gated by known fields'
  const isSeason = /^[0-9]+$/.test(phase ?? '')
  return `Least squares, gated by ${phase}${isSeason ? ' steps' : ''}`
}

/** @param {number} order */
function contextName(order) {
  if (order === 0) return 'Frequencies of symbols'
  return `After ${plural(order, 'symbol')}`
}
