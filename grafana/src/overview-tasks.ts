import { SpecialValueMatch, type ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard'
import { taskStates } from '../../src/telemetry/vocabulary.ts'
import { type Column, names, special, table } from './figures.ts'
import { lagLimits, lagSeconds, skillLimits } from './limits.ts'
import { noLimit, steps, timeline } from './panels.ts'
import { deadLetterRate, largest, rate, series, smallest, sum, taskLabels } from './query.ts'

/** Each state by its number, which is its place in the life of a task. */
const stateNumber = largest(
  taskStates
    .map((state, number) => `${series('headrace_task_state', `state="${state}"`)} * ${number}`)
    .join(' or '),
  taskLabels,
)

const stateColors: Readonly<Record<(typeof taskStates)[number], string>> = {
  CREATED: 'blue',
  FENCING: 'blue',
  RESTORING: 'yellow',
  RUNNING: 'green',
  CLOSED: 'text',
  FAILED: 'red',
}

const stateWords: ValueMapping = names(
  taskStates.map((state) => ({ text: state, color: stateColors[state] })),
)

/** Counters outlive their task in a process: only tasks that it owns now have a row. */
const ofTasks = (expr: string): string =>
  `${sum(expr, taskLabels)} and on (${taskLabels}) ${series('headrace_task_state')}`

const taskColumns: Column[] = [
  { name: 'State', expr: stateNumber, unit: 'none', mappings: [stateWords] },
  { name: 'Lag', expr: ofTasks(series('headrace_lag_records')), unit: 'short' },
  {
    name: 'Lag, time',
    expr: ofTasks(lagSeconds),
    unit: 's',
    thresholds: lagLimits,
    mappings: [special(SpecialValueMatch.NotANumber, 'idle', 'text')],
  },
  { name: 'Records/s', expr: ofTasks(rate('headrace_records_total')), unit: 'rps' },
  { name: 'Updates/s', expr: ofTasks(rate('headrace_updates_total')), unit: 'ops' },
  {
    name: 'Dead letters/s',
    expr: ofTasks(deadLetterRate(taskLabels)),
    unit: 'rps',
    thresholds: steps('green', [1e-9, 'yellow']),
  },
  ...(['persistence', 'seasonal', 'rls'] as const).map((baseline) => ({
    name: `Skill, ${baseline}`,
    expr: smallest(series('headrace_skill_ratio', `baseline="${baseline}"`), taskLabels),
    unit: 'percentunit',
    decimals: 1,
    thresholds: skillLimits,
  })),
]

/** What there is now: the tasks, and what is wrong with them. */
export const lists = [
  table({
    title: 'Tasks',
    description:
      'One row for each partition: where its task is in its life, how far behind, how fast, and ' +
      'the skill of its worst target and horizon against each baseline. Only a task that is ' +
      'RUNNING has a lag in time. A FAILED task stays so: ' +
      '/readyz and the log line task.failed have the reason.',
    unit: 'none',
    thresholds: noLimit,
    rows: {
      application: 'Application',
      instance: 'Instance',
      partition: 'Partition',
    },
    columns: taskColumns,
    width: 17,
    none: 'No task',
  }),
  table({
    title: 'Firing alerts',
    description:
      'What Prometheus holds to be wrong now. docs/runbooks.md has a section for each, by its ' +
      'name.',
    unit: 'none',
    thresholds: noLimit,
    rows: {
      alertname: 'Alert',
      severity: 'Severity',
      application: 'Application',
      partition: 'Partition',
    },
    columns: [],
    // An alert about a target that is gone has no label of the application.
    expr:
      'ALERTS{alertname=~"Headrace.+", alertstate="firing", ' +
      'job=~"$job|", instance=~"$instance|", application=~"$application|"}',
    width: 7,
    none: 'No alert is firing',
  }),
]

/** The tasks through time. */
export const states = timeline({
  title: 'States of the tasks',
  description: 'The life of each task. Restoring follows a restart or a rebalance.',
  unit: 'none',
  thresholds: noLimit,
  queries: [{ expr: stateNumber, legend: '{{application}} {{partition}} on {{instance}}' }],
  mappings: [stateWords],
})
