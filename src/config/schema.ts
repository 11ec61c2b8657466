import { z } from 'zod'

/**
 * The single source of types, defaults and JSON Schema of the configuration (design §4).
 * A key that this version does not use is not in it.
 */
export const configSchema = z.strictObject({
  name: z.string().default('headrace'),
  kafka: z
    .strictObject({
      brokers: z.array(z.string()).default(['127.0.0.1:9092']),
    })
    .prefault({}),
  input: z
    .strictObject({
      topic: z.string().optional(),
      from: z.string().default('earliest'),
      format: z.enum(['json', 'csv']).default('json'),
      columns: z.array(z.string()).optional(),
      time: z.string().optional(),
      key: z.string().optional(),
    })
    .prefault({}),
  task: z.strictObject({
    kind: z.literal('forecast').default('forecast'),
    targets: z.array(z.string()).min(1),
    inputs: z.array(z.string()).default([]),
    known: z.array(z.string()).default([]),
    horizons: z.array(z.int().min(1)).min(1).default([1]),
    seasons: z.array(z.int().min(2)).default([]),
    calendar: z.boolean().default(true),
    intervals: z.array(z.number().gt(0).lt(1)).default([0.8, 0.95]),
  }),
  model: z
    .strictObject({
      cell: z.enum(['rnn', 'gru', 'lstm']).default('gru'),
      hidden: z.int().min(1).max(1024).default(32),
      layers: z.int().min(1).max(8).default(1),
      window: z.int().min(1).default(16),
      updateEvery: z.int().min(1).default(8),
      block: z.union([z.literal('auto'), z.int().min(1)]).default('auto'),
      learningRates: z.array(z.number().positive()).min(1).default([3e-4, 1e-3, 3e-3]),
      portfolio: z.enum(['full', 'network']).default('full'),
      diagnostics: z.boolean().default(true),
      learn: z.boolean().default(true),
      kernel: z.enum(['reference']).default('reference'),
      seed: z.int().min(0).default(1),
    })
    .prefault({}),
  sequences: z
    .strictObject({
      max: z.int().min(1).default(100_000),
      keep: z.int().min(1).default(400_000),
    })
    .prefault({}),
  deadLetters: z.strictObject({ maxBytes: z.int().min(0).default(524_288) }).prefault({}),
  commit: z.strictObject({ intervalMs: z.int().min(1).default(100) }).prefault({}),
  http: z
    .strictObject({ host: z.string().default('127.0.0.1'), port: z.int().min(0).default(9464) })
    .prefault({}),
  log: z.strictObject({ level: z.string().default('info') }).prefault({}),
  shutdown: z.strictObject({ timeoutMs: z.int().min(1).default(20_000) }).prefault({}),
})

/** The effective configuration: defaults filled in. */
export type Config = z.infer<typeof configSchema>
