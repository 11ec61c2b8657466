import { metricTable, misnamedDefaults } from './catalogue.ts'
import type { MetricEntry } from './vocabulary.ts'

/** The text of `docs/metrics.md`, from the table of metrics. */
export function metricsPage(): string {
  const lines = [
    '# Metrics',
    '',
    'What `GET /metrics` of a running headrace shows, generated from the table in',
    '`src/telemetry/catalogue.ts` by `node scripts/docs-metrics.js`. Nothing is labelled by',
    'sequence, so the number of series is bounded by the configuration and the number of',
    'partitions. A value that is not known yet is absent. A task that leaves the process takes its',
    'gauges along; its counters stay, so "partitions" means those that the process has owned.',
    'Every metric, those of process and Node too, has the label `application` besides: the name of',
    'the configuration. `member` is `mixture` for what is published. What tells how a model learns',
    'is told once a second and rounded to six digits; records of a lost worker since its last',
    'commit count once more when they are taken in again.',
    '',
    '| metric | type | unit | labels | label sets | what it tells |',
    '| --- | --- | --- | --- | --- | --- |',
  ]
  for (const [name, entry] of Object.entries(metricTable) as [string, MetricEntry][]) {
    const labels = entry.labels.map((label) => `\`${label}\``).join(', ')
    const cells = [`\`${name}\``, entry.type, entry.unit, labels, entry.series, entry.help]
    lines.push(`| ${cells.join(' | ')} |`)
  }
  lines.push('', '## Buckets', '')
  for (const [name, entry] of Object.entries(metricTable) as [string, MetricEntry][]) {
    if (entry.buckets) lines.push(`- \`${name}\`: ${entry.buckets.join(', ')}`)
  }
  lines.push(
    '',
    '## Process and Node',
    '',
    'The default metrics of prom-client (`process_*`, `nodejs_*`) come along, but for those whose',
    `names break the rules of Prometheus: ${misnamedDefaults.map((x) => `\`${x}\``).join(', ')}.`,
    'The metrics of the same names without `_total` hold the same numbers by type.',
    '',
  )
  return lines.join('\n')
}
