import type {
  Choice,
  Coverage,
  DeadLetter,
  Kind,
  LabelScore,
  MemberScore,
  Skill,
  SymbolScore,
  TaskStatus,
} from './client/protocol.ts'

/** New points of what a page watches; NaN = unknown. */
export interface FeedPoints {
  readonly choice: Choice
  readonly isReset: boolean
  /** Points left out since the last call. */
  readonly skipped: number
  /** Record count, event time, observed, predicted, bounds of each level, (n, 4 + 2L). */
  readonly points: Float64Array
  /** When its target is due, mean, bounds, (2 + 2L). */
  readonly next: Float64Array | null
}

/** NaN = unknown. */
export interface FeedStatus {
  readonly timeMs: number
  readonly recordsPerSecond: number | null
  readonly tasks: readonly TaskStatus[]
  readonly deadLetters: { readonly total: number; readonly recent: readonly DeadLetter[] }
  readonly scores: readonly MemberScore[]
  readonly symbols: readonly SymbolScore[]
  readonly labels: readonly LabelScore[]
  readonly skill: Skill | null
  readonly coverage: readonly Coverage[]
}

/** Who is told of what a page watches. */
export interface FeedViewer {
  onChoice(choice: Choice): void
  onPoints(points: FeedPoints): void
}

/** What live pages need of a service. */
export interface PageFeed {
  readonly facts: {
    readonly kind: Kind
    readonly application: string
    readonly topic: string
    readonly targets: readonly string[]
    /** Ascending, as `levels`. */
    readonly horizons: readonly number[]
    readonly levels: readonly number[]
  }
  /** To be called once a second while a page is open. */
  tick(): void
  status(choice: Choice): FeedStatus
  /** Watches a target and a horizon of `facts` until the returned function is called. */
  watch(wanted: Choice, viewer: FeedViewer): () => void
  /** null: too many search already. */
  search(
    text: string,
    limit: number,
  ): Promise<{
    readonly sequences: readonly { readonly partition: number; readonly sequence: string }[]
    readonly isCut: boolean
  } | null>
}
