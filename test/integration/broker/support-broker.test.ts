import { afterAll, expect, test } from 'vitest'
import {
  createTopic,
  deleteTopics,
  produce,
  produceTransaction,
  readCount,
  readToEnd,
  readUntil,
  uniqueName,
} from '../support/broker.ts'

const topic = uniqueName('support')

afterAll(() => deleteTopics([topic]))

test('a reader sees the committed records alone, in order, up to the end', async () => {
  await createTopic(topic, 2)
  const plain = [0, 1, 2].map((i) => ({ partition: 0, key: 'k', value: `plain ${i}` }))
  await produce(topic, plain)
  await produceTransaction(topic, [{ partition: 0, value: 'kept', headers: { h: '1' } }], 'commit')
  await produceTransaction(topic, [{ partition: 0, value: 'dropped' }], 'abort')
  await produceTransaction(topic, [{ partition: 1, value: 'dropped' }], 'abort')

  const records = await readToEnd(topic)
  expect(records.map((record) => record.value)).toEqual(['plain 0', 'plain 1', 'plain 2', 'kept'])
  expect(records.map((record) => record.offset)).toEqual([0n, 1n, 2n, 3n])
  expect(records[3]).toMatchObject({ topic, partition: 0, key: null, headers: { h: '1' } })
  expect(await readCount(topic, 4)).toHaveLength(4)
})

test('a reader that waits in vain fails at its deadline and says what it has read', async () => {
  await expect(readUntil(topic, () => false, 1_500)).rejects.toThrow(
    `${topic}: not within 1500 ms: the awaited records (4 committed records read)`,
  )
})
