import { quote } from '../../record/failure.ts'
import { stepWords } from './config-text.ts'
import type { Findings } from './findings.ts'
import { counted } from './words.ts'

/** What was found, in words: a line for each thing that was guessed. */
export function findingLines(findings: Findings): string[] {
  const { sample, time, key, fields, seasons, remarks } = findings
  const { inputs } = fields
  const kept = seasons.filter(({ isKept }) => isKept).map(({ steps }) => steps)
  const rows = counted(sample.rows.length, sample.source.kind === 'topic' ? 'record' : 'row')
  const more = sample.isCut ? 'the first ' : ''
  return [
    `looked at ${more}${rows} of ${sample.source.name}, read as ${sample.format}`,
    `${time.why}${stepWords(findings)}`,
    key.why,
    fields.whyTargets,
    ...(inputs.length === 0 ? [] : [`Seen as well: ${inputs.map(quote).join(', ')}.`]),
    ...seasons.map(({ why }) => why),
    ...(kept.length === 0 ? ['No season.'] : []),
    ...remarks.map((remark) => `note: ${remark}`),
  ]
}

/** What was found, for programs (docs/init.md). */
export function findingsJson(findings: Findings, configuration: string): object {
  const { sample, time, key, fields, steps, seasons, unusable, remarks } = findings
  const { source } = sample
  return {
    source:
      source.kind === 'topic'
        ? { kind: source.kind, name: source.name, partitions: source.partitions }
        : { kind: source.kind, name: source.name },
    format: sample.format,
    rows: sample.rows.length,
    isCut: sample.isCut,
    time: { field: time.field, why: time.why },
    key: { by: key.by, field: key.field, sequences: key.groups.count, why: key.why },
    step: {
      medianMs: steps.medianMs,
      irregular: steps.irregular,
      backward: steps.backward,
      standing: steps.standing,
    },
    targets: fields.targets,
    whyTargets: fields.whyTargets,
    inputs: fields.inputs,
    known: fields.known,
    horizons: fields.horizons,
    seasons,
    fields: fields.fields,
    unusable,
    remarks,
    configuration,
  }
}
