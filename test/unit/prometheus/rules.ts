import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

/** Where Prometheus' files lie. */
export const folder = fileURLToPath(new URL('../../../deploy/prometheus', import.meta.url))

export interface Alert {
  readonly alert: string
  readonly expr: string
  readonly for: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

export interface Recording {
  readonly record: string
  readonly expr: string
}

/** A case of `promtool test rules`. */
export interface Case {
  readonly name: string
  readonly interval: string
  readonly input_series: readonly { readonly series: string; readonly values: string }[]
  readonly alert_rule_test?: readonly {
    readonly alertname: string
    readonly eval_time: string
    readonly exp_alerts: readonly unknown[]
  }[]
  readonly promql_expr_test?: readonly {
    readonly expr: string
    readonly eval_time: string
    readonly exp_samples: readonly unknown[]
  }[]
}

export interface Cases {
  readonly rule_files: readonly string[]
  readonly evaluation_interval: string
  readonly tests: readonly Case[]
}

export function readText(name: string): string {
  return readFileSync(join(folder, name), 'utf8')
}

function rulesIn(name: string): (Alert | Recording)[] {
  const { groups } = parse(readText(name)) as { groups: { rules: (Alert | Recording)[] }[] }
  return groups.flatMap(({ rules }) => rules)
}

export const alerts = rulesIn('alerts.rules.yaml').filter((rule) => 'alert' in rule)
export const recordings = rulesIn('recording.rules.yaml').filter((rule) => 'record' in rule)

export const alertCases = parse(readText('alerts.test.yaml')) as Cases
export const recordingCases = parse(readText('recording.test.yaml')) as Cases

/** The cases that ask for an alert. */
export function casesOf(alert: string): Case[] {
  return alertCases.tests.filter(({ alert_rule_test: asked }) =>
    asked?.some(({ alertname }) => alertname === alert),
  )
}

/** Whether an alert is firing at some time of a case. */
export function fires({ alert_rule_test: asked }: Case): boolean {
  return asked?.some(({ exp_alerts: expected }) => expected.length > 0) ?? false
}
