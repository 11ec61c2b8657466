import { z } from 'zod'
import { fieldName } from './names.ts'
import { checkRules } from './rules.ts'
import { startTimeMs } from './start-time.ts'
import { type ForecastTask, type SupervisedTask, type SymbolsTask, task } from './task-schema.ts'

const filePath = z.string().min(1, 'expected the path of a file')
// kafkajs splits at the first colon: the literal of an IPv6 address needs a name in its place.
const broker = z
  .string()
  .regex(/^[^\s:,@/[\]]+:[0-9]{1,5}$/, 'expected host:port, such as broker-1:9092')

const ssl = z.union([
  z.boolean(),
  z.strictObject({
    ca: filePath
      .optional()
      .describe('PEM file with the certificate authorities to trust instead of the built-in ones.'),
    cert: filePath.optional().describe('PEM file with the client certificate.'),
    key: filePath.optional().describe('PEM file with the private key of the client certificate.'),
    rejectUnauthorized: z
      .boolean()
      .default(true)
      .describe('Refuse a broker whose certificate cannot be verified. Leave it on.'),
    servername: z
      .string()
      .min(1)
      .optional()
      .describe('Name to expect in the certificate where it differs from the host.'),
  }),
])

function passwordLogin<const M extends string>(mechanism: M) {
  return z.strictObject({
    mechanism: z.literal(mechanism).describe('How to log in.'),
    username: z.string().min(1).describe('User name.'),
    password: z
      .string()
      .min(1)
      .describe('Password; better taken from the environment than written here.'),
  })
}

const sasl = z.discriminatedUnion('mechanism', [
  passwordLogin('plain'),
  passwordLogin('scram-sha-256'),
  passwordLogin('scram-sha-512'),
  z.strictObject({
    mechanism: z.literal('oauthbearer').describe('How to log in.'),
    tokenFile: filePath.describe('File with the bearer token, read anew at every login.'),
  }),
])

const kafka = z.strictObject({
  brokers: z
    .union([z.string(), z.array(z.string())])
    .transform((value) =>
      Array.isArray(value) ? value : value.split(',').map((part) => part.trim()),
    )
    .pipe(z.array(broker).min(1))
    .prefault('127.0.0.1:9092')
    .describe('Brokers to begin with: a list, or one string separated by commas.'),
  clientId: z
    .string()
    .min(1)
    .default('headrace')
    .describe('Name under which the brokers log and throttle this client.'),
  ssl: ssl
    .default(false)
    .describe('TLS to the brokers: true, or files. A relative path starts at the working folder.'),
  sasl: sasl.optional().describe('Login to the brokers; none where absent.'),
  sessionTimeoutMs: z
    .int()
    .min(1000)
    .max(1_800_000)
    .default(10_000)
    .describe('After this long without a heartbeat the group gives our partitions to others.'),
  heartbeatIntervalMs: z
    .int()
    .min(100)
    .max(600_000)
    .default(1500)
    .describe('Time between heartbeats; less than a third of sessionTimeoutMs.'),
  transactionTimeoutMs: z
    .int()
    .min(1000)
    .max(900_000)
    .default(12_000)
    .describe('The brokers abort a transaction that is open for longer.'),
})

const input = z.strictObject({
  topic: z
    .string()
    .regex(/^(?!\.{1,2}$)[a-zA-Z0-9._-]{1,249}$/, 'expected the name of a Kafka topic')
    .optional()
    .describe('Topic to learn from. Required by `run`; ignored where a file is replayed.'),
  from: z
    .string()
    .refine((from) => startTimeMs(from) !== undefined, {
      error: 'expected earliest, latest or an ISO 8601 time such as 2014-07-01T00:00:00Z',
    })
    .default('earliest')
    .describe(
      'Where a new application begins: earliest, latest, or an ISO 8601 time (UTC without a ' +
        'zone). Decided once, then stored.',
    ),
  format: z
    .enum(['json', 'csv', 'bytes'])
    .default('json')
    .describe(
      'Format of a record’s value: one JSON object, one line of CSV, or, for symbols, bytes: ' +
        'each is a symbol.',
    ),
  columns: z
    .array(fieldName)
    .min(1)
    .optional()
    .describe('Names of the fields of a CSV line, in order. Required for csv on a topic.'),
  time: fieldName
    .optional()
    .describe(
      'Field with the event time, ISO 8601 or epoch milliseconds; by default the record’s ' +
        'timestamp, in a file the first column called time, timestamp, date or datetime.',
    ),
  key: fieldName
    .optional()
    .describe('Field that names a sequence; by default the record’s key does.'),
})

