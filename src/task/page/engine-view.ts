import type { EngineLink } from '../engine/engines.ts'
import type { EngineReply } from '../engine/messages.ts'
import type { LearningReport } from '../observe.ts'

/** Rates are between looks that follow each other so closely: before that nobody looked. */
const rateMaxMs = 5_000

/** What is known of one incarnation's engine from what it has answered. */
export class EngineView {
  readonly partition: number
  readonly link: EngineLink
  /** Whether it is gone: nothing comes from it any more. */
  isClosed = false
  /** Whether it publishes: the replay is over. */
  isRunning = false
  /** Records that the model has taken in; NaN before it has begun. */
  records = Number.NaN
  /** Updates of the weights as of the newest commit; NaN before one. */
  updates = Number.NaN
  /** The newest; null before the first. */
  learning: LearningReport | null = null
  /** Monotonic, when a record was last published. */
  activeMs = Number.NEGATIVE_INFINITY
  /** Records published each second between the last two looks; NaN = not known. */
  recordsPerSecond = Number.NaN
  #published = 0
  #lookedMs = Number.NEGATIVE_INFINITY
  #publishedThen = 0

  constructor(partition: number, link: EngineLink) {
    this.partition = partition
    this.link = link
  }

  /** Takes in an answer at monotonic time `nowMs`. */
  receive(reply: EngineReply, nowMs: number): void {
    if (reply.type === 'begun') this.records = reply.records
    else if (reply.type === 'arrived') this.isRunning = true
    else if (reply.type === 'cut') this.updates = reply.cut.updates
    else if (reply.type === 'learning') this.learning = reply.report
    else if (reply.type === 'progress') {
      const { records, published } = reply.progress
      this.records = records
      if (published === null) return
      this.activeMs = nowMs
      this.#published += published.predictions + countOf(published.failures)
    }
  }

  /** A look, one each second while there are any. */
  look(nowMs: number): void {
    const tookMs = nowMs - this.#lookedMs
    const records = this.#published - this.#publishedThen
    this.recordsPerSecond = tookMs <= rateMaxMs ? (1_000 * records) / tookMs : Number.NaN
    this.#lookedMs = nowMs
    this.#publishedThen = this.#published
  }
}

/** Dead letters of one slice. */
export function countOf(failures: readonly (readonly [string, number])[]): number {
  return failures.reduce((sum, [, count]) => sum + count, 0)
}
