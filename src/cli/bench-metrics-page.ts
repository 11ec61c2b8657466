/** What the figures on watching are, by the first words of a section's title. */
export const metricsExplanations: readonly (readonly [title: string, text: string])[] = [
  [
    'Watching a service: what it costs',
    'One partition of small JSON records through worker thread, transactions and the in-process ' +
      'log, in a process of its own. Watched: all metrics and a scrape a second, against a ' +
      'service without metrics and HTTP, whose model tells nothing of how it learns; or the ' +
      'stream of one live page, against a service without, who has it in turn. Every pair is new ' +
      'processes. Both at the same time at a steady rate: processor time of the whole process ' +
      'for one record, and what being watched costs of the records that the same time is good ' +
      'for; a backlog in turn: the same of its records a second. A cost is the median over the ' +
      'pairs; between its bounds the true median lies with 95 %. Whether the target is reached ' +
      'goes by the processor time, which is the steadier one. One network, and no Kafka: a ' +
      'record costs the least, so the shares are at their largest.',
  ],
  [
    'Watching a service: one scrape',
    'From the request to the last byte, of a service with the whole portfolio (3 learning rates, ' +
      '1 target, 2 horizons, 2 seasons, 2 intervals) while records come.',
  ],
]

/** The form of the rows of `--json`, an example of each. */
export const metricsRows = `{"bench": "metrics-overhead", "kernel": "wasm", "what": "metrics",
 "portfolio": "network", "sequences": 64, "pairs": 8, "turns": 6, "recordsPerSecond": 20000,
 "microseconds": 20.1, "plainMicroseconds": 19.8, "backlogPerSecond": 70000,
 "plainBacklogPerSecond": 71000, "processorLoss": 0.015, "processorFrom": 0.005,
 "processorTo": 0.025, "backlogLoss": 0.014, "backlogFrom": 0.004, "backlogTo": 0.024,
 "reach": 0.03}
{"bench": "metrics-scrape", "kernel": "wasm", "tasks": 8, "recordsPerSecond": 1000,
 "series": 1600, "bytes": 170000, "scrapes": 50, "medianMs": 6.0, "worstMs": 12.0,
 "reachMs": 20, "reachBytes": 200000}`
