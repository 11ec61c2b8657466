import { steps } from './panels.ts'
import { rate, series } from './query.ts'

/** How long a task would need for what waits, at its rate. */
export const lagSeconds = `${series('headrace_lag_records')} / ${rate('headrace_records_total')}`
export const lagLimits = steps('green', [5, 'yellow'], [60, 'red'])
export const skillLimits = steps('red', [-0.02, 'yellow'], [0.02, 'green'])
