import type { ForecastConfig } from '../config/schema.ts'
import type { FieldLayout } from '../record/types.ts'

/** All sizes that follow from the configuration, under the letters used throughout `model/`. */
export interface Dimensions {
  readonly fields: FieldLayout
  /** D: targets. */
  readonly targets: number
  /** I: further inputs. */
  readonly inputs: number
  /** N: known fields. */
  readonly known: number
  /** K ascending horizons in own steps. */
  readonly horizons: readonly number[]
  /** K × D; a slot is k × D + d. */
  readonly slots: number
  /**
   * O: outputs of every network: the move of each slot from its newest value and, beside lines,
   * what these leave of each slot.
   */
  readonly outputs: number
  /**
   * Periods in steps of a sequence. With `task.seasons: auto` they are what has been found, 0 in
   * place of one that has not; until a model says what it found, such that most is asked of them.
   */
  readonly seasons: readonly number[]
  /** Index of the season that the configuration names first. */
  readonly mainSeason: number
  /** The same array, for whoever finds them; null where the configuration names them. */
  readonly foundSeasons: number[] | null
  /** The longest that each of them may become, by which everything is sized. */
  readonly seasonsMax: readonly number[]
  /** L interval levels. */
  readonly levels: readonly number[]
  readonly maxHorizon: number
  /** h: steps over which gradients flow. */
  readonly window: number
  /** h': own steps of a sequence between its backward passes. */
  readonly updateEvery: number
  /**
   * Steps whose losses share one run: those of the updateEvery newest, as far as its gradients
   * flow.
   */
  readonly runLosses: number
  /**
   * Steps a window holds: as far back as the oldest loss of the slowest joining sequence reaches,
   * from the stored state before it on.
   */
  readonly windowCapacity: number
}

/** The longest season that is found: half-hours of a week, days of a year. */
export const AUTO_PERIOD_MAX = 400
/** Seasons far from each other and from everything near: nothing around them coincides. */
const FAR_SEASONS: readonly number[] = [1_000_000, 3_000_000]

/** Derives the sizes from an effective configuration. */
export function dimensionsOf(config: Pick<ForecastConfig, 'task' | 'model'>): Dimensions {
  const { targets, inputs, known, intervals } = config.task
  const foundSeasons = config.task.seasons === 'auto' ? [...FAR_SEASONS] : null
  const named = config.task.seasons === 'auto' ? [] : config.task.seasons
  const seasons = foundSeasons ?? [...named].sort((a, b) => a - b)
  const horizons = [...config.task.horizons].sort((a, b) => a - b)
  const { window, updateEvery } = config.model
  const maxHorizon = horizons[horizons.length - 1] ?? 1
  return {
    fields: { targets, inputs, known, horizons },
    targets: targets.length,
    inputs: inputs.length,
    known: known.length,
    horizons,
    slots: horizons.length * targets.length,
    outputs: horizons.length * targets.length * (config.model.portfolio === 'full' ? 2 : 1),
    seasons,
    mainSeason: Math.max(0, seasons.indexOf(named[0] ?? 0)),
    foundSeasons,
    seasonsMax: foundSeasons === null ? seasons : foundSeasons.map(() => AUTO_PERIOD_MAX),
    levels: intervals,
    maxHorizon,
    window,
    updateEvery,
    runLosses: Math.min(updateEvery, window),
    windowCapacity: window + maxHorizon + 3 * updateEvery - 2,
  }
}

/** How many seasons there are at present. */
export function seasonCount({ seasons }: Pick<Dimensions, 'seasons'>): number {
  let count = 0
  for (let s = 0; s < seasons.length; s++) if (seasons[s]! > 0) count++
  return count
}

/** Names of the seasons in those of members: what is found may become another. */
export function seasonNames(d: Pick<Dimensions, 'seasons' | 'foundSeasons'>): string[] {
  return d.foundSeasons === null ? d.seasons.map(String) : ['first', 'second']
}

/** What a slot predicts. */
export function namesOfSlot(
  { fields, horizons, targets }: Pick<Dimensions, 'fields' | 'horizons' | 'targets'>,
  slot: number,
): { target: string; horizon: number } {
  const d = slot % targets
  return { target: fields.targets[d]!, horizon: horizons[(slot - d) / targets]! }
}
