import { parse } from 'yaml'
import { quote } from '../../record/failure.ts'
import type { Findings } from './findings.ts'
import { passwordVariable } from './kafka-wishes.ts'
import { counted, spanOf } from './words.ts'

/** What the user has said of the configuration beyond what the sample tells. */
export interface ConfigWishes {
  readonly name: string
  /** The topic to learn from; undefined leaves its place open. */
  readonly topic: string | undefined
  /** What stands under `kafka` beyond `brokers`, secrets taken out. */
  readonly kafka: Readonly<Record<string, unknown>>
  /** host:port, separated by commas: what KAFKA_BROKERS stands for where it is not set. */
  readonly brokers: string
}

const width = 98
const maxNamesInComment = 12

/** The configuration as text, each guess with its reason. */
export function configText(findings: Findings, wishes: ConfigWishes): string {
  const { sample } = findings
  const first = sample.isCut ? 'the first ' : ''
  const [what, of] =
    sample.source.kind === 'topic'
      ? ['record', `topic ${sample.source.name}`]
      : ['row', sample.source.name]
  const from = `${first}${counted(sample.rows.length, what)}`
  return [
    ...comment('', `By headrace init from ${from} of ${printable(of)}. Each guess has its reason.`),
    ...findings.remarks.flatMap((remark) => comment('', `Note: ${remark}`)),
    `name: ${inline(wishes.name)}`,
    ...kafkaLines(wishes),
    ...inputLines(findings, wishes),
    ...taskLines(findings),
    '',
  ].join('\n')
}

function kafkaLines({ kafka, brokers }: ConfigWishes): string[] {
  // Here a variable is meant: it stands for a secret.
  const secret = `\${${passwordVariable}}`
  const more = Object.entries(kafka).map(
    ([key, value]) => `  ${key}: ${inline(value).replaceAll(`$${secret}`, () => secret)}`,
  )
  return ['kafka:', `  brokers: \${KAFKA_BROKERS:${brokers}}`, ...more]
}

function inputLines(findings: Findings, { topic, name }: ConfigWishes): string[] {
  const { sample, time, key } = findings
  const lines = ['input:']
  if (topic === undefined) lines.push(`  # topic: ${inline(name)} # headrace run needs one`)
  else lines.push(`  topic: ${inline(topic)}`)
  lines.push(`  format: ${sample.format}`)
  if (sample.naming === 'renamed' && topic === undefined) {
    lines.push('  # A topic has no header: there the columns need names, each of its own.')
    lines.push(`  # columns: ${inline(sample.names.map(printable))}`)
  } else if (sample.format === 'csv') {
    lines.push(`  columns: ${inline(sample.names)}`)
  }
  lines.push(...comment('  ', `${time.why}${stepWords(findings)}`))
  if (time.field !== null) lines.push(`  time: ${inline(time.field)}`)
  lines.push(...comment('  ', key.why))
  if (key.field !== null) lines.push(`  key: ${inline(key.field)}`)
  return lines
}

function taskLines({ fields, seasons }: Findings): string[] {
  const { targets, inputs, known, calendar, spare, horizons, whyTargets } = fields
  const lines = ['task:', ...comment('  ', whyTargets), `  targets: ${inline(targets)}`]
  if (inputs.length > 0) {
    lines.push('  # Further numbers that the network sees.', `  inputs: ${inline(inputs)}`)
  }
  if (calendar.length > 0) {
    const names = calendar.map(quote).join(', ')
    const next = quote(`${calendar[0]}+1`)
    const words =
      `By their names ${names} are known in advance. They tell more as known fields than as ` +
      `inputs: then records carry ${next}, the one a step ahead, too, and headrace replay fills ` +
      'it in from a file.'
    lines.push(...comment('  ', words), `  # known: ${inline(calendar)}`)
  }
  if (known.length > 0) {
    lines.push('  # Records carry these ahead, as name+1.', `  known: ${inline(known)}`)
  }
  const kept = seasons.filter(({ isKept }) => isKept).map(({ steps }) => steps)
  lines.push(...unusedLines(fields.fields, spare))
  lines.push(`  horizons: ${inline(horizons)} # steps ahead${alsoAhead(horizons, kept[0])}`)
  if (seasons.length === 0) lines.push('  # No season: neither the calendar nor the data show one.')
  for (const { why } of seasons) lines.push(...comment('  ', why))
  lines.push(`  seasons: ${inline(kept)}`)
  return lines
}

function unusedLines(fields: Findings['fields']['fields'], spare: readonly string[]): string[] {
  const unused = fields.filter(({ role }) => role === 'unused')
  const reasons = unused.filter(({ why }) => why !== '').map(({ why }) => why)
  const silent = spare.filter((name) => unused.some((one) => one.name === name && one.why === ''))
  if (silent.length > 0) reasons.push(`More inputs to choose from: ${few(silent.map(quote))}.`)
  if (reasons.length === 0) return []
  return comment('  ', `Left out: ${few(reasons, ' ')}`)
}

function few(parts: readonly string[], separator = ', '): string {
  const shown = parts.slice(0, maxNamesInComment).join(separator)
  const more = parts.length - maxNamesInComment
  return more > 0 ? `${shown}${separator}and ${more} more` : shown
}

function alsoAhead(horizons: readonly number[], season: number | undefined): string {
  if (season === undefined || horizons.length > 1) return ''
  return `; ${inline([...horizons, season])} looks a season ahead too`
}

/** How long a step is, as the second half of a sentence on time. */
export function stepWords({ steps, time }: Findings): string {
  if (!time.hasTimes || steps.medianMs === null || steps.standing >= 0.5) return ''
  return ` A step takes ${spanOf(steps.medianMs)}.`
}

/** YAML on one line, in which nothing is taken for a variable. */
function inline(value: unknown): string {
  return flow(value).replaceAll('${', () => '$${')
}

/** JSON is YAML; words that YAML takes for text stand without quotes. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, inner]) => `${flow(key)}: ${flow(inner)}`)
    return `{ ${entries.join(', ')} }`
  }
  const isWord = typeof value === 'string' && /^[\p{L}_][\p{L}\d_./-]*$/u.test(value)
  return isWord && parse(value) === value ? value : JSON.stringify(value)
}

/** A comment's lines, none much longer than the width of a page. */
function comment(indent: string, text: string): string[] {
  const lines: string[] = []
  let line = `${indent}#`
  for (const word of printable(text).split(' ')) {
    if (line.length + 1 + word.length > width && line.length > indent.length + 1) {
      lines.push(line)
      line = `${indent}#`
    }
    line += ` ${word}`
  }
  return [...lines, line]
}

/** What would end the comment, or may not stand in a configuration, as a question mark. */
function printable(text: string): string {
  return text.toWellFormed().replace(/[\p{Cc}\u2028\u2029\ue000-\ue07f]/gu, '?')
}
