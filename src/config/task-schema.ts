import { z } from 'zod'
import { plainName } from '../record/plain-name.ts'
import { fieldName } from './names.ts'

function ascending(values: number[]): number[] {
  return values.toSorted((a, b) => a - b)
}

const namedSeasons = z.array(z.int().min(2).max(100_000)).max(8)

const intervals = z
  .array(z.number().gt(0).lt(1))
  .max(16)
  .overwrite(ascending)
  .default([0.8, 0.95])
  .describe('Levels of the prediction intervals.')

const forecast = z.strictObject({
  kind: z
    .literal('forecast')
    .default('forecast')
    .describe('Later values of the same sequence are predicted.'),
  targets: z.array(fieldName).min(1).max(64).describe('Numeric fields to predict.'),
  inputs: z
    .array(fieldName)
    .max(256)
    .default([])
    .describe('Further numeric fields that the network sees.'),
  known: z
    .array(fieldName)
    .max(256)
    .default([])
    .describe(
      'Numeric fields whose value at the target’s time is known when predicting; a record ' +
        'carries the one k steps ahead as `name+k`.',
    ),
  horizons: z
    .array(z.int().min(1).max(10_000))
    .min(1)
    .max(64)
    .overwrite(ascending)
    .default([1])
    .describe('How many steps of a sequence ahead to predict.'),
  seasons: z
    .union([z.literal('auto'), namedSeasons])
    .default([])
    .describe(
      'Periods in steps of a sequence, the most important first; [] for none; `auto`: up to two ' +
        'of at most 400 steps are found from the stream itself, and followed where they change.',
    ),
  calendar: z
    .boolean()
    .default(true)
    .describe('Time of day and day of week of the target as inputs, where there is event time.'),
  intervals,
})

const listedSymbols = z
  .array(z.string().min(1, 'expected a text that is not empty').max(1024))
  .min(2)
  .max(65_536)
  .overwrite((names) => names.map(plainName))

const symbols = z.strictObject({
  kind: z.literal('symbols').describe('The next symbol of a sequence is predicted.'),
  field: fieldName
    .optional()
    .describe('Field with the symbol; required but for `input.format: bytes`.'),
  alphabet: z
    .union([z.enum(['bytes', 'auto']), listedSymbols])
    .default('auto')
    .describe(
      'What is a symbol. bytes: each byte of the field’s text, or of the value, and the default ' +
        'for `input.format: bytes`; auto: each different text that the field has, as they come; ' +
        'a list: these texts, all others are one, the unknown. 1, 1.0 and the text "1.0" are one.',
    ),
  maxSymbols: z
    .int()
    .min(2)
    .max(65_536)
    .default(4096)
    .describe(
      'Symbols that an alphabet found from the stream may have; later ones share one, the unknown.',
    ),
  end: fieldName
    .optional()
    .describe(
      'Field that closes a sequence where it is true, 1 or any other text than "", "0" and ' +
        '"false" in any case: its next symbol begins a new one.',
    ),
  top: z
    .int()
    .min(0)
    .max(64)
    .default(5)
    .describe('How many of the most likely next symbols a prediction holds.'),
  contexts: z
    .strictObject({
      bits: z
        .int()
        .min(10)
        .max(26)
        .default(20)
        .describe('Binary logarithm of the number of places in the table of each context.'),
    })
    .prefault({})
    .describe('Members that count what followed the last few symbols.'),
})

const supervised = z.strictObject({
  kind: z.literal('supervised').describe('Targets of a record are predicted from its inputs.'),
  inputs: z.array(fieldName).max(256).default([]).describe('Numeric fields to predict from.'),
  categorical: z
    .array(fieldName)
    .max(64)
    .default([])
    .describe('Further fields to predict from whose values are names: texts, numbers, booleans.'),
  targets: z.array(fieldName).min(1).max(16).describe('Fields to predict: the labels.'),
  type: z
    .enum(['regression', 'classification'])
    .default('regression')
    .describe(
      'Whether targets are numbers or names of classes: texts, numbers or booleans; 1, 1.0 and ' +
        'the text "1.0" are one class.',
    ),
  id: fieldName
    .optional()
    .describe('Field by which a label that comes later is joined to the record it belongs to.'),
  labels: z
    .strictObject({
      maxPending: z
        .int()
        .min(1)
        .max(1_000_000)
        .default(10_000)
        .describe(
          'Records after which a prediction no longer waits for its label, and after which a ' +
            'label can no longer be corrected: so many are kept at most.',
        ),
    })
    .prefault({})
    .describe('Labels that come later than their record.'),
  maxClasses: z
    .int()
    .min(2)
    .max(1024)
    .default(64)
    .describe('Classes of a target; more may appear at run time, and share the last.'),
  seasons: namedSeasons
    .default([])
    .describe('Periods in steps of a sequence, the most important first; [] for none.'),
  calendar: z
    .boolean()
    .default(true)
    .describe('Time of day and day of week as inputs, where there is event time.'),
  intervals,
})

/** What is learnt: one of three kinds, the first where none is named. */
export const task = z.discriminatedUnion('kind', [forecast, symbols, supervised])

export type ForecastTask = z.infer<typeof forecast>
export type SymbolsTask = z.infer<typeof symbols>
export type SupervisedTask = z.infer<typeof supervised>
