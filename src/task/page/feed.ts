import { assert } from '../../assert.ts'
import type { Clock } from '../../clock.ts'
import type { ServiceConfig } from '../../config/schema.ts'
import type { EngineLink, EngineListener, Engines } from '../engine/engines.ts'
import type { EngineReply } from '../engine/messages.ts'
import type { Scheduler } from '../scheduler.ts'
import { type Shown, shownOf } from '../shown.ts'
import type { TaskStatus } from '../task-manager.ts'
import { DeadLetters } from './dead-letters.ts'
import { countOf, EngineView } from './engine-view.ts'
import { type SequenceList, SequenceSearch } from './search.ts'
import { type PageStatus, statusOf } from './status.ts'
import { type PageChoice, type PageViewer, Viewing } from './viewing.ts'

export interface PageFeedOptions {
  readonly config: ServiceConfig
  readonly clock: Clock
  readonly scheduler: Scheduler
  tasks(): readonly TaskStatus[]
}

/**
 * What a live page shows of a service. It stands between tasks and their engines and hears what
 * engines say; what is watched is asked for again of each new incarnation. Unknown numbers are NaN.
 */
export class PageFeed {
  /** What does not change while the service runs; horizons and levels ascend. */
  readonly facts: Shown & { readonly application: string; readonly topic: string }
  readonly #options: PageFeedOptions
  /** By partition: an incarnation ends before the next one begins. */
  readonly #engines = new Map<number, EngineView>()
  readonly #viewings = new Map<number, Viewing>()
  readonly #deadLetters = new DeadLetters()
  readonly #search: SequenceSearch
  #watches = 0

  constructor(options: PageFeedOptions) {
    const { name, input } = options.config
    this.facts = { application: name, topic: input.topic, ...shownOf(options.config) }
    this.#options = options
    this.#search = new SequenceSearch(options.scheduler)
  }

  /** The same engines, which tell the feed too. */
  listenTo(engines: Engines): Engines {
    return {
      open: (partition, listener) => this.#open(engines, partition, listener),
      close: () => engines.close(),
    }
  }

  /** To be called once a second while a page is open. */
  tick(): void {
    const nowMs = this.#options.clock.monotonicMs()
    for (const engine of this.#engines.values()) engine.look(nowMs)
    this.#settleAll()
  }

  /** How the service fares, with the scoreboard of what is chosen. */
  status(choice: PageChoice): PageStatus {
    const { clock, tasks } = this.#options
    return statusOf(clock.nowMs(), tasks(), this.#engines, this.#deadLetters, choice)
  }

  /**
   * Looks at a target and a horizon of `facts` until the returned function is called. Where no
   * partition is named, it is one that has lately had a record.
   */
  watch(wanted: PageChoice, viewer: PageViewer): () => void {
    const target = this.facts.targets.indexOf(wanted.target)
    const horizon = this.facts.horizons.indexOf(wanted.horizon)
    assert(target >= 0 && horizon >= 0, 'a page watches what there is')
    const id = this.#watches++
    const viewing = new Viewing(id, wanted, { target, horizon }, viewer)
    this.#viewings.set(id, viewing)
    this.#settle(viewing)
    return () => {
      this.#viewings.delete(id)
      viewing.leave()
    }
  }

  /**
   * Sequences whose name holds `text`, `limit` at most, those used last first; null where too many
   * searches are under way.
   */
  search(text: string, limit: number): Promise<SequenceList | null> {
    const engines = () => [...this.#engines.values()].sort((a, b) => a.partition - b.partition)
    return this.#search.run(engines, text, limit)
  }

  #open(engines: Engines, partition: number, listener: EngineListener): EngineLink {
    const inner = engines.open(partition, {
      onReply: (reply) => {
        if (!this.#receive(view, reply)) listener.onReply(reply)
      },
      onLost: (error) => {
        this.#closed(view)
        listener.onLost(error)
      },
    })
    const view = new EngineView(partition, inner)
    this.#engines.set(partition, view)
    this.#settleAll()
    return {
      send: (request, transfer) => inner.send(request, transfer),
      close: () => {
        this.#closed(view)
        inner.close()
      },
    }
  }

  #closed(engine: EngineView): void {
    engine.isClosed = true
    if (this.#engines.get(engine.partition) === engine) this.#engines.delete(engine.partition)
    this.#search.closed(engine)
    for (const viewing of this.#viewings.values()) viewing.lost(engine)
  }

  /** Whether the reply was for the feed alone. */
  #receive(engine: EngineView, reply: EngineReply): boolean {
    engine.receive(reply, this.#options.clock.monotonicMs())
    if (reply.type === 'points') {
      this.#viewings.get(reply.points.watch)?.receive(engine, reply.points)
    }
    if (reply.type === 'found') this.#search.answered(engine, reply.search, reply.found)
    if (reply.type === 'refused') this.#deadLetters.add(engine.partition, reply.note)
    if (reply.type === 'arrived') this.#settleAll()
    if (reply.type === 'progress' && reply.progress.published !== null) {
      this.#deadLetters.total += countOf(reply.progress.published.failures)
    }
    return reply.type === 'points' || reply.type === 'found' || reply.type === 'refused'
  }

  #settleAll(): void {
    for (const viewing of this.#viewings.values()) this.#settle(viewing)
  }

  /** Lets a viewing look at the engine that it is to look at now. */
  #settle(viewing: Viewing): void {
    const { partition } = viewing.choice
    const isOwned = (): boolean =>
      this.#options.tasks().some((task) => task.partition === partition)
    // Its own choice may go elsewhere while there is nothing to see, or nothing to come any more.
    const isFree = viewing.isFree && (viewing.choice.sequence === null || !isOwned())
    const engine = isFree ? this.#liveliest() : this.#engines.get(partition ?? -1)
    if (engine !== undefined) viewing.lookAt(engine)
  }

  /** Where a record was published last; before any, where there are most sequences. */
  #liveliest(): EngineView | undefined {
    const running = [...this.#engines.values()].filter(({ isRunning }) => isRunning)
    const sequences = ({ learning }: EngineView): number => learning?.sequences ?? 0
    return running.sort(
      (a, b) =>
        Math.sign(b.activeMs - a.activeMs) ||
        sequences(b) - sequences(a) ||
        a.partition - b.partition,
    )[0]
  }
}
