import { expect, test } from 'vitest'
import { aclCommand, neededAcls } from '../../../src/kafka/acls.ts'
import { topicNames } from '../../../src/kafka/topics.ts'

const topics = topicNames({ name: 'taxi', input: { topic: 'rides' } })

test('topicNames names four topics, and fails without an input', () => {
  expect(topics).toEqual({
    input: 'rides',
    predictions: 'taxi.predictions',
    deadLetters: 'taxi.dead-letters',
    changelog: 'taxi.changelog',
  })
  expect(() => topicNames({ name: 'taxi', input: {} as { topic: string } })).toThrow(/input\.topic/)
})

test('the service may read the input and write its own topics, not the other way round', () => {
  const rights = neededAcls('taxi', topics).filter((acl) => acl.for === 'run')
  const of = (name: string) => rights.find((acl) => acl.name === name)?.operations
  expect(of('rides')).toEqual(['Read', 'DescribeConfigs'])
  expect(of('taxi.predictions')).toContain('Write')
  expect(of('taxi.dead-letters')).not.toContain('Read')
  expect(of('taxi.changelog')).toEqual(['Read', 'Write', 'DescribeConfigs'])
  expect(rights.some(({ operations }) => operations.includes('Create'))).toBe(false)
})

test('transactional ids are granted by their prefix', () => {
  const acl = neededAcls('taxi', topics).find(({ resource }) => resource === 'transactional-id')
  if (acl === undefined) throw new Error('absent')
  expect(aclCommand(acl, 'one:9092', 'User:alice')).toBe(
    'kafka-acls.sh --bootstrap-server one:9092 --add --allow-principal User:alice' +
      ' --operation Write --operation Describe --transactional-id taxi.rides.' +
      ' --resource-pattern-type prefixed',
  )
})
