import type { WatchedPoints } from '../engine/messages.ts'
import { pointHead } from '../engine/watch.ts'
import type { EngineView } from './engine-view.ts'

/** What a page looks at, by its names. */
export interface PageChoice {
  /** null: none yet, or whichever there is. */
  readonly partition: number | null
  /** null: none yet, or the one used last. */
  readonly sequence: string | null
  readonly target: string
  readonly horizon: number
}

/** New points of what a page looks at. */
export interface PagePoints extends Pick<WatchedPoints, 'isReset' | 'skipped' | 'points' | 'next'> {
  readonly choice: PageChoice
}

/** A page that looks. */
export interface PageViewer {
  /** It looks at something else now than it knew. */
  onChoice(choice: PageChoice): void
  onPoints(points: PagePoints): void
}

/** One page's look at one sequence, over all incarnations of the task that owns it. */
export class Viewing {
  /** Whether the service chose the partition. */
  readonly isFree: boolean
  readonly #id: number
  readonly #place: { readonly target: number; readonly horizon: number }
  readonly #viewer: PageViewer
  #choice: PageChoice
  #engine: EngineView | null = null
  /** Record count of the newest point that was told; null: none was. */
  #told: number | null = null

  /** `place`: where the choice's target and horizon stand among the model's. */
  constructor(
    id: number,
    wanted: PageChoice,
    place: { readonly target: number; readonly horizon: number },
    viewer: PageViewer,
  ) {
    this.#id = id
    this.#choice = wanted
    this.#place = place
    this.#viewer = viewer
    this.isFree = wanted.partition === null
  }

  get choice(): PageChoice {
    return this.#choice
  }

  /** Watches in that engine, and nowhere else. */
  lookAt(engine: EngineView): void {
    if (this.#engine === engine) return
    this.leave()
    this.#engine = engine
    const { partition } = engine
    if (partition !== this.#choice.partition) {
      this.#choose({
        ...this.#choice,
        partition,
        sequence: this.isFree ? null : this.#choice.sequence,
      })
    }
    const choice = { ...this.#place, sequence: this.#choice.sequence, after: this.#told }
    engine.link.send({ type: 'watch', watch: this.#id, choice })
  }

  /** Watches nothing any more. */
  leave(): void {
    this.#engine?.link.send({ type: 'watch', watch: this.#id, choice: null })
    this.#engine = null
  }

  /** That engine is gone. */
  lost(engine: EngineView): void {
    if (this.#engine === engine) this.#engine = null
  }

  receive(engine: EngineView, { sequence, isReset, skipped, points, next }: WatchedPoints): void {
    // Of an earlier choice.
    if (this.#engine !== engine) return
    if (sequence !== this.#choice.sequence) this.#choose({ ...this.#choice, sequence })
    const width = next === null ? 0 : next.length - 2 + pointHead
    if (points.length > 0) this.#told = points[points.length - width] as number
    else if (isReset) this.#told = null
    this.#viewer.onPoints({ choice: this.#choice, isReset, skipped, points, next })
  }

  #choose(choice: PageChoice): void {
    if (choice.partition !== this.#choice.partition) this.#told = null
    this.#choice = choice
    this.#viewer.onChoice(choice)
  }
}
