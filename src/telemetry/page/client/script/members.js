/**
 * Names of the members for people; one that is not known keeps its own.
 * @param {string} member as the metrics have it
 */
export function memberName(member) {
  if (member === 'mixture') return 'Mixture'
  if (member === 'persistence') return 'Persistence'
  if (member === 'network:no-carry') return 'Network that forgets'
  const [kind = '', detail = '', readOut] = member.split(':')
  if (kind === 'seasonal') return `Seasonal naive, ${detail} steps`
  if (kind === 'rls') return `Least squares, ${detail}`
  if (kind === 'network' && readOut === 'rls') return `Network ${detail}, least-squares read-out`
  if (kind === 'network') return `Network ${detail}`
  return member
}
