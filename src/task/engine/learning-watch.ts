import { namesOfSlot } from '../../model/dimensions.ts'
import type { NetworkHealth } from '../../model/learning-health.ts'
import type { Scored } from '../../model/scored.ts'
import type { LabelCounts } from '../../model/supervised/label-counts.ts'
import type { Forecast } from '../../record/types.ts'
import type {
  DriftRow,
  LabelsStand,
  LearningReport,
  NetworkRow,
  RollbackRow,
  SeasonRow,
  SlotRow,
} from '../observe.ts'
import type {
  ForecastStreamModel,
  ModelScore,
  StreamModel,
  SupervisedStreamModel,
} from './engine.ts'
import { SlotWatch, skillOf } from './slot-watch.ts'

/** Counts of a model since it was made: what was reported of them is not reported again. */
interface Counts {
  windows: number
  sequences: number
  refused: number
  readonly clipped: Map<string, number>
  readonly rollbacks: Map<string, number>
  seasons: readonly number[]
  labels: LabelCounts | null
}

/** What a model did since the last report. */
type Since = Pick<
  LearningReport,
  'evictions' | 'refusedUpdates' | 'rollbacks' | 'seasonChanges' | 'networks' | 'labels'
>

/** What a forecast's model tells beyond the others'. */
interface ForecastParts {
  readonly model: ForecastStreamModel
  readonly slots: SlotWatch
}

/** Makes the reports on how a model learns, each with what happened since the one before. */
export class LearningWatch {
  readonly #model: StreamModel
  /** null of another kind. */
  readonly #forecast: ForecastParts | null
  readonly #told: Counts = {
    windows: 0,
    sequences: 0,
    refused: 0,
    clipped: new Map(),
    rollbacks: new Map(),
    seasons: [],
    labels: null,
  }
  #drifts: DriftRow[] = []

  constructor(model: StreamModel) {
    this.#model = model
    this.#forecast = model.kind === 'forecast' ? { model, slots: slotWatchOf(model) } : null
    this.#told.seasons = this.#seasonsNow()
  }

  /** A record has been taken in, and scored what was predicted for it. */
  add(scored: Scored, { drifts, sequence, records }: Forecast): void {
    if (this.#forecast === null) return
    const { slots, model } = this.#forecast
    slots.add(scored)
    for (let target = 0; target < drifts.length; target++) {
      if (drifts[target] === 0) continue
      const slot = namesOfSlot(model.health.dimensions, target)
      this.#drifts.push({ ...slot, sequence, records })
    }
  }

  /** What happened up to now, in a replay, is not this process's doing. */
  skip(): void {
    this.#countsSince()
  }

  report(): LearningReport {
    const model = this.#model
    const { liveSequences, bytesShared, health } = model
    const errors = model.kind === 'forecast' ? model.scores.summary() : []
    const since = this.#countsSince()
    const drifts = this.#drifts
    this.#drifts = []
    health.measureNext()
    return {
      sequences: liveSequences,
      windows: health.windows,
      stateBytes: bytesShared + health.kernelBytes + health.sequenceBytes,
      ...since,
      drifts,
      seasons: [...(this.#forecast?.model.health.dimensions.seasons ?? [])],
      slots: this.#forecast === null ? [] : slotRows(this.#forecast, errors),
      errors,
      symbols: model.kind === 'symbols' ? model.scores.summary() : [],
    }
  }

  #countsSince(): Since {
    const told = this.#told
    const { health } = this.#model
    const { windows, sequences } = health.evicted
    const evictions = { window: windows - told.windows, sequence: sequences - told.sequences }
    told.windows = windows
    told.sequences = sequences
    const all = health.networks()
    const networks = all.map((row): NetworkRow => {
      const { clippedUpdates, refusedUpdates: _, rollbacks: __, ...rest } = row
      const before = told.clipped.get(rest.network) ?? 0
      told.clipped.set(rest.network, clippedUpdates)
      return { ...rest, clippedUpdates: clippedUpdates - before }
    })
    const refused = all.reduce((sum, { refusedUpdates }) => sum + refusedUpdates, 0)
    const refusedUpdates = refused - told.refused
    told.refused = refused
    const rollbacks = this.#rollbacksSince(all)
    const labels = this.#model.kind === 'supervised' ? this.#labelsSince(this.#model) : null
    return {
      evictions,
      refusedUpdates,
      rollbacks,
      seasonChanges: this.#seasonsSince(),
      networks,
      labels,
    }
  }

  #labelsSince({ labelCounts, pendingPredictions, scores }: SupervisedStreamModel): LabelsStand {
    const before = this.#told.labels
    this.#told.labels = labelCounts
    return {
      pending: pendingPredictions,
      counts: before === null ? labelCounts : countsBetween(before, labelCounts),
      scores: scores.summary(),
    }
  }

  #seasonsNow(): number[] {
    const seasons = this.#forecast?.model.health.dimensions.seasons ?? []
    return seasons.filter((season) => season > 0)
  }

  #seasonsSince(): SeasonRow[] {
    const before = this.#told.seasons
    const seasons = this.#seasonsNow()
    this.#told.seasons = seasons
    if (seasons.join() === before.join()) return []
    return [{ seasons, before, records: this.#model.records }]
  }

  #rollbacksSince(networks: readonly NetworkHealth[]): RollbackRow[] {
    const told = this.#told.rollbacks
    const { records } = this.#model
    return networks.flatMap(({ network, rollbacks, learningRate }) => {
      const count = rollbacks - (told.get(network) ?? 0)
      told.set(network, rollbacks)
      return count === 0 ? [] : [{ network, count, learningRate, records }]
    })
  }
}

