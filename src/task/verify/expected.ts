import { ByteWriter } from '../../record/byte-writer.ts'
import type { OutputEncoder, StreamModel, StreamProcessor } from '../engine/engine.ts'
import type { InputRecord } from '../ports.ts'

/** What the model publishes of one input record, and where it stands afterwards. */
export interface Expected {
  readonly kind: 'prediction' | 'deadLetter'
  /** Of the input record. */
  readonly offset: bigint
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: Readonly<Record<string, string | Uint8Array>>
  /** Records taken in, this one included. */
  readonly records: number
  readonly chainHash: string
}

/** The model that a log is compared with. */
export interface VerifyProcessor extends StreamProcessor {
  readonly model: StreamModel & { stateHash(): string }
}

/** Input offsets from which on outputs are of interest. */
export interface Wanted {
  readonly predictions: bigint
  readonly deadLetters: bigint
}

/**
 * Takes `records[from…until)` in; what each of them must have given, in their order. Outputs that
 * nobody wants are left out: encoding takes about as long as a small model.
 */
export function expectedOf(
  processor: VerifyProcessor,
  encoder: OutputEncoder,
  records: readonly InputRecord[],
  from: number,
  until: number,
  wanted: Wanted,
): Expected[] {
  const { model } = processor
  const expected: Expected[] = []
  const out = new ByteWriter()
  processor.processMany(records, from, until, (index, outcome) => {
    const { failure } = outcome
    const record = records[index] as InputRecord
    const { offset, key } = record
    if (offset < (failure === null ? wanted.predictions : wanted.deadLetters)) return
    const place = { offset, records: model.records, chainHash: model.chainHash() }
    if (failure === null) {
      out.reset()
      encoder.prediction(out, record, outcome)
      const value = Buffer.from(out.view())
      expected.push({ kind: 'prediction', key, value, headers: {}, ...place })
    } else {
      const { headers = {}, ...output } = encoder.deadLetter(record, failure)
      expected.push({ kind: 'deadLetter', ...output, headers, ...place })
    }
  })
  return expected
}
