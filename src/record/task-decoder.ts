import { createSupervisedDecoder } from './decode-supervised.ts'
import { createSymbolsDecoder } from './decode-symbols.ts'
import { createDecoder, type Decoder, type DecoderOptions } from './decoder.ts'
import { forecastNeeds, type NeededFields, supervisedNeeds, symbolsNeeds } from './needed-fields.ts'
import type { HeadFields } from './record-head.ts'
import type {
  FieldLayout,
  Sample,
  SupervisedFields,
  SupervisedSample,
  SymbolSample,
  SymbolsFields,
} from './types.ts'

/** What a task reads, of whatever kind: `task` of a configuration is one of these. */
export type TaskFields =
  | (FieldLayout & { readonly kind?: 'forecast' })
  | (SymbolsFields & { readonly kind: 'symbols' })
  | (SupervisedFields & { readonly kind: 'supervised' })

/** What the decoder of such a task fills. */
export type SampleOf<F extends TaskFields> = F extends { readonly kind: 'symbols' }
  ? SymbolSample
  : F extends { readonly kind: 'supervised' }
    ? SupervisedSample
    : Sample

/** Makes the decoder of one input for a task of any kind. Throws like those of the kinds. */
export function createTaskDecoder<F extends TaskFields>(
  options: DecoderOptions<F>,
): Decoder<SampleOf<F>> {
  return decoderOf(options, options.fields) as Decoder<SampleOf<F>>
}

function decoderOf(
  options: DecoderOptions<TaskFields>,
  fields: TaskFields,
): Decoder<Sample | SymbolSample | SupervisedSample> {
  if (fields.kind === 'symbols') return createSymbolsDecoder({ ...options, fields })
  if (fields.kind === 'supervised') return createSupervisedDecoder({ ...options, fields })
  return createDecoder({ ...options, fields })
}

/** The fields that a task of any kind reads, with those of the head. */
export function neededFields(fields: TaskFields, head: HeadFields): NeededFields {
  if (fields.kind === 'symbols') return symbolsNeeds(fields, head)
  if (fields.kind === 'supervised') return supervisedNeeds(fields, head)
  return forecastNeeds(fields, head)
}
