export interface Endpoints {
  /** Where the broker listens for clients, as host:port. */
  readonly listener: string
  /** What it tells clients to connect to, as host:port. */
  readonly advertised: string
  /** Where its controller listens, as host:port. */
  readonly controller: string
}

/**
 * Properties of a single node that is broker and controller: small internal topics, no wait before
 * a group's first assignment, sessions down to a second for tests that kill. Everything else stays
 * as users have it, the record size of 1 MB and the absence of topics nobody created included.
 */
export function brokerProperties(
  endpoints: Endpoints,
  overrides: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@${endpoints.controller}`,
    listeners: `PLAINTEXT://${endpoints.listener},CONTROLLER://${endpoints.controller}`,
    'advertised.listeners': `PLAINTEXT://${endpoints.advertised}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    'auto.create.topics.enable': 'false',
    // The default of 128 MB would be a third of the heap.
    'log.cleaner.dedupe.buffer.size': '16777216',
    ...overrides,
  }
}

/** The text of a properties file. */
export function propertiesText(properties: Readonly<Record<string, string>>): string {
  const lines = Object.entries(properties).map(
    ([name, value]) => `${name}=${value.replaceAll('\\', '\\\\')}`,
  )
  return `${lines.join('\n')}\n`
}

/** The same properties as the environment variables that the apache/kafka image reads. */
export function propertiesEnvironment(
  properties: Readonly<Record<string, string>>,
): Record<string, string> {
  const variable = (name: string): string =>
    `KAFKA_${name.replaceAll('_', '__').replaceAll('-', '___').replaceAll('.', '_').toUpperCase()}`
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [variable(name), value]),
  )
}
