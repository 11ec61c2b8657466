/** What is being watched. The names of partitions and of sequences are those of the service. */
export interface Choice {
  readonly partition: number | null
  /** Null while the service has not seen one; the empty name stands for records without a key. */
  readonly sequence: string | null
  readonly target: string
  readonly horizon: number
}

/** What is learnt; labels are numbers in a regression and names in a classification. */
export type Kind = 'forecast' | 'symbols' | 'regression' | 'classification'

/** The first event of a stream. */
export interface Hello {
  readonly kind: Kind
  readonly application: string
  readonly version: string
  readonly topic: string
  readonly targets: readonly string[]
  /** Steps ahead; 0 for what is said of a record itself. */
  readonly horizons: readonly number[]
  readonly levels: readonly number[]
  readonly choice: Choice
}

export interface TaskStatus {
  readonly partition: number
  readonly state: string
  /** How much of a restore is done, in records; null where there is none. */
  readonly done: number | null
  readonly total: number | null
  readonly lagRecords: number | null
  readonly queuedRecords: number | null
  readonly records: number | null
  readonly updates: number | null
  readonly sequences: number | null
  readonly recordsPerSecond: number | null
  readonly error: string | null
}

export interface DeadLetter {
  readonly partition: number
  readonly offset: string
  readonly code: string
  readonly message: string
  readonly timeMs: number | null
}

export interface MemberScore {
  readonly member: string
  readonly fadingMae: number | null
  readonly mae: number | null
  readonly fadingWmape: number | null
  readonly wmape: number | null
  /** Share of the mixture, from 0 to 1; null for those that are scored alone. */
  readonly weight: number | null
}

/** Of a member of a `symbols` task: bits per symbol, now and in all. */
export interface SymbolScore {
  readonly member: string
  readonly fadingBits: number | null
  readonly bits: number | null
}

/** Of a member of a `supervised` task, by all labels so far. */
export interface LabelScore {
  readonly member: string
  readonly count: number
  /** Regression. */
  readonly mae: number | null
  readonly rmse: number | null
  /** Classification. */
  readonly accuracy: number | null
  readonly logLoss: number | null
}

export interface Coverage {
  readonly level: number
  readonly coverage: number | null
  readonly width: number | null
}

/** 1 − error of the mixture over that of a baseline; null where there is none yet. */
export interface Skill {
  readonly persistence: number | null
  readonly seasonal: number | null
  readonly rls: number | null
}

/** Once a second. */
export interface Status {
  readonly timeMs: number
  readonly ready: boolean
  readonly reasons: readonly string[]
  readonly recordsPerSecond: number | null
  readonly tasks: readonly TaskStatus[]
  readonly deadLetters: { readonly total: number; readonly recent: readonly DeadLetter[] }
  /** Of what is chosen; none of another kind, as the two below. */
  readonly scores: readonly MemberScore[]
  readonly symbols: readonly SymbolScore[]
  readonly labels: readonly LabelScore[]
  readonly skill: Skill | null
  readonly coverage: readonly Coverage[]
}

/** Lower and upper bound, one pair for each level. */
export type Bounds = readonly (readonly [number | null, number | null])[]

/** records, timeMs, observed, predicted for it, bounds for it. */
export type Point = readonly [number, number | null, number | null, number | null, Bounds | null]

/** The newest forecast: of a time to come. */
export interface Next {
  readonly timeMs: number | null
  readonly mean: number | null
  readonly bounds: Bounds | null
}

/** At most four times a second. */
export interface Points {
  readonly choice: Choice
  /** Forget what came before: another choice, or a stream that begins. */
  readonly isReset: boolean
  /** Points left out since the last event. */
  readonly skipped: number
  readonly points: readonly Point[]
  readonly next: Next | null
}

export interface SequenceEntry {
  readonly partition: number
  readonly sequence: string
}

/** The answer of `/sequences`. */
export interface SequenceList {
  readonly sequences: readonly SequenceEntry[]
  readonly isCut: boolean
}
