import { describe, expect, test } from 'vitest'
import { remedyCommands } from '../../../src/kafka/topic-commands.ts'
import { type TopicRole, topicRemarks } from '../../../src/kafka/topic-explain.ts'
import { topicSettings } from '../../../src/kafka/topics.ts'

const usual = { 'min.insync.replicas': '2', 'max.message.bytes': '1048588' }
const created: Readonly<Record<TopicRole, Readonly<Record<string, string>>>> = {
  ...topicSettings,
  input: { 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '-1' },
}

function remarksOn(
  role: TopicRole,
  settings: Readonly<Record<string, string>> = {},
  { replicas = 3, brokers = 3, partitions = 4 } = {},
) {
  const facts = { partitions, replicas, settings: { ...usual, ...created[role], ...settings } }
  return topicRemarks(role, facts, { partitions: 4, brokers })
}

const brief = (remarks: ReturnType<typeof remarksOn>) =>
  remarks.map(({ level, setting, present, wanted }) => [level, setting, present, wanted])

describe('topicRemarks', () => {
  test.each(['input', 'predictions', 'deadLetters', 'changelog'] as const)(
    'has nothing to say of a safe %s as it is created',
    (role) => {
      expect(remarksOn(role)).toEqual([])
    },
  )

  test.each([
    [{ replicas: 1 }, '1', ['warning', 'replication.factor', '1', '3']],
    [{ replicas: 1, brokers: 2 }, '1', ['warning', 'replication.factor', '1', '2']],
    [{ replicas: 1, brokers: 1 }, '1', ['note', 'replication.factor', '1', null]],
    [{ replicas: 3 }, '1', ['warning', 'min.insync.replicas', '1', '2']],
    [{ replicas: 3 }, '3', ['warning', 'min.insync.replicas', '3', '2']],
    [{ replicas: 2 }, '2', ['warning', 'min.insync.replicas', '2', null]],
  ])('copies: %j with min.insync.replicas %s', (cluster, inSync, expected) => {
    const remarks = remarksOn('changelog', { 'min.insync.replicas': inSync }, cluster)
    expect(brief(remarks)).toEqual([expected])
  })

  test('an unclean election may lose what was acknowledged', () => {
    const remarks = remarksOn('input', { 'unclean.leader.election.enable': 'true' })
    expect(brief(remarks)).toEqual([['warning', 'unclean.leader.election.enable', 'true', 'false']])
  })

  test("the input's retention is a limit on every restore", () => {
    const week = remarksOn('input', { 'retention.ms': String(7 * 24 * 3_600_000) })
    expect(brief(week)).toEqual([['note', 'retention.ms', '604800000', null]])
    expect(week[0]?.why).toMatch(/kept for 7 days: records must stay until a snapshot lies behind/)
    const bytes = remarksOn('input', { 'retention.bytes': '1000000' })
    expect(brief(bytes)).toEqual([['warning', 'retention.bytes', '1000000', '-1']])
  })

  test('what run refuses comes first; a changelog may differ within bounds', () => {
    const settings = { 'cleanup.policy': 'delete', 'segment.bytes': '1073741824' }
    expect(brief(remarksOn('changelog', settings, { partitions: 3 }))).toEqual([
      ['refused', 'partitions', '3', '4'],
      ['refused', 'cleanup.policy', 'delete', 'compact'],
      ['warning', 'segment.bytes', '1073741824', '33554432'],
    ])
    expect(remarksOn('changelog', { 'segment.bytes': '16777216' })).toEqual([])
    expect(brief(remarksOn('input', { 'cleanup.policy': 'compact' }))).toEqual([
      ['refused', 'cleanup.policy', 'compact', 'delete'],
    ])
  })
})

describe('remedyCommands', () => {
  test('one command for all settings, one for partitions, none for notes', () => {
    const settings = { 'message.timestamp.type': 'CreateTime', 'min.insync.replicas': '1' }
    const remarks = remarksOn('predictions', settings, { partitions: 2 })
    expect(remedyCommands('taxi.predictions', remarks, 'b:9092')).toEqual([
      'kafka-topics.sh --bootstrap-server b:9092 --alter --topic taxi.predictions --partitions 4',
      'kafka-configs.sh --bootstrap-server b:9092 --alter --entity-type topics ' +
        '--entity-name taxi.predictions ' +
        '--add-config message.timestamp.type=LogAppendTime,min.insync.replicas=2',
    ])
    const note = remarksOn('input', { 'retention.ms': '604800000' }, { replicas: 1, brokers: 1 })
    expect(note).toHaveLength(2)
    expect(remedyCommands('rides', note, 'b:9092')).toEqual([])
  })

  test('partitions cannot be taken away, copies cannot be added by a setting', () => {
    const remarks = remarksOn('predictions', {}, { partitions: 6, replicas: 1 })
    expect(remarks).toHaveLength(2)
    expect(remedyCommands('taxi.predictions', remarks, 'b:9092')).toEqual([])
  })
})
