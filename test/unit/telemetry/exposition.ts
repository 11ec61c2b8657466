/** One metric of a scrape. */
export interface Family {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly samples: Sample[]
}

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const sampleForm = /^([a-zA-Z_][a-zA-Z0-9_]*)(?:\{(.*)\})? (\S+)$/
const labelForm = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)/g

/** Reads Prometheus' text format; throws at the first line that is not in it. */
export function parseExposition(text: string): Map<string, Family> {
  const families = new Map<string, Family>()
  let help: [name: string, text: string] | undefined
  let current: Family | undefined
  for (const line of text.split('\n')) {
    if (line === '') continue
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? []
    if (keyword === 'HELP') {
      help = [name, rest]
    } else if (keyword === 'TYPE') {
      if (help?.[0] !== name || families.has(name)) throw new Error(`TYPE out of place: ${line}`)
      current = { name, help: help[1], type: rest, samples: [] }
      families.set(name, current)
    } else {
      if (current === undefined) throw new Error(`a sample before its TYPE: ${line}`)
      current.samples.push(parseSample(line, current))
    }
  }
  return families
}

function parseSample(line: string, family: Family): Sample {
  const [, name = '', text = '', number = ''] = sampleForm.exec(line) ?? []
  const value = number === '+Inf' ? Number.POSITIVE_INFINITY : Number(number)
  // Prometheus reads NaN in any case of letters; prom-client writes `Nan`.
  const isNumber = /^nan$/i.test(number) || (number !== '' && !Number.isNaN(value))
  if (name === '' || !isNumber) throw new Error(`not a sample: ${line}`)
  const suffix = name.slice(family.name.length)
  const suffixes = family.type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
  if (!name.startsWith(family.name) || !suffixes.includes(suffix)) {
    throw new Error(`${name} under ${family.name}`)
  }
  const labels: Record<string, string> = {}
  for (const [, label = '', quoted = ''] of text.matchAll(labelForm)) {
    labels[label] = quoted.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c))
  }
  return { name, labels, value }
}

/** Units that promtool wants in base units, with any of the prefixes or on their own. */
const prefixes = '(milli|micro|nano|kilo|mega|giga|kibi|mebi|gibi)'
const scaled = new RegExp(`(^|_)${prefixes}(second|byte|gram|meter|metre)s?(_|$)`)
const foreign = /(^|_)(minutes?|hours?|days?|weeks?|bits?|fahrenheit|percent)(_|$)/
/** Units that it wants written out. */
const abbreviations = /(^|_)(s|ms|us|ns|sec|b|kb|mb|gb|tb|pb|m|h|d)(_|$)/

/** The rules of `promtool check metrics` (promlint of client_golang), as far as they matter. */
export function lint(family: Family): string[] {
  const { name, type, help, samples } = family
  const labels = new Set(samples.flatMap((sample) => Object.keys(sample.labels)))
  const rules: [broken: boolean, message: string][] = [
    [help.trim() === '', 'no help text'],
    [type === 'counter' && !name.endsWith('_total'), 'counter without _total'],
    [type !== 'counter' && name.endsWith('_total'), 'no counter, but _total'],
    [type !== 'histogram' && /_bucket$/.test(name), 'no histogram, but _bucket'],
    [!['histogram', 'summary'].includes(type) && /_(count|sum)$/.test(name), '_count or _sum'],
    [type !== 'histogram' && labels.has('le'), 'label le'],
    [type !== 'summary' && labels.has('quantile'), 'label quantile'],
    [name.includes(':'), 'a colon'],
    [/[A-Z]/.test(name) || [...labels].some((label) => /[A-Z]/.test(label)), 'camelCase'],
    [/_(gauge|counter|histogram|summary)(_|$)/.test(name), 'the type in the name'],
    [scaled.test(name) || foreign.test(name), 'not a base unit'],
    [abbreviations.test(name), 'an abbreviated unit'],
  ]
  return rules.filter(([broken]) => broken).map(([, message]) => `${name}: ${message}`)
}

/** Values of a family's samples by their labels, but for the application. */
export function valuesOf(family: Family | undefined, suffix = ''): Record<string, number> {
  const wanted = (family?.samples ?? []).filter((s) => s.name === `${family?.name}${suffix}`)
  const keyOf = ({ application: _, ...labels }: Sample['labels']) => Object.values(labels).join(' ')
  return Object.fromEntries(wanted.map((s) => [keyOf(s.labels), s.value]))
}
