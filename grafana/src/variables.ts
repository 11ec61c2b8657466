import type { Builder } from '@grafana/grafana-foundation-sdk/cog'
import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  type VariableModel,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard'

/** Where every query goes: the data source picked on the dashboard. */
export const picked = { type: 'prometheus', uid: '$datasource' }

const all = { selected: true, text: ['All'], value: ['$__all'] }

/** The variables that every dashboard has. */
export function commonVariables(): Builder<VariableModel>[] {
  return [
    new DatasourceVariableBuilder('datasource')
      .label('Data source')
      .type('prometheus')
      .current({ selected: true, text: 'Prometheus', value: 'prometheus' }),
    many('job', 'Job', 'label_values(headrace_build_info, job)'),
    many(
      'application',
      'Application',
      'label_values(headrace_build_info{job=~"$job"}, application)',
    ),
    many(
      'instance',
      'Instance',
      'label_values(headrace_build_info{job=~"$job", application=~"$application"}, instance)',
    ),
  ]
}

/** What a forecast is of: one target at one horizon, as each has a unit and a size of its own. */
export function forecastVariables(): Builder<VariableModel>[] {
  const of =
    'headrace_target_mean_absolute' +
    '{job=~"$job", instance=~"$instance", application=~"$application"'
  return [
    one('target', 'Target', `label_values(${of}}, target)`, VariableSort.NaturalAsc),
    one(
      'horizon',
      'Horizon',
      `label_values(${of}, target="$target"}, horizon)`,
      VariableSort.NumericalAsc,
    ),
  ]
}

function many(name: string, label: string, query: string): QueryVariableBuilder {
  return asked(name, label, query, VariableSort.NaturalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.+')
    .current(all)
}

function one(name: string, label: string, query: string, sort: VariableSort): QueryVariableBuilder {
  return asked(name, label, query, sort).multi(false).includeAll(false)
}

function asked(
  name: string,
  label: string,
  query: string,
  sort: VariableSort,
): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(picked)
    .query(query)
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(sort)
}
