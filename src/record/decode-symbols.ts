import { Buffer } from 'node:buffer'
import type { Decoder, DecoderOptions } from './decoder.ts'
import type { FieldReader } from './field-reader.ts'
import { NameFields } from './name-fields.ts'
import { symbolsNeeds } from './needed-fields.ts'
import { openReader } from './open-reader.ts'
import { type HeadFields, headNames, RecordHead } from './record-head.ts'
import type { DecodeFailure, SymbolSample, SymbolsFields } from './types.ts'

/** Text of so many bytes, or fewer, is handed over without allocating. */
const maxOwnBytes = 64

const SYMBOL = 0
const END = 1

const noBytes = new Uint8Array(0)

/** Values of bytes have no fields: key and timestamp of the record make the head. */
const noFields: FieldReader = {
  read: () => null,
  number: () => undefined,
  label: () => undefined,
  textStart: () => -1,
  textEnd: () => -1,
}

/**
 * Makes the decoder of one input of a `symbols` task. Throws `HeadraceError` where the named
 * columns of a CSV input lack a field that the configuration needs.
 */
export function createSymbolsDecoder(
  options: DecoderOptions<SymbolsFields>,
): Decoder<SymbolSample> {
  return options.format === 'bytes' ? new BytesDecoder(options) : new SymbolsDecoder(options)
}

function emptySample(): SymbolSample {
  return { sequence: '', timeMs: null, bytes: noBytes, token: null, end: false }
}

/** Every byte of a value is a symbol; the sample's bytes are the value itself. */
class BytesDecoder implements Decoder<SymbolSample> {
  readonly sample = emptySample()
  readonly #head: RecordHead

  constructor(options: HeadFields) {
    this.#head = new RecordHead(noFields, options, 0, this.sample)
  }

  decode(
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestampMs: number | null,
  ): DecodeFailure | null {
    const failed = this.#head.read(key, value, timestampMs)
    if (failed === null) this.sample.bytes = value ?? noBytes
    return failed
  }
}

/** The symbol, or the text whose bytes are symbols, stands in a field. */
class SymbolsDecoder implements Decoder<SymbolSample> {
  readonly sample = emptySample()
  readonly #reader: FieldReader
  readonly #head: RecordHead
  readonly #names: NameFields
  readonly #isBytes: boolean
  readonly #hasEnd: boolean
  readonly #utf8 = new TextEncoder()
  /** Its beginnings of 0 to 64 bytes: whoever asks for one of them again gets the same view. */
  readonly #own = new Uint8Array(maxOwnBytes)
  readonly #views = Array.from({ length: maxOwnBytes + 1 }, (_, n) => this.#own.subarray(0, n))

  constructor(options: DecoderOptions<SymbolsFields>) {
    const { field, end, alphabet } = options.fields
    const own = [field ?? '', end ?? '']
    const names = [...own, ...headNames(options)]
    this.#reader = openReader(options, names, symbolsNeeds(options.fields, options))
    this.#head = new RecordHead(this.#reader, options, own.length, this.sample)
    this.#names = new NameFields(this.#reader, names)
    this.#isBytes = alphabet === 'bytes'
    this.#hasEnd = end !== undefined
  }

  decode(
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestampMs: number | null,
  ): DecodeFailure | null {
    const failed = this.#head.read(key, value, timestampMs)
    // The head has refused a record without a value.
    if (failed !== null || value === null) return failed
    return (this.#isBytes ? this.#readBytes(value) : this.#readToken(value)) ?? this.#readEnd(value)
  }

  #readToken(value: Uint8Array): DecodeFailure | null {
    const token = this.#names.name(SYMBOL, value)
    if (token !== null && typeof token !== 'string') return token
    this.sample.token = token
    return null
  }

  #readBytes(value: Uint8Array): DecodeFailure | null {
    const start = this.#reader.textStart(SYMBOL)
    if (start >= 0) {
      this.sample.bytes = this.#view(value, start, this.#reader.textEnd(SYMBOL))
      return null
    }
    const text = this.#names.anyText(SYMBOL)
    if (text !== null && typeof text !== 'string') return text
    if (text === null) this.sample.bytes = noBytes
    else if (text.length * 3 > maxOwnBytes) this.sample.bytes = Buffer.from(text)
    else this.sample.bytes = this.#views[this.#utf8.encodeInto(text, this.#own).written] ?? noBytes
    return null
  }

  #view(value: Uint8Array, start: number, end: number): Uint8Array {
    const view = this.#views[end - start]
    if (view === undefined) return value.subarray(start, end)
    for (let i = 0; i < view.length; i++) view[i] = value[start + i] as number
    return view
  }

  #readEnd(value: Uint8Array): DecodeFailure | null {
    if (!this.#hasEnd) return null
    const text = this.#names.name(END, value)
    if (text !== null && typeof text !== 'string') return text
    this.sample.end = text !== null && text !== '0' && text.toLowerCase() !== 'false'
    return null
  }
}