function slotWatchOf({ health }: ForecastStreamModel): SlotWatch {
  const { slots, targets, levels } = health.dimensions
  return new SlotWatch(slots, targets, levels.length)
}

function countsBetween(before: LabelCounts, now: LabelCounts): LabelCounts {
  return {
    labels: now.labels - before.labels,
    corrected: now.corrected - before.corrected,
    unmatched: now.unmatched - before.unmatched,
    expired: now.expired - before.expired,
    replaced: now.replaced - before.replaced,
    longIds: now.longIds - before.longIds,
    dropped: now.dropped - before.dropped,
  }
}

function slotRows({ model, slots }: ForecastParts, errors: readonly ModelScore[]): SlotRow[] {
  const { levels } = model.health.dimensions
  return model.health.slotWeights().map(({ target, horizon, weights }, slot) => {
    const here = errors.filter((row) => row.target === target && row.horizon === horizon)
    const mixture = here.find(({ member }) => member === 'mixture')
    return {
      target,
      horizon,
      meanAbsolute: mixture?.meanAbsolute ?? Number.NaN,
      fadingMeanAbsolute: mixture?.fadingMeanAbsolute ?? Number.NaN,
      weights,
      skill: skillAt(slots, slot, here),
      intervals: levels.map((level, l) => ({
        level,
        coverage: slots.coverage(slot, l),
        width: slots.width(slot, l),
      })),
    }
  })
}

/**
 * Against the best of each kind, each over the rows that it has; a lone network has no members to
 * compare it with.
 */
function skillAt(slots: SlotWatch, slot: number, rows: readonly ModelScore[]): SlotRow['skill'] {
  const against = (kind: string, otherwise: number): number => {
    const skills = rows
      .filter(({ member }) => member.split(':')[0] === kind)
      .map(({ fadingMixtureMae, fadingMae }) => skillOf(fadingMixtureMae, fadingMae))
      .filter((skill) => !Number.isNaN(skill))
    return skills.length > 0 ? Math.min(...skills) : otherwise
  }
  return {
    persistence: against('persistence', slots.skill(slot, 'persistence')),
    seasonal: against('seasonal', slots.skill(slot, 'seasonal')),
    rls: against('rls', Number.NaN),
  }
}
