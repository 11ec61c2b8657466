import type { ObservedLabel, SupervisedForecast } from '../../record/types.ts'
import type { Shape } from './shape.ts'

/** A forecast with nothing in it; `classes`: names of each target's, [] of labels that are none. */
export function emptyForecast(
  { targets, d, maxClasses }: Shape,
  classes: readonly (readonly string[])[],
): SupervisedForecast {
  const isClasses = classes.length > 0
  const absent = (count: number) => new Float64Array(count).fill(Number.NaN)
  return {
    sequence: '',
    timeMs: null,
    id: null,
    isPrediction: false,
    means: absent(isClasses ? 0 : targets),
    bounds: absent(isClasses ? 0 : targets * d.levels.length * 2),
    classes,
    probabilities: absent(isClasses ? targets * maxClasses : 0),
    observed: Array.from({ length: targets }, emptyLabel),
    records: 0,
    updates: 0,
  }
}

function emptyLabel(): ObservedLabel {
  return {
    present: false,
    value: Number.NaN,
    class: null,
    delay: -1,
    predicted: Number.NaN,
    predictedClass: null,
    corrected: false,
  }
}
