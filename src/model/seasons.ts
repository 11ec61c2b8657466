import { AUTO_PERIOD_MAX } from './dimensions.ts'
import type { Hash64 } from './hash.ts'
import type { History } from './history.ts'
import type { Mixture } from './mixture.ts'
import type { Portfolio } from './portfolio.ts'
import type { Profiles } from './profiles.ts'
import type { SeasonFinder } from './season-finder.ts'
import { HEADER, type SequenceTable } from './sequence.ts'
import type { SharedArray } from './state.ts'

/** The parts of a model that read off its seasons. */
interface SeasonParts {
  readonly table: SequenceTable
  readonly portfolio: Portfolio
  readonly mixture: Mixture
  readonly history: History
  readonly profiles: Profiles
}

/**
 * The seasons of a model that finds its own (`task.seasons: auto`). They change at block boundaries
 * alone, for all sequences at once, as a function of the log: what is least squares sees other
 * features then and begins anew, what is usual is read off the values that are still there, and
 * networks go on.
 */
export class FoundSeasons {
  private readonly finder: SeasonFinder
  /** `Dimensions.foundSeasons` */
  private readonly seasons: number[]
  private readonly parts: SeasonParts

  /** The parts have been made for as many features as there can be; now there are no seasons. */
  constructor(finder: SeasonFinder, seasons: number[], parts: SeasonParts) {
    this.finder = finder
    this.seasons = seasons
    this.parts = parts
    this.arrange()
  }

  /** What snapshots and hashes need of it. */
  arrays(): SharedArray[] {
    return [
      { name: 'seasons', array: this.finder.state },
      { name: 'seasons/changed', array: this.parts.portfolio.changedAt },
    ]
  }

  /** Whether so many records may make a look due. */
  mayLook(records: number): boolean {
    return this.finder.untilLook <= this.finder.valuesPerStep * records
  }

  /** A block has ended at record `record`: looks, where it is time to. The chain hash is told. */
  look(record: number, chain: Hash64): void {
    const { finder, parts } = this
    if (finder.untilLook > 0 || !finder.look(AUTO_PERIOD_MAX, this.stepMs())) return
    this.arrange()
    for (const period of this.seasons) chain.word(period)
    const { table, portfolio, mixture, history, profiles } = parts
    portfolio.seasonsChanged(record)
    mixture.bySeason.seasonChanged()
    for (let s = table.used.first; s !== null; s = table.used.after(s)) {
      table.touch(s)
      const { core } = s
      core[HEADER.lastChanged] = record
      profiles.seasonsChanged(core, core[HEADER.steps]!, history)
      portfolio.begin(core)
      mixture.bySeason.seasonChangedFor(core)
    }
  }

  /** Points all parts at the seasons in the finder's state, which may just have been restored. */
  arrange(): void {
    const { seasons, finder } = this
    for (let i = 0; i < seasons.length; i++) seasons[i] = finder.periods[i]!
    this.parts.portfolio.arrange()
  }

  /** The usual step of the sequence that was used last, as good as any; 0 before one. */
  private stepMs(): number {
    const sequence = this.parts.table.used.last
    if (sequence === null || sequence.steps === 0) return 0
    return this.parts.history.usualStepMs(sequence.core, sequence.steps - 1)
  }
}
