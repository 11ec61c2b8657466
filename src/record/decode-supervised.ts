import type { Decoder, DecoderOptions } from './decoder.ts'
import type { FieldReader } from './field-reader.ts'
import { NameFields } from './name-fields.ts'
import { supervisedNeeds } from './needed-fields.ts'
import { readNumbers } from './number-fields.ts'
import { openReader } from './open-reader.ts'
import { headNames, RecordHead } from './record-head.ts'
import type { DecodeFailure, SupervisedFields, SupervisedSample } from './types.ts'

/**
 * Makes the decoder of one input of a `supervised` task. Throws `HeadraceError` where the named
 * columns of a CSV input lack a field that the configuration needs.
 */
export function createSupervisedDecoder(
  options: DecoderOptions<SupervisedFields>,
): Decoder<SupervisedSample> {
  return new SupervisedDecoder(options)
}

class SupervisedDecoder implements Decoder<SupervisedSample> {
  readonly sample: SupervisedSample
  readonly #reader: FieldReader
  readonly #head: RecordHead
  readonly #names: NameFields
  readonly #inputs: readonly string[]
  readonly #targets: readonly string[]
  readonly #isRegression: boolean
  /** Where categories, targets and the identifier stand in the reader, behind the inputs. */
  readonly #firstCategory: number
  readonly #firstTarget: number
  /** −1 without one. */
  readonly #idField: number

  constructor(options: DecoderOptions<SupervisedFields>) {
    const { inputs, categorical, targets, type, id } = options.fields
    this.#isRegression = type === 'regression'
    this.#inputs = inputs
    this.#targets = targets
    this.#firstCategory = inputs.length
    this.#firstTarget = inputs.length + categorical.length
    const own = [...inputs, ...categorical, ...targets, id ?? '']
    this.#idField = id === undefined ? -1 : own.length - 1
    const names = [...own, ...headNames(options)]
    this.#reader = openReader(options, names, supervisedNeeds(options.fields, options))
    this.#names = new NameFields(this.#reader, names)
    this.sample = {
      sequence: '',
      timeMs: null,
      id: null,
      hasInputs: false,
      inputs: new Float64Array(inputs.length),
      categories: new Array<string | null>(categorical.length).fill(null),
      values: new Float64Array(targets.length).fill(Number.NaN),
      classes: new Array<string | null>(targets.length).fill(null),
    }
    this.#head = new RecordHead(this.#reader, options, own.length, this.sample)
  }

  decode(
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestampMs: number | null,
  ): DecodeFailure | null {
    const failed = this.#head.open(key, value)
    // The head has refused a record without a value.
    if (failed !== null || value === null) return failed
    const { sample } = this
    const unusable =
      readNumbers(this.#reader, 0, this.#inputs, sample.inputs) ??
      this.#readNames(this.#firstCategory, value, sample.categories) ??
      this.#readTargets(value) ??
      this.#readId(value)
    if (unusable !== null) return unusable
    sample.hasInputs = this.#hasInputs()
    return this.#head.readRest(key, value, timestampMs, this.#isLabel())
  }

  /** A label that comes later is joined by its identifier: it needs neither sequence nor time. */
  #isLabel(): boolean {
    const { id, hasInputs } = this.sample
    return id !== null && !hasInputs && this.#hasLabel()
  }

  #hasLabel(): boolean {
    const { values, classes } = this.sample
    return values.some((value) => !Number.isNaN(value)) || classes.some((name) => name !== null)
  }

  #readTargets(value: Uint8Array): DecodeFailure | null {
    const { values, classes } = this.sample
    return this.#isRegression
      ? readNumbers(this.#reader, this.#firstTarget, this.#targets, values)
      : this.#readNames(this.#firstTarget, value, classes)
  }

  #readNames(first: number, value: Uint8Array, out: (string | null)[]): DecodeFailure | null {
    for (let i = 0; i < out.length; i++) {
      const name = this.#names.name(first + i, value)
      if (name !== null && typeof name !== 'string') return name
      out[i] = name
    }
    return null
  }

  /** As it stands, like a key: an identifier is compared with itself alone. */
  #readId(value: Uint8Array): DecodeFailure | null {
    if (this.#idField < 0) return null
    const id = this.#names.text(this.#idField, value)
    if (id !== null && typeof id !== 'string') return id
    this.sample.id = id
    return null
  }

  /** Where nothing joins labels, every record asks for a prediction, however little it brings. */
  #hasInputs(): boolean {
    const { inputs, categories } = this.sample
    if (this.#idField < 0) return true
    for (let i = 0; i < inputs.length; i++) if (!Number.isNaN(inputs[i])) return true
    for (let i = 0; i < categories.length; i++) if (categories[i] !== null) return true
    return false
  }
}
