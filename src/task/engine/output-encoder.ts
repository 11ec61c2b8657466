import { assert } from '../../assert.ts'
import { isForecast, isSupervised, isSymbols } from '../../config/kinds.ts'
import type { Config, ServiceConfig } from '../../config/schema.ts'
import type { ByteWriter } from '../../record/byte-writer.ts'
import { deadLetter } from '../../record/dead-letter.ts'
import { ForecastEncoder } from '../../record/encode-forecast.ts'
import { SupervisedEncoder } from '../../record/encode-supervised.ts'
import { SymbolsEncoder } from '../../record/encode-symbols.ts'
import { supervisedOf } from '../supervised-processor.ts'
import { symbolsOf } from '../symbols-processor.ts'
import type { OutputEncoder, StreamOutcome } from './engine.ts'

/** Writes what a model has said of a record (design §5), whatever the kind of its task. */
export interface RecordEncoder {
  write(out: ByteWriter, offset: bigint, outcome: StreamOutcome): void
  /** The same but for the brace in front: for those who put members of their own there. */
  writeMembers(out: ByteWriter, offset: bigint, outcome: StreamOutcome): void
}

/** Predictions and dead letters of one partition as the configuration wants them (design §5). */
export function createOutputEncoder(config: ServiceConfig, partition: number): OutputEncoder {
  const encoder = openEncoder(config)
  const source = { topic: config.input.topic, partition }
  return {
    prediction: (out, record, outcome) => encoder.write(out, record.offset, outcome),
    deadLetter: (record, failure) =>
      deadLetter(record, source, failure, config.deadLetters.maxBytes),
  }
}

/** The encoder of the kind that the configuration asks for. */
export function openEncoder(config: Config): RecordEncoder {
  const application = config.name
  if (isForecast(config)) {
    const { task } = config
    const encoder = new ForecastEncoder({ fields: task, levels: task.intervals, application })
    return {
      write: (out, offset, { forecast }) => encoder.write(out, offset, forecast),
      writeMembers: (out, offset, { forecast }) => encoder.writeMembers(out, offset, forecast),
    }
  }
  if (isSymbols(config)) return symbolsEncoder(config.task.alphabet === 'bytes', application)
  assert(isSupervised(config), 'there are three kinds of tasks')
  const { task } = config
  const encoder = new SupervisedEncoder({ fields: task, levels: task.intervals, application })
  return {
    write: (out, offset, outcome) => encoder.write(out, offset, supervisedOf(outcome).forecast),
    writeMembers: (out, offset, outcome) =>
      encoder.writeMembers(out, offset, supervisedOf(outcome).forecast),
  }
}

/** What comes next is looked for only here: who publishes nothing does not pay for it. */
function symbolsEncoder(isBytes: boolean, application: string): RecordEncoder {
  // The alphabet is the model's, and that is known with the first outcome.
  let nameOf: (symbol: number) => string | null = () => null
  const name = isBytes ? undefined : (symbol: number) => nameOf(symbol)
  const encoder = new SymbolsEncoder({ application, name })
  const look = (outcome: StreamOutcome) => {
    const said = symbolsOf(outcome)
    nameOf = said.nameOf
    said.predictNext()
    return said.forecast
  }
  return {
    write: (out, offset, outcome) => encoder.write(out, offset, look(outcome)),
    writeMembers: (out, offset, outcome) => encoder.writeMembers(out, offset, look(outcome)),
  }
}
