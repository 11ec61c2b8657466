import type { Choice } from './client/protocol.ts'
import type { PageFeed } from './feed.ts'

const textMax = 256
const limitDefault = 50
const limitMax = 100

/** What a request asks for, or what is wrong with it. */
export type Parsed<T> = { readonly value: T } | { readonly error: string }

/** Reads the query of `/events`: what is not named is the first target, the nearest horizon, … */
export function parseChoice(query: URLSearchParams, { facts }: PageFeed): Parsed<Choice> {
  const problem = unknownIn(query, ['partition', 'sequence', 'target', 'horizon'])
  if (problem !== null) return { error: problem }
  const partition = query.get('partition')
  const sequence = query.get('sequence')
  const target = query.get('target') ?? facts.targets[0] ?? ''
  const horizon = query.get('horizon') ?? String(facts.horizons[0])
  if (partition !== null && !/^[0-9]{1,9}$/.test(partition)) {
    return { error: 'partition must be a number from 0' }
  }
  if (sequence !== null && partition === null) {
    return { error: 'a sequence is named together with its partition' }
  }
  if (!facts.targets.includes(target)) {
    return { error: `target must be one of ${facts.targets.join(', ')}` }
  }
  if (!facts.horizons.map(String).includes(horizon)) {
    return { error: `horizon must be one of ${facts.horizons.join(', ')}` }
  }
  return {
    value: {
      partition: partition === null ? null : Number(partition),
      sequence,
      target,
      horizon: Number(horizon),
    },
  }
}

/** Reads the query of `/sequences`. */
export function parseSearch(query: URLSearchParams): Parsed<{ text: string; limit: number }> {
  const problem = unknownIn(query, ['q', 'limit'])
  if (problem !== null) return { error: problem }
  const text = query.get('q') ?? ''
  const limit = query.get('limit') ?? String(limitDefault)
  if (text.length > textMax) return { error: `q has ${textMax} characters at most` }
  if (!/^[1-9][0-9]{0,2}$/.test(limit) || Number(limit) > limitMax) {
    return { error: `limit must be a number from 1 to ${limitMax}` }
  }
  return { value: { text, limit: Number(limit) } }
}

function unknownIn(query: URLSearchParams, known: readonly string[]): string | null {
  const names = [...query.keys()]
  if (names.some((name) => !known.includes(name))) {
    return `the parameters are ${known.join(', ')}`
  }
  return new Set(names).size < names.length ? 'each parameter is given once' : null
}
