import { namesOfSlot } from '../../model/dimensions.ts'
import type { NetworkHealth } from '../../model/health.ts'
import type { Scored } from '../../model/scored.ts'
import type { Forecast } from '../../record/types.ts'
import type {
  DriftRow,
  LearningReport,
  NetworkRow,
  RollbackRow,
  SeasonRow,
  SlotRow,
} from '../observe.ts'
import type { ModelScore, StreamModel } from './engine.ts'
import { SlotWatch, skillOf } from './slot-watch.ts'

/** Counts of a model since it was made: what was reported of them is not reported again. */
interface Counts {
  windows: number
  sequences: number
  refused: number
  readonly clipped: Map<string, number>
  readonly rollbacks: Map<string, number>
  seasons: readonly number[]
}

/** What a model did since the last report. */
type Since = Pick<
  LearningReport,
  'evictions' | 'refusedUpdates' | 'rollbacks' | 'seasonChanges' | 'networks'
>

/** Makes the reports on how a model learns, each with what happened since the one before. */
export class LearningWatch {
  readonly #model: StreamModel
  readonly #slots: SlotWatch
  readonly #told: Counts = {
    windows: 0,
    sequences: 0,
    refused: 0,
    clipped: new Map(),
    rollbacks: new Map(),
    seasons: [],
  }
  #drifts: DriftRow[] = []

  constructor(model: StreamModel) {
    const { slots, targets, levels } = model.health.dimensions
    this.#model = model
    this.#told.seasons = this.#seasonsNow()
    this.#slots = new SlotWatch(slots, targets, levels.length)
  }

  /** A record has been taken in, and scored what was predicted for it. */
  add(scored: Scored, { drifts, sequence, records }: Forecast): void {
    this.#slots.add(scored)
    for (let target = 0; target < drifts.length; target++) {
      if (drifts[target] === 0) continue
      const slot = namesOfSlot(this.#model.health.dimensions, target)
      this.#drifts.push({ ...slot, sequence, records })
    }
  }

  /** What happened up to now, in a replay, is not this process's doing. */
  skip(): void {
    this.#countsSince()
  }

  report(): LearningReport {
    const { liveSequences, bytesShared, scores, health } = this.#model
    const errors = scores.summary()
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
      seasons: [...health.dimensions.seasons],
      slots: this.#slotRows(errors),
      errors,
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
    return {
      evictions,
      refusedUpdates,
      rollbacks,
      seasonChanges: this.#seasonsSince(),
      networks,
    }
  }

  #seasonsNow(): number[] {
    return this.#model.health.dimensions.seasons.filter((season) => season > 0)
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

  #slotRows(errors: readonly ModelScore[]): SlotRow[] {
    const { health } = this.#model
    const { levels } = health.dimensions
    return health.slotWeights().map(({ target, horizon, weights }, slot) => {
      const here = errors.filter((row) => row.target === target && row.horizon === horizon)
      const mixture = here.find(({ member }) => member === 'mixture')
      return {
        target,
        horizon,
        meanAbsolute: mixture?.meanAbsolute ?? Number.NaN,
        fadingMeanAbsolute: mixture?.fadingMeanAbsolute ?? Number.NaN,
        weights,
        skill: this.#skill(slot, here),
        intervals: levels.map((level, l) => ({
          level,
          coverage: this.#slots.coverage(slot, l),
          width: this.#slots.width(slot, l),
        })),
      }
    })
  }

  /**
   * Against the best of each kind, each over the rows that it has; a lone network has no members to
   * compare it with.
   */
  #skill(slot: number, rows: readonly ModelScore[]): SlotRow['skill'] {
    const against = (kind: string, otherwise: number): number => {
      const skills = rows
        .filter(({ member }) => member.split(':')[0] === kind)
        .map(({ fadingMixtureMae, fadingMae }) => skillOf(fadingMixtureMae, fadingMae))
        .filter((skill) => !Number.isNaN(skill))
      return skills.length > 0 ? Math.min(...skills) : otherwise
    }
    return {
      persistence: against('persistence', this.#slots.skill(slot, 'persistence')),
      seasonal: against('seasonal', this.#slots.skill(slot, 'seasonal')),
      rls: against('rls', Number.NaN),
    }
  }
}
