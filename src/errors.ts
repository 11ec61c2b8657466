/** One row of the table of errors. */
export interface ErrorEntry {
  /** What happened, in one sentence, without particulars. */
  readonly sentence: string
  /** Whether the same operation may succeed when tried again. */
  readonly canRetry: boolean
  /** The process's exit code when this error ends it (design §6). */
  readonly exitCode: number
  /** What the user can do about it. */
  readonly remedy: string
}

/**
 * Every error that a user can meet. `docs/errors.md` is generated from this table.
 * Codes of dead letters (`HEADRACE_RECORD_*`) never end the process: their exit code is 0.
 */
export const errorTable = {
  HEADRACE_USAGE: {
    sentence: 'The command line is not understood.',
    canRetry: false,
    exitCode: 2,
    remedy: 'See `headrace --help` or `headrace COMMAND --help`.',
  },
  HEADRACE_CONFIG_INVALID: {
    sentence: 'The configuration has errors.',
    canRetry: false,
    exitCode: 78,
    remedy: 'Each line of the message names a place and what is expected there: mend them all.',
  },
  HEADRACE_CONFIG_UNREADABLE: {
    sentence: 'The configuration, or a file that it names, cannot be read.',
    canRetry: false,
    exitCode: 78,
    remedy: 'Check the path, the permissions, and that it is a text file in UTF-8.',
  },
  HEADRACE_KERNEL_ABSENT: {
    sentence: 'The configured kernel needs a library that is not installed or does not load.',
    canRetry: false,
    exitCode: 78,
    remedy:
      'Run the install line that the message names, or set `model.kernel` to `wasm`, which needs ' +
      'nothing.',
  },
  HEADRACE_BROKER_START: {
    sentence: 'A Kafka broker for the demo or the tests could not be started.',
    canRetry: true,
    exitCode: 69,
    remedy:
      'Read the log that the message names, or take another way: set KAFKA_BROKERS, start a ' +
      'Docker engine, or install Java 17 or later and Maven.',
  },
  HEADRACE_TASK_HASH_MISMATCH: {
    sentence:
      'Replaying the input did not lead to the state that the last commit record describes.',
    canRetry: false,
    exitCode: 1,
    remedy:
      'The input topic was changed after it had been learnt, or this machine computes ' +
      'differently. Start a new application name, or reset with `headrace topics --reset`.',
  },
  HEADRACE_TASK_FINGERPRINT_FOREIGN: {
    sentence: 'The application was learnt with another configuration.',
    canRetry: false,
    exitCode: 78,
    remedy:
      'Restore the former configuration, or replay the topic into a new application name, ' +
      'compare, and switch.',
  },
  HEADRACE_TASK_NUMERICS_FOREIGN: {
    sentence: 'The application was learnt by a version of headrace that computes differently.',
    canRetry: false,
    exitCode: 78,
    remedy:
      'Run the former version, or replay the topic into a new application name, compare, and ' +
      'switch.',
  },
  HEADRACE_TASK_FORMAT_NEWER: {
    sentence: 'The changelog was written by a newer version of headrace.',
    canRetry: false,
    exitCode: 78,
    remedy: 'Run the newer version.',
  },
  HEADRACE_TASK_CHANGELOG_LOST: {
    sentence: 'The application has run before, but its changelog holds no commit record.',
    canRetry: false,
    exitCode: 1,
    remedy:
      'Restore the changelog topic, or start anew with `headrace topics --reset` ' +
      'or under a new application name.',
  },
  HEADRACE_TASK_CHANGELOG_INVALID: {
    sentence: 'A record of the changelog is not understood.',
    canRetry: false,
    exitCode: 1,
    remedy: 'Something else writes to the changelog topic: stop it, then start a new application.',
  },
  HEADRACE_TASK_SNAPSHOT_INVALID: {
    sentence: 'The snapshot in the changelog cannot be restored.',
    canRetry: false,
    exitCode: 1,
    remedy:
      'Something else writes to the changelog topic, or it was damaged. While the input still ' +
      'holds all records from the first offset of the application on, learn it anew: under a new ' +
      'application name, or after `headrace topics --reset`.',
  },
  HEADRACE_TASK_INPUT_EXPIRED: {
    sentence: 'Input records that the restore needs are gone.',
    canRetry: false,
    exitCode: 1,
    remedy:
      'Keep the input topic for as long as the application lives, or start a new application name.',
  },
  HEADRACE_TASK_INPUT_TRUNCATED: {
    sentence: 'The input partition ends before what was already learnt from it.',
    canRetry: false,
    exitCode: 1,
    remedy: 'The input topic was deleted and created anew: start a new application name.',
  },
  HEADRACE_TASK_FENCED: {
    sentence: 'Another process has taken over the partition.',
    canRetry: true,
    exitCode: 1,
    remedy: 'Nothing: the partition goes on where it is owned.',
  },
  HEADRACE_TASK_WORKER_LOST: {
    sentence: 'A worker thread has crashed, or gave no sign for workers.stallMs and was ended.',
    canRetry: true,
    exitCode: 1,
    remedy:
      'Its partitions are restored by themselves. Where it comes again: raise workers.stallMs ' +
      'above what the slowest record takes, or make the model smaller.',
  },
  HEADRACE_TASK_GAVE_UP: {
    sentence: 'An operation of a task kept failing.',
    canRetry: false,
    exitCode: 1,
    remedy: 'Look at the cause in the log, mend it, and start the process again.',
  },
  HEADRACE_KAFKA_UNREACHABLE: {
    sentence: 'No Kafka broker can be reached.',
    canRetry: true,
    exitCode: 69,
    remedy:
      'Check that a broker runs at `kafka.brokers`, that this machine can reach the addresses it ' +
      'advertises, and whether it expects `kafka.ssl` or `kafka.sasl`.',
  },
  HEADRACE_KAFKA_REFUSED: {
    sentence: 'Kafka refused the login.',
    canRetry: false,
    exitCode: 69,
    remedy: 'Check `kafka.sasl` (mechanism, user, password or token file) and `kafka.ssl`.',
  },
  HEADRACE_KAFKA_UNAUTHORIZED: {
    sentence: 'Kafka does not allow this user an operation that headrace needs.',
    canRetry: false,
    exitCode: 69,
    remedy: 'Grant the rights that `headrace topics --acls` lists.',
  },
  HEADRACE_KAFKA_TOPIC_MISSING: {
    sentence: 'A topic does not exist.',
    canRetry: false,
    exitCode: 69,
    remedy: 'Check `input.topic`; `headrace topics` creates the topics that headrace writes.',
  },
  HEADRACE_KAFKA_TOPIC_UNSUITABLE: {
    sentence: 'A topic exists, but not in the form that headrace needs.',
    canRetry: false,
    exitCode: 69,
    remedy: '`headrace topics --check` shows what differs; alter the topic or use another name.',
  },
  HEADRACE_KAFKA_REBALANCED: {
    sentence: 'The consumer group is moving on to another generation.',
    canRetry: true,
    exitCode: 1,
    remedy: 'Nothing: the process joins the group again by itself.',
  },
  HEADRACE_KAFKA_CODEC: {
    sentence: 'Records are compressed with a codec that headrace cannot read.',
    canRetry: false,
    exitCode: 1,
    remedy:
      'Produce to the topic uncompressed or with gzip or zstd; snappy and lz4 cannot be read.',
  },
  HEADRACE_KAFKA_CORRUPT: {
    sentence: 'A batch of records cannot be decoded.',
    canRetry: false,
    exitCode: 1,
    remedy: 'Check the partition with `kafka-dump-log`; its replica on the broker is damaged.',
  },
  HEADRACE_KAFKA_OUT_OF_RANGE: {
    sentence: 'The broker no longer has, or does not yet have, the next record to read.',
    canRetry: false,
    exitCode: 1,
    remedy:
      'Retention has deleted records that were not yet learnt, or the topic was created anew: ' +
      'raise its retention and start a new application name.',
  },
  HEADRACE_KAFKA_TOO_LARGE: {
    sentence: 'The broker refused a record for its size.',
    canRetry: false,
    exitCode: 1,
    remedy: 'Raise `max.message.bytes` of the topic, or lower `deadLetters.maxBytes`.',
  },
  HEADRACE_KAFKA_TIMEOUT: {
    sentence: 'Kafka did not answer in time.',
    canRetry: true,
    exitCode: 69,
    remedy: 'Look at the load and the log of the brokers.',
  },
  HEADRACE_KAFKA_FAILED: {
    sentence: 'An operation on Kafka failed.',
    canRetry: true,
    exitCode: 1,
    remedy: 'Look at the cause in the message and at the log of the brokers.',
  },
  HEADRACE_KAFKA_PATCH: {
    sentence: 'The installed kafkajs is not the one whose defects headrace corrects.',
    canRetry: false,
    exitCode: 70,
    remedy: 'Install exactly the dependencies of the lock file: `npm ci`.',
  },
  HEADRACE_KAFKA_FENCED: {
    sentence: 'The transactional id of a partition has a newer epoch.',
    canRetry: true,
    exitCode: 1,
    remedy: 'Nothing: the task finds out whether it still owns the partition.',
  },
  HEADRACE_HTTP_PORT_IN_USE: {
    sentence: 'The port for /metrics, /livez and /readyz is taken by another process.',
    canRetry: false,
    exitCode: 1,
    remedy: 'Set `http.port` to a free port (`--set http.port=9465`), or to 0 for any free one.',
  },
  HEADRACE_HTTP_LISTEN: {
    sentence: 'The HTTP server cannot listen on the configured address.',
    canRetry: false,
    exitCode: 1,
    remedy: 'Set `http.host` to an address of this machine and `http.port` to one you may use.',
  },
  HEADRACE_BENCH_FAILED: {
    sentence: 'A bench of the service could not be measured.',
    canRetry: true,
    exitCode: 1,
    remedy: 'Look at what the service has logged; a machine that is busy may need another attempt.',
  },
  HEADRACE_INPUT_UNREADABLE: {
    sentence: 'A file, the standard input or a sample of a topic cannot be read as records.',
    canRetry: false,
    exitCode: 2,
    remedy: 'Check the path, the permissions, that the file is whole, and `--format`.',
  },
  HEADRACE_OUTPUT_UNWRITABLE: {
    sentence: 'A file that a command was asked to write cannot be written.',
    canRetry: false,
    exitCode: 1,
    remedy: 'Check the path, the permissions and the space that is left.',
  },
  HEADRACE_STATE_MISSING: {
    sentence: 'No snapshot was sealed yet, so there is no state to export.',
    canRetry: true,
    exitCode: 1,
    remedy: 'Wait for the first snapshot, or end the service by SIGTERM: it seals one.',
  },
  HEADRACE_STATE_INVALID: {
    sentence: 'A file with an exported state is damaged, or is something else.',
    canRetry: false,
    exitCode: 1,
    remedy: 'Export the state again with `headrace inspect --export`, or use another copy.',
  },
  HEADRACE_INPUT_COLUMNS: {
    sentence: 'The input lacks a field that the configuration names.',
    canRetry: false,
    exitCode: 78,
    remedy:
      'Correct the name in `task` or `input`, or name the columns of a file without a header row ' +
      'by `input.columns`.',
  },
  HEADRACE_KERNEL_MISSING: {
    sentence: 'The WebAssembly kernel is not where the program expects it, or is damaged.',
    canRetry: false,
    exitCode: 78,
    remedy: 'In a checkout run `node scripts/prepare.js`; else install the package again.',
  },
  HEADRACE_MODEL_TOO_LARGE: {
    sentence: 'The model does not fit into the memory of its kernel.',
    canRetry: false,
    exitCode: 78,
    remedy:
      'Lower `model.hidden`, `model.layers` or `model.window`, or name fewer ' +
      '`model.learningRates`, `task.targets` or `task.horizons`.',
  },
  HEADRACE_RECORD_NULL_VALUE: {
    sentence: 'The record has no value.',
    canRetry: false,
    exitCode: 0,
    remedy: 'Do not write tombstones to an input topic: a model cannot forget a single record.',
  },
  HEADRACE_RECORD_UNDECODABLE: {
    sentence: 'The value is not valid UTF-8, or not one value of the configured format.',
    canRetry: false,
    exitCode: 0,
    remedy: 'Check `input.format` and what the producer writes.',
  },
  HEADRACE_RECORD_NOT_AN_OBJECT: {
    sentence: 'The value is JSON, but not an object.',
    canRetry: false,
    exitCode: 0,
    remedy: 'Write one JSON object per record, with the fields at its top level.',
  },
  HEADRACE_RECORD_COLUMNS: {
    sentence: 'The CSV line has another number of cells than there are columns.',
    canRetry: false,
    exitCode: 0,
    remedy: 'Check `input.columns`, and that the producer quotes cells that contain commas.',
  },
  HEADRACE_RECORD_WRONG_TYPE: {
    sentence: 'A field that must be a number, or a name, is something else.',
    canRetry: false,
    exitCode: 0,
    remedy:
      'Write numbers without quotes in JSON, names as text, number or boolean; leave out, or set ' +
      'to null, what is missing.',
  },
  HEADRACE_RECORD_NAME_TOO_LONG: {
    sentence: 'A symbol, category, class or identifier has more than 1,024 bytes.',
    canRetry: false,
    exitCode: 0,
    remedy: 'Use names, not documents; the bytes of a text of any length: `task.alphabet: bytes`.',
  },
  HEADRACE_RECORD_NOT_FINITE: {
    sentence: 'A number is NaN or infinite.',
    canRetry: false,
    exitCode: 0,
    remedy: 'Leave out, or set to null, what is missing.',
  },
  HEADRACE_RECORD_OUT_OF_RANGE: {
    sentence: 'A number lies beyond ± 1e15.',
    canRetry: false,
    exitCode: 0,
    remedy: 'Use another unit for the field.',
  },
  HEADRACE_RECORD_KEY_MISSING: {
    sentence: 'The field `input.key` is absent, null, or neither a string nor a number.',
    canRetry: false,
    exitCode: 0,
    remedy: 'Check `input.key`; without it the key of the record names the sequence.',
  },
  HEADRACE_RECORD_KEY_TOO_LONG: {
    sentence: 'The key has more than 8,192 bytes.',
    canRetry: false,
    exitCode: 0,
    remedy: 'Use an identifier as the key, not a document.',
  },
  HEADRACE_RECORD_TIME_INVALID: {
    sentence: 'The field `input.time` is absent or not a time.',
    canRetry: false,
    exitCode: 0,
    remedy: 'Write ISO 8601 or epoch milliseconds; without `input.time` the timestamp counts.',
  },
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof errorTable

/** A failure with a code of the table; the message says what happened, where, and what to do. */
export class HeadraceError extends Error {
  override name = 'HeadraceError'
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }

  get canRetry(): boolean {
    return errorTable[this.code].canRetry
  }

  get exitCode(): number {
    return errorTable[this.code].exitCode
  }
}
