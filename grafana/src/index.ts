import { kafkaAndState } from './kafka-and-state.ts'
import { learning } from './learning.ts'
import { overview } from './overview.ts'
import { processes } from './process.ts'

/** A dashboard as Grafana reads it. */
export interface DashboardFile {
  /** In `grafana/dashboards/`. */
  readonly name: string
  readonly text: string
}

/** All dashboards, as they are to lie in `grafana/dashboards/`. */
export function dashboardFiles(): DashboardFile[] {
  const all = {
    'overview.json': overview(),
    'learning.json': learning(),
    'kafka-and-state.json': kafkaAndState(),
    'process.json': processes(),
  }
  return Object.entries(all).map(([name, dashboard]) => ({
    name,
    text: `${JSON.stringify(dashboard, inTheOpen, 2)}\n`,
  }))
}

/** The SDK puts links and the switches of marks into a menu, where nobody looks for them. */
function inTheOpen(key: string, value: unknown): unknown {
  return key === 'placement' && value === 'inControlsMenu' ? undefined : value
}
