import type { SupervisedConfig } from '../../config/schema.ts'
import { CALENDAR_SIZE } from '../calendar.ts'
import type { Dimensions } from '../dimensions.ts'

/** Sizes of a supervised task, under the letters used throughout this folder. */
export interface Shape {
  /** What the parts that forecasts have too go by: one horizon, the label of the record itself. */
  readonly d: Dimensions
  /** D: targets, I: numeric inputs, C: categorical inputs. */
  readonly targets: number
  readonly inputs: number
  readonly categorical: number
  /** Whether event time tells the hour and the day. */
  readonly calendar: boolean
  /**
   * F: fields whose values are names: hour and weekday, where there is a calendar, then the
   * categorical inputs.
   */
  readonly fields: number
  /** Names of the fields, for members. */
  readonly fieldNames: readonly string[]
  /** Places of what all members read of a record's numbers: inputs (I × [z, missing]), calendar. */
  readonly dense: number
  readonly full: boolean
  readonly maxPending: number
  readonly maxClasses: number
}

/** Derives the sizes from an effective configuration. */
export function shapeOf(config: Pick<SupervisedConfig, 'task' | 'model'>): Shape {
  const { task, model } = config
  const { targets, inputs, categorical, calendar, intervals } = task
  const seasons = [...task.seasons].sort((a, b) => a - b)
  const { window, updateEvery } = model
  const full = model.portfolio === 'full'
  const d: Dimensions = {
    fields: { targets, inputs, known: [], horizons: [1] },
    targets: targets.length,
    inputs: inputs.length,
    known: 0,
    horizons: [1],
    slots: targets.length,
    outputs: targets.length * (full ? 2 : 1),
    seasons,
    mainSeason: Math.max(0, seasons.indexOf(task.seasons[0] ?? 0)),
    foundSeasons: null,
    seasonsMax: seasons,
    levels: intervals,
    maxHorizon: 1,
    window,
    updateEvery,
    runLosses: Math.min(updateEvery, window),
    windowCapacity: 2 * window + 4 * updateEvery,
  }
  const fieldNames = [...(calendar ? ['hour', 'weekday'] : []), ...categorical]
  return {
    d,
    targets: targets.length,
    inputs: inputs.length,
    categorical: categorical.length,
    calendar,
    fields: fieldNames.length,
    fieldNames,
    dense: 2 * inputs.length + (calendar ? CALENDAR_SIZE : 0),
    full,
    maxPending: task.labels.maxPending,
    maxClasses: task.maxClasses,
  }
}
