/** The dashboards by their addresses, which links name. */
export const uids = {
  overview: 'headrace-overview',
  learning: 'headrace-learning',
  kafkaAndState: 'headrace-kafka-and-state',
  process: 'headrace-process',
} as const
