import { assert } from '../assert.ts'
import { ByteWriter, Piece } from './byte-writer.ts'
import { JsonNames } from './json-names.ts'
import { OutputFrame } from './output-frame.ts'
import type { ObservedLabel, SupervisedFields, SupervisedForecast } from './types.ts'

export interface SupervisedEncoderOptions {
  readonly fields: Pick<SupervisedFields, 'targets' | 'type'>
  /** L levels of the intervals, in the order of `SupervisedForecast.bounds`. */
  readonly levels: readonly number[]
  /** Name of the application, written into every record. */
  readonly application: string
}

/** A record holds the probabilities of so many classes, the most likely ones. */
export const maxWrittenClasses = 20

const BRACE = new Piece('{')
const ID = new Piece(',"id":')
const NULL = new Piece('null')
const OBSERVED = new Piece(',"observed":{')
const END = new Piece('}')
const ENDS = new Piece('}}')
const UPPER = new Piece(',"upper":')
const PROBABILITIES = new Piece(',"probabilities":{')
const COMMA = new Piece(',')
const COLON = new Piece(':')
const PREDICTIONS_END = new Piece(']')
const PREDICTED = new Piece(',"predicted":')
const PROBABILITY = new Piece(',"probability":')
const DELAY = new Piece(',"delay":')
const CORRECTED = new Piece(',"corrected":true')

/**
 * SupervisedForecast → the JSON of one output record (design §5). A record that has only brought a
 * label has no `predictions`; `observed` holds the targets whose label has come. Of a regression
 * `predicted` is the mean; of a classification the most likely class, and `probability` what the
 * class that came was given. `delay` is in records. Null is what is not known: a mean or a class
 * before the first label, bounds, `predicted` and `delay` of a label without a prediction, the `id`
 * of a record without one. `probabilities` has the classes known so far, at most 20 of them, the
 * most likely first.
 *
 * What the model has worked out has nine significant digits, an observed value the shortest text
 * that reads back to the same double. Known names on known days are written without allocating.
 */
export class SupervisedEncoder {
  readonly #frame: OutputFrame
  readonly #isRegression: boolean
  readonly #targetCount: number
  readonly #levelCount: number
  readonly #predictionHeads: readonly Piece[]
  readonly #levelHeads: readonly Piece[]
  readonly #intervalsEnd: Piece
  readonly #observedHeads: readonly Piece[]
  readonly #names = new JsonNames()
  /** Places of the most likely classes, the most likely first. */
  readonly #order = new Int32Array(maxWrittenClasses)
  /** A double on its way: passed to a function it may go to the heap. */
  readonly #number = new Float64Array(1)
  readonly #own = new ByteWriter()

