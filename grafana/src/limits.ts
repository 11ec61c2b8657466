import { steps } from './panels.ts'
import { rate, series, taskLabels } from './query.ts'

/** How long a task that runs would need for what waits, at its rate; others take nothing in. */
export const lagSeconds =
  `${series('headrace_lag_records')} / ${rate('headrace_records_total')}` +
  ` and on (${taskLabels}) ${series('headrace_task_state', 'state="RUNNING"')}`
export const lagLimits = steps('green', [5, 'yellow'], [60, 'red'])
export const skillLimits = steps('red', [-0.02, 'yellow'], [0.02, 'green'])

/** As in the alert HeadraceKafkaUnreachable. */
const silenceSeconds = 60
export const heartbeatLimits = steps('green', [20, 'yellow'], [silenceSeconds, 'red'])

const isMember = series('headrace_group_member')
const heartbeatAge = `time() - ${series('headrace_last_heartbeat_timestamp_seconds')}`
/** 1 for each process that is in its consumer group and hears of it, 0 for the others. */
export const inContact = `(${isMember} * (${heartbeatAge} < bool ${silenceSeconds}) or ${isMember})`
