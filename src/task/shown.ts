import type { Config } from '../config/schema.ts'

/** What charts and series of a task are called and how they are split: its slots. */
export interface Shown {
  /** Supervised tasks by what their labels are. */
  readonly kind: 'forecast' | 'symbols' | 'regression' | 'classification'
  readonly targets: readonly string[]
  /** Steps ahead, ascending; [0] where it is a record itself that is told of. */
  readonly horizons: readonly number[]
  /** Levels of the intervals; [] where there are none. */
  readonly levels: readonly number[]
}

/** The slots of a task of any kind; of symbols the one that is shown is their cost in bits. */
export function shownOf({ task }: Pick<Config, 'task'>): Shown {
  if (task.kind === 'symbols') {
    return { kind: task.kind, targets: [BITS_SHOWN], horizons: [0], levels: [] }
  }
  const { targets, intervals: levels } = task
  if (task.kind === 'forecast') {
    return { kind: task.kind, targets, horizons: task.horizons, levels }
  }
  const { type: kind } = task
  return { kind, targets, horizons: [0], levels: kind === 'regression' ? levels : [] }
}

const BITS_SHOWN = 'bits per symbol'