  constructor({ fields, levels, application }: SupervisedEncoderOptions) {
    const { targets, type } = fields
    assert(targets.length > 0, 'something is predicted')
    this.#frame = new OutputFrame(application)
    this.#isRegression = type === 'regression'
    this.#targetCount = targets.length
    this.#levelCount = levels.length
    const says = this.#isRegression ? 'mean' : 'class'
    this.#predictionHeads = targets.map((target, d) => {
      const before = d === 0 ? ',"predictions":[' : ','
      return new Piece(`${before}{"target":${JSON.stringify(target)},"${says}":`)
    })
    this.#levelHeads = levels.map((level, l) => {
      const before = l === 0 ? ',"intervals":[' : '},'
      return new Piece(`${before}{"level":${level},"lower":`)
    })
    this.#intervalsEnd = new Piece(levels.length === 0 ? ',"intervals":[]}' : '}]}')
    const holds = this.#isRegression ? 'value' : 'class'
    this.#observedHeads = targets.map(
      (target) => new Piece(`${JSON.stringify(target)}:{"${holds}":`),
    )
  }

  /** `offset` of the input record in its partition; its digits are written as a JSON number. */
  write(out: ByteWriter, offset: bigint, forecast: SupervisedForecast): void {
    out.piece(BRACE)
    this.writeMembers(out, offset, forecast)
  }

  /** The same but for the brace in front: for those who put members of their own there. */
  writeMembers(out: ByteWriter, offset: bigint, forecast: SupervisedForecast): void {
    this.#frame.head(out, offset, forecast)
    out.piece(ID)
    this.#writeName(out, forecast.id)
    if (forecast.isPrediction) {
      for (let d = 0; d < this.#targetCount; d++) this.#writePrediction(out, d, forecast)
      out.piece(PREDICTIONS_END)
    }
    this.#writeObserved(out, forecast.observed)
    this.#frame.tail(out, forecast.records, forecast.updates)
  }

  /** The record as a string, for the few that want one. */
  encode(offset: bigint, forecast: SupervisedForecast): string {
    this.#own.reset()
    this.write(this.#own, offset, forecast)
    return this.#own.view().toString()
  }

  #writePrediction(out: ByteWriter, d: number, forecast: SupervisedForecast): void {
    out.piece(this.#predictionHeads[d] as Piece)
    if (!this.#isRegression) {
      this.#writeClasses(out, d, forecast)
      return
    }
    const { means, bounds } = forecast
    out.rounded(means, d)
    let bound = d * this.#levelCount * 2
    for (let l = 0; l < this.#levelCount; l++, bound += 2) {
      out.piece(this.#levelHeads[l] as Piece)
      out.rounded(bounds, bound)
      out.piece(UPPER)
      out.rounded(bounds, bound + 1)
    }
    out.piece(this.#intervalsEnd)
  }

  #writeClasses(out: ByteWriter, d: number, { classes, probabilities }: SupervisedForecast): void {
    const names = classes[d] as readonly string[]
    // A whole number by its type too: a double that is passed on would go to the heap.
    const first = (d * (probabilities.length / this.#targetCount)) | 0
    const count = this.#rank(probabilities, first, names.length)
    const order = this.#order
    this.#writeName(out, count === 0 ? null : (names[order[0] as number] as string))
    out.piece(PROBABILITIES)
    for (let i = 0; i < count; i++) {
      const place = order[i] as number
      if (i > 0) out.piece(COMMA)
      out.piece(this.#names.of(names[place] as string))
      out.piece(COLON)
      out.rounded(probabilities, first + place)
    }
    out.piece(ENDS)
  }

  /** Fills `#order` and returns how many are in it; of equals the one known for longer is first. */
  #rank(probabilities: Float64Array, first: number, classCount: number): number {
    const order = this.#order
    let count = 0
    for (let place = 0; place < classCount; place++) {
      const probability = probabilities[first + place] as number
      if (!(probability >= 0)) continue
      let at = count
      while (at > 0 && probability > (probabilities[first + (order[at - 1] as number)] as number)) {
        at--
      }
      if (at === maxWrittenClasses) continue
      if (count < maxWrittenClasses) count++
      for (let i = count - 1; i > at; i--) order[i] = order[i - 1] as number
      order[at] = place
    }
    return count
  }

  #writeObserved(out: ByteWriter, observed: readonly ObservedLabel[]): void {
    out.piece(OBSERVED)
    let isFirst = true
    for (let d = 0; d < this.#targetCount; d++) {
      const label = observed[d] as ObservedLabel
      if (!label.present) continue
      if (!isFirst) out.piece(COMMA)
      isFirst = false
      this.#writeLabel(out, d, label)
    }
    out.piece(END)
  }

  #writeLabel(out: ByteWriter, d: number, label: ObservedLabel): void {
    const number = this.#number
    out.piece(this.#observedHeads[d] as Piece)
    if (this.#isRegression) {
      number[0] = label.value
      out.exact(number, 0)
      out.piece(PREDICTED)
    } else {
      this.#writeName(out, label.class)
      out.piece(PREDICTED)
      this.#writeName(out, label.predictedClass)
      out.piece(PROBABILITY)
    }
    number[0] = label.predicted
    out.rounded(number, 0)
    out.piece(DELAY)
    if (label.delay < 0) out.piece(NULL)
    else out.integer(label.delay)
    if (label.corrected) out.piece(CORRECTED)
    out.piece(END)
  }

  #writeName(out: ByteWriter, name: string | null): void {
    out.piece(name === null ? NULL : this.#names.of(name))
  }
}