const model = z.strictObject({
  cell: z.enum(['rnn', 'gru', 'lstm']).default('gru').describe('Kind of recurrent cell.'),
  hidden: z.int().min(1).max(1024).default(32).describe('Size of the hidden state of a layer.'),
  layers: z.int().min(1).max(8).default(1).describe('Recurrent layers, one upon the other.'),
  normalise: z
    .boolean()
    .default(false)
    .describe('Divide each gate’s pre-activations by their root mean square, then a learnt gain.'),
  window: z
    .int()
    .min(1)
    .max(10_000)
    .default(16)
    .describe('How many steps gradients flow back (h).'),
  updateEvery: z
    .int()
    .min(1)
    .max(10_000)
    .default(8)
    .describe('Own steps of a sequence between its backward passes (h′).'),
  block: z
    .union([z.literal('auto'), z.int().min(1)])
    .default('auto')
    .describe(
      'Records of the partition between weight updates, a multiple of updateEvery; ' +
        'auto: updateEvery × live sequences, at most 8. The kernel tensorflow takes up to 4096 ' +
        'records at once where a block is as large.',
    ),
  learningRates: z
    .array(z.number().positive().max(1))
    .max(16)
    .overwrite((rates) => rates.toSorted((a, b) => a - b))
    .default([1e-3, 3e-3])
    .describe('Step sizes of Adam: one network for each; [] for none in a full portfolio.'),
  portfolio: z
    .enum(['full', 'network'])
    .default('full')
    .describe('full: all members, aggregated; network: one network alone (the middle rate).'),
  diagnostics: z
    .boolean()
    .default(true)
    .describe('Score a twin that forgets: it shows what carrying the hidden state is worth.'),
  learn: z
    .boolean()
    .default(true)
    .describe(
      'Update the network weights; false leaves them as they began. Lines, read-outs by least ' +
        'squares, weights of the mixture and intervals go on learning.',
    ),
  kernel: z
    .enum(['wasm', 'reference', 'tensorflow'])
    .default('wasm')
    .describe(
      'What does the arithmetic. wasm: single precision with SIMD; reference: plain loops in ' +
        'double precision, several times slower, the truth that others are tested against; ' +
        'tensorflow: TensorFlow.js on the processor or an NVIDIA GPU, which you install, ' +
        'for wide layers and many sequences (docs/gpu.md). Not for networks of symbols.',
    ),
  seed: z.int().min(0).default(1).describe('Seed of the initial weights and of everything random.'),
})

const sequences = z.strictObject({
  max: z
    .int()
    .min(1)
    .max(100_000_000)
    .default(100_000)
    .describe(
      'Sequences of a partition with their whole state; ' +
        'the least recently used beyond it shed their window.',
    ),
  keep: z
    .int()
    .min(1)
    .max(100_000_000)
    .default(400_000)
    .describe('Sequences of a partition that are remembered at all; not less than max.'),
})

const deadLetters = z.strictObject({
  maxBytes: z
    .int()
    .min(0)
    .max(800_000)
    .default(524_288)
    .describe(
      'A dead letter keeps its value up to this many bytes; of a longer one, length and SHA-256.',
    ),
})

const commit = z.strictObject({
  intervalMs: z
    .int()
    .min(1)
    .max(60_000)
    .default(100)
    .describe('Time between commits: predictions become visible with the next one.'),
})

const snapshot = z.strictObject({
  maxReplayMs: z
    .int()
    .min(1)
    .max(3_600_000)
    .default(2_000)
    .describe(
      'A snapshot is due when replaying what came since the last one would take longer: ' +
        'about how long a restart replays.',
    ),
})

const workers = z.strictObject({
  count: z
    .union([z.literal('auto'), z.int().min(0).max(256)])
    .default('auto')
    .describe(
      'Threads that models live in, at most; auto: one fewer than cores, at least one; ' +
        '0: all in the main thread.',
    ),
  stallMs: z
    .int()
    .min(1_000)
    .max(3_600_000)
    .default(30_000)
    .describe(
      'A thread that has work and gives no sign for so long is ended, and its partitions are ' +
        'restored: longer than the slowest record or update of the model.',
    ),
})

const http = z.strictObject({
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('Address to listen at; 0.0.0.0 for all of the machine’s.'),
  port: z.int().min(0).max(65_535).default(9464).describe('Port to listen at; 0 takes a free one.'),
  token: z
    .string()
    .min(16)
    .regex(/^[!-~]*$/, 'expected printable ASCII without spaces')
    .optional()
    .describe(
      'What the live page must bring to see data, better taken from the environment than written ' +
        'here; without it, everyone who reaches the port sees them.',
    ),
})

const log = z.strictObject({
  level: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('Least severe log lines to write.'),
})

const shutdown = z.strictObject({
  timeoutMs: z
    .int()
    .min(1)
    .max(600_000)
    .default(20_000)
    .describe('How long SIGTERM may take to commit and to leave the group.'),
})

/**
 * The single source of types, defaults and JSON Schema of the configuration (design §4).
 * A key that this version does not use is not in it.
 */
export const configSchema = z
  .strictObject({
    name: z
      .string()
      .regex(
        /^[a-zA-Z0-9_-]{1,200}$/,
        'expected 1 to 200 letters, digits, hyphens or underscores (no dot)',
      )
      .default('headrace')
      .describe('Application: prefix of the group, the transactional ids and our topics.'),
    kafka: kafka.prefault({}).describe('How to reach the brokers.'),
    input: input.prefault({}).describe('What to learn from.'),
    task: task.describe('What to predict.'),
    model: model.prefault({}).describe('What learns.'),
    sequences: sequences.prefault({}).describe('How many sequences to carry.'),
    deadLetters: deadLetters.prefault({}).describe('Records that cannot be used.'),
    commit: commit.prefault({}).describe('Transactions.'),
    snapshot: snapshot.prefault({}).describe('Copies of the state, so that a restart is quick.'),
    workers: workers.prefault({}).describe('Threads.'),
    http: http.prefault({}).describe('Live page, metrics and health.'),
    log: log.prefault({}).describe('Logging, to stderr.'),
    shutdown: shutdown.prefault({}).describe('Ending.'),
  })
  // Runs although single values are wrong, so that a user sees all errors at once.
  .superRefine(checkRules, { when: () => true })

/** The effective configuration: defaults filled in. */
export type Config = z.infer<typeof configSchema>

/** What a user writes: everything with a default may be absent. */
export type ConfigInput = z.input<typeof configSchema>

/** Configurations by the kind of their task. */
export type ForecastConfig = Config & { readonly task: ForecastTask }
export type SymbolsConfig = Config & { readonly task: SymbolsTask }
export type SupervisedConfig = Config & { readonly task: SupervisedTask }

/** What `run` needs beyond a `Config`. */
export type ServiceConfig = Config & { readonly input: { readonly topic: string } }
