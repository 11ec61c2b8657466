import type { TopicNames } from './topics.ts'

/** Rights on one resource. */
export interface Acl {
  readonly resource: 'topic' | 'group' | 'transactional-id'
  readonly name: string
  readonly pattern: 'literal' | 'prefixed'
  readonly operations: readonly string[]
  /** Which command needs it, beyond those before: the service, `verify`, `topics`. */
  readonly for: 'run' | 'verify' | 'topics'
}

/** Everything that a user with no other rights needs. `Describe` comes with `Read` and `Write`. */
export function neededAcls(application: string, topics: TopicNames): Acl[] {
  const topic = (name: string, ...operations: string[]): Acl => ({
    resource: 'topic',
    name,
    pattern: 'literal',
    operations,
    for: 'run',
  })
  return [
    topic(topics.input, 'Read', 'DescribeConfigs'),
    topic(topics.predictions, 'Read', 'Write', 'DescribeConfigs'),
    topic(topics.deadLetters, 'Write', 'DescribeConfigs'),
    topic(topics.changelog, 'Read', 'Write', 'DescribeConfigs'),
    {
      resource: 'group',
      name: application,
      pattern: 'literal',
      operations: ['Read'],
      for: 'run',
    },
    {
      resource: 'transactional-id',
      name: `${application}.${topics.input}.`,
      pattern: 'prefixed',
      operations: ['Write', 'Describe'],
      for: 'run',
    },
    { ...topic(topics.deadLetters, 'Read'), for: 'verify' },
    {
      resource: 'topic',
      name: `${application}.`,
      pattern: 'prefixed',
      operations: ['Create', 'Delete'],
      for: 'topics',
    },
    {
      resource: 'group',
      name: application,
      pattern: 'literal',
      operations: ['Describe', 'Delete'],
      for: 'topics',
    },
  ]
}

/** The command of Kafka's own distribution that grants it. */
export function aclCommand(acl: Acl, server: string, principal: string): string {
  const operations = acl.operations.map((operation) => ` --operation ${operation}`).join('')
  const pattern = acl.pattern === 'literal' ? '' : ' --resource-pattern-type prefixed'
  return (
    `kafka-acls.sh --bootstrap-server ${server} --add --allow-principal ${principal}` +
    `${operations} --${acl.resource} ${acl.name}${pattern}`
  )
}
