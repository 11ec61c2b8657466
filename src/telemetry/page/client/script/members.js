/** Lines that are not called after the domain they live in. */
const lines = new Map([
  ['sqrt', 'Least squares, square root'],
  ['fast', 'Least squares, forgets fast'],
  ['own', 'Least squares of each sequence alone'],
  ['cross', 'Least squares across targets'],
])

/**
 * Names of the members for people; one that is not known keeps its own.
 * @param {string} member as the metrics have it
 */
export function memberName(member) {
  if (member === 'mixture') return 'Mixture'
  if (member === 'persistence') return 'Persistence'
  if (member === 'network:no-carry') return 'Network that forgets'
  const [kind = '', detail = '', more] = member.split(':')
  if (kind === 'seasonal') return `Seasonal naive, ${detail} steps`
  if (kind === 'usual') return `Mean of seasons, ${detail} steps`
  if (kind === 'rls' && detail === 'gated') return gatedName(more)
  if (kind === 'rls') return lines.get(detail) ?? `Least squares, ${detail}`
  if (kind === 'network' && more === 'rls') return `Network ${detail}, least-squares read-out`
  if (kind === 'network' && more === 'residual') return `Network ${detail}, on what lines leave`
  if (kind === 'network') return `Network ${detail}`
  return member
}

/** @param {string} [phase] a season in steps, or `known` */
function gatedName(phase) {
  return phase === 'known'
    ? 'Least squares, gated by known fields'
    : `Least squares, gated by ${phase} steps`
}
