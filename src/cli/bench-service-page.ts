/** What the figures of the service are, by the first words of a section's title. */
export const serviceExplanations: readonly (readonly [title: string, text: string])[] = [
  [
    'The service: a backlog',
    'Processes of `headrace run` and the Kafka that they talk to share the cores of this machine ' +
      'with the bench that measures them: these figures vary more than the others, and a machine ' +
      'of its own for the broker gives better ones. Here a backlog of small JSON records on one ' +
      'partition, one GRU 32 unless the portfolio is full, diagnostics and all else as by ' +
      'default, exactly-once: records a second between two commits well inside, against ' +
      '`headrace replay` of the same records from a file, in a process of its own that has ' +
      'warmed up on all of them before. In turn; the share is the median over rounds.',
  ],
  [
    'The service: a restore without a snapshot',
    'What a restart replays in the worst case: a service that has learnt a whole topic and took ' +
      'no snapshot is killed and started again; records a second from its fence until the ' +
      'partition runs, against `headrace replay` of the same topic. Both read it from Kafka, ' +
      'both in a new process, in turn; the share is the median over rounds.',
  ],
  [
    'The service: from event to prediction',
    'Events one by one at a steady rate: from right before each is handed to a producer until ' +
      'its prediction is readable by an independent read_committed reader. The target is the ' +
      'commit interval + 40 ms, beyond it + 20 ms.',
  ],
  [
    'The service: how long there is no prediction',
    'Seconds without a new prediction for a read_committed reader. After kill -9, from the kill ' +
      'to the first prediction of the next incarnation, with a backlog and a group session of ' +
      '6 s (`kafka.sessionTimeoutMs`), which no successor can shorten. A stalled commit: a ' +
      'proxy holds back every answer that a transaction needs, for 18 s where ' +
      '`kafka.transactionTimeoutMs` is 6 s, and lets fetches and heartbeats pass; counted from ' +
      'the end of the stall. A rolling restart, with 500 records/s: the longest gap of any ' +
      'partition from SIGTERM until both processes have served for a while again.',
  ],
  [
    'The service: nothing to do',
    'Processor time of all threads of a service that has learnt 1,000 records from each ' +
      'partition and to which nothing comes: heartbeats, empty fetches, timers.',
  ],
]

/** The form of the rows of `--json`, an example of each. */
export const serviceRows = `{"bench": "service-backlog", "kernel": "wasm", "portfolio": "network",
 "sequences": 1, "fields": 3, "records": 250000, "rounds": 3, "recordsPerSecond": 70000,
 "replayRecordsPerSecond": 100000, "share": 0.7, "reach": 0.6, "beyond": 0.8}
{"bench": "service-restore", "kernel": "wasm", "sequences": 1, "records": 400000, "rounds": 3,
 "recordsPerSecond": 100000, "replayRecordsPerSecond": 101000, "share": 0.99, "reach": 0.95}
{"bench": "service-latency", "kernel": "wasm", "producedPerSecond": 500, "records": 10000,
 "commitIntervalMs": 100, "p50Ms": 61.0, "p95Ms": 108.0, "p99Ms": 112.0, "reachMs": 140,
 "beyondMs": 120}
{"bench": "service-pause", "kernel": "wasm", "cause": "kill-takeover", "processes": 2,
 "partitions": 1, "repeats": 5, "medianMs": 7100, "worstMs": 7900, "reachMs": 10000,
 "beyondMs": 8000}
{"bench": "service-idle", "kernel": "wasm", "partitions": 1, "seconds": 20.0, "coreShare": 0.01,
 "reach": 0.02, "beyond": 0.01}`
