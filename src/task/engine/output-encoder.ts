import type { ServiceConfig } from '../../config/schema.ts'
import { deadLetter } from '../../record/dead-letter.ts'
import { ForecastEncoder } from '../../record/encode-forecast.ts'
import type { OutputEncoder } from './engine.ts'

/** Predictions and dead letters of one partition as the configuration wants them (design §5). */
export function createOutputEncoder(config: ServiceConfig, partition: number): OutputEncoder {
  const encoder = new ForecastEncoder({
    fields: config.task,
    levels: config.task.intervals,
    application: config.name,
  })
  const source = { topic: config.input.topic, partition }
  return {
    prediction: (out, record, forecast) => encoder.write(out, record.offset, forecast),
    deadLetter: (record, failure) =>
      deadLetter(record, source, failure, config.deadLetters.maxBytes),
  }
}
