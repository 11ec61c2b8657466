import { Layout } from '../layout.ts'

/** Units of UTF-16 that an id has at most: what is longer joins nothing. */
export const ID_UNITS_MAX = 128
/** Words of an id: its length + 1, or 0 for none, then two units each. */
const ID_WORDS = 1 + ID_UNITS_MAX / 2

/** Places of a case before those of its targets. */
const RECORD = 0
const STEP = 1
const BORN = 2
const TARGETS_AT = 3
/** Per target: whether its label has come, and the label as a number. */
const PER_TARGET = 2

/** What a case keeps, in elements. */
export interface CaseSizes {
  readonly targets: number
  /** F */
  readonly fields: number
  /** Float64s of the record's numbers. */
  readonly dense: number
  /** Float64s that members read of what was known then. */
  readonly past: number
  /** Float64s of what was said. */
  readonly said: number
  /** S: float32s of the networks' states before the step. */
  readonly states: number
}

/** Where the parts of a case lie. */
export class CaseLayout {
  readonly targets: number
  readonly fields: number
  readonly dense: number
  readonly past: number
  readonly said: number
  /** Places in float64s. */
  readonly fieldsAt: number
  readonly denseAt: number
  readonly pastAt: number
  readonly saidAt: number
  /** Places in words of 32 bits. */
  readonly statesAt: number
  readonly states: number
  readonly idAt: number
  /** Words of a case, an even number. */
  readonly words: number

  constructor(sizes: CaseSizes) {
    const layout = new Layout()
    layout.claim(TARGETS_AT + PER_TARGET * sizes.targets)
    this.targets = sizes.targets
    this.fields = sizes.fields
    this.dense = sizes.dense
    this.past = sizes.past
    this.said = sizes.said
    this.states = sizes.states
    this.fieldsAt = layout.claim(sizes.fields)
    this.denseAt = layout.claim(sizes.dense)
    this.pastAt = layout.claim(sizes.past)
    this.saidAt = layout.claim(sizes.said)
    this.statesAt = 2 * layout.size
    this.idAt = this.statesAt + sizes.states
    this.words = 2 * Math.ceil((this.idAt + ID_WORDS) / 2)
  }
}

/**
 * One prediction with all that it was made of: the record's inputs, what was known of labels then,
 * the networks' states before the step, what every member said. So a label that comes later is
 * learnt as if it had come at once.
 */
export class Case {
  readonly layout: CaseLayout
  /** Views over the same memory. */
  readonly words: Uint32Array
  readonly float64: Float64Array
  readonly float32: Float32Array

  constructor(layout: CaseLayout) {
    const buffer = new ArrayBuffer(4 * layout.words)
    this.layout = layout
    this.words = new Uint32Array(buffer)
    this.float64 = new Float64Array(buffer)
    this.float32 = new Float32Array(buffer)
  }

  /** Record count of the prediction; 0: there is none. */
  get record(): number {
    return this.float64[RECORD]!
  }

  /** Own step of its sequence. */
  get step(): number {
    return this.float64[STEP]!
  }

  /** Record count at which the sequence began, which no other one has. */
  get born(): number {
    return this.float64[BORN]!
  }

  /** A new prediction, nothing labelled; `id`: null, or at most ID_UNITS_MAX units. */
  begin(record: number, step: number, born: number, id: string | null): void {
    const { float64, words, layout } = this
    float64[RECORD] = record
    float64[STEP] = step
    float64[BORN] = born
    float64.fill(0, TARGETS_AT, TARGETS_AT + PER_TARGET * layout.targets)
    words.fill(0, layout.idAt)
    if (id === null) return
    words[layout.idAt] = id.length + 1
    for (let i = 0; i < id.length; i++) {
      words[layout.idAt + 1 + (i >> 1)]! |= id.charCodeAt(i) << ((i & 1) << 4)
    }
  }

  isLabelled(target: number): boolean {
    return this.float64[TARGETS_AT + PER_TARGET * target] === 1
  }

  /** The label that has come: a value, or the number of a class. */
  labelOf(target: number): number {
    return this.float64[TARGETS_AT + PER_TARGET * target + 1]!
  }

  label(target: number, label: number): void {
    const at = TARGETS_AT + PER_TARGET * target
    this.float64[at] = 1
    this.float64[at + 1] = label
  }

  get isWhole(): boolean {
    for (let d = 0; d < this.layout.targets; d++) if (!this.isLabelled(d)) return false
    return true
  }
}

/** The id of the case whose words begin at `words[at]`; null for none. */
export function idAt(layout: CaseLayout, words: Uint32Array, at: number): string | null {
  const length = words[at + layout.idAt]! - 1
  if (length < 0) return null
  let id = ''
  for (let i = 0; i < length; i++) {
    const word = words[at + layout.idAt + 1 + (i >> 1)]!
    id += String.fromCharCode((word >>> ((i & 1) << 4)) & 0xffff)
  }
  return id
}

/** Record count of the case that lies at `float64[at]`. */
export function recordAt(float64: Float64Array, at: number): number {
  return float64[at + RECORD]!
}
