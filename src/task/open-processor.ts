import { assert } from '../assert.ts'
import { isForecast, isSupervised, isSymbols } from '../config/kinds.ts'
import type { Config } from '../config/schema.ts'
import type { Decoder } from '../record/decoder.ts'
import type { Sample, SupervisedSample, SymbolSample } from '../record/types.ts'
import { Processor } from './processor.ts'
import { SupervisedProcessor } from './supervised-processor.ts'
import { SymbolsProcessor } from './symbols-processor.ts'

/** The processor of a task of any kind. */
export type AnyProcessor = Processor | SymbolsProcessor | SupervisedProcessor

/** A decoder of the kind that the configuration asks for. */
export type AnyDecoder = Decoder<Sample> | Decoder<SymbolSample> | Decoder<SupervisedSample>

/**
 * Decoder and model of the kind that the configuration asks for. `decoder`: for rows of a file,
 * whose format and columns were found by looking at it; it must be of that kind too.
 */
export function openProcessor(config: Config, decoder?: AnyDecoder): AnyProcessor {
  if (isForecast(config)) return new Processor(config, decoder as Decoder<Sample> | undefined)
  if (isSymbols(config)) {
    return new SymbolsProcessor(config, decoder as Decoder<SymbolSample> | undefined)
  }
  assert(isSupervised(config), 'there are three kinds of tasks')
  return new SupervisedProcessor(config, decoder as Decoder<SupervisedSample> | undefined)
}
