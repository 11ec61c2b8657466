import { ByteWriter } from '../../../../src/record/byte-writer.ts'
import type { Forecast } from '../../../../src/record/types.ts'
import type { OutputEncoder } from '../../../../src/task/engine/engine.ts'
import type { InputRecord } from '../../../../src/task/ports.ts'

/** The value of one prediction, in memory of its own. */
export function predictionOf(
  encoder: OutputEncoder,
  record: InputRecord,
  forecast: Forecast,
): Buffer<ArrayBuffer> {
  const out = new ByteWriter()
  encoder.prediction(out, record, forecast)
  return out.view()
}
