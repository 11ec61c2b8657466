import { ByteWriter } from '../../../../src/record/byte-writer.ts'
import type { OutputEncoder, StreamOutcome } from '../../../../src/task/engine/engine.ts'
import type { InputRecord } from '../../../../src/task/ports.ts'

/** The value of one prediction, in memory of its own. */
export function predictionOf(
  encoder: OutputEncoder,
  record: InputRecord,
  outcome: StreamOutcome,
): Buffer<ArrayBuffer> {
  const out = new ByteWriter()
  encoder.prediction(out, record, outcome)
  return out.view()
}
