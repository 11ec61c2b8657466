import { describe, expect, test } from 'vitest'
import { checkTopics } from '../../../src/kafka/check.ts'
import { createTopics, deleteTopics, withAdmin } from '../../../src/kafka/topics.ts'
import { createTopic } from '../support/broker.ts'
import { application, createApplication } from './setup.ts'

const logAppend = { 'message.timestamp.type': 'LogAppendTime' }
const compacted = {
  'cleanup.policy': 'compact',
  'segment.bytes': String(16 * 1024 * 1024),
  'min.cleanable.dirty.ratio': '0.3',
  'delete.retention.ms': String(7 * 24 * 3600 * 1000),
}

describe('createTopics', () => {
  test('creates what is missing with as many partitions as the input has, once', async () => {
    const app = application()
    const { input, predictions, deadLetters, changelog } = app.topics
    await createTopic(input, 3)
    const create = () => withAdmin(app.kafka, (admin) => createTopics(admin, app.config))
    expect(await create()).toEqual([predictions, deadLetters, changelog])
    expect(await create()).toEqual([])
    expect(await checkTopics(app.config)).toEqual({ problems: [], warnings: [], partitions: 3 })
  })

  test('does not create the input unless it is told how many partitions', async () => {
    const app = application()
    const creating = withAdmin(app.kafka, (admin) => createTopics(admin, app.config))
    await expect(creating).rejects.toMatchObject({
      code: 'HEADRACE_KAFKA_TOPIC_MISSING',
      message: expect.stringContaining('--create-input'),
    })
    const created = await withAdmin(app.kafka, (admin) =>
      createTopics(admin, app.config, { inputPartitions: 2 }),
    )
    expect(created).toEqual(Object.values(app.topics))
  })

  test('deleteTopics deletes those that exist', async () => {
    const app = await createApplication()
    const { input, predictions } = app.topics
    const deleted = await withAdmin(app.kafka, (admin) =>
      deleteTopics(admin, [input, 'never-there', predictions]),
    )
    expect(deleted).toEqual([input, predictions])
    await expect(checkTopics(app.config)).rejects.toMatchObject({
      code: 'HEADRACE_KAFKA_TOPIC_MISSING',
    })
  })
})

describe('checkTopics', () => {
  test('names every missing topic and the command that creates it', async () => {
    const app = application()
    await createTopic(app.topics.input)
    await createTopic(app.topics.changelog, 1, compacted)
    await expect(checkTopics(app.config)).rejects.toMatchObject({
      code: 'HEADRACE_KAFKA_TOPIC_MISSING',
      exitCode: 69,
      message: expect.stringMatching(
        new RegExp(`${app.topics.predictions}, ${app.topics.deadLetters}.*headrace topics`),
      ),
    })
  })

  test('refuses another number of partitions', async () => {
    const app = application()
    await createTopic(app.topics.input, 3)
    await createTopic(app.topics.predictions, 2, logAppend)
    await createTopic(app.topics.deadLetters, 3, logAppend)
    await createTopic(app.topics.changelog, 3, compacted)
    const { problems, warnings } = await checkTopics(app.config)
    expect(problems).toEqual([
      expect.stringMatching(new RegExp(`${app.topics.predictions} has 2 partitions.*has 3`)),
    ])
    expect(warnings).toEqual([])
  })

  test.each(['compact', 'compact,delete'])(
    'refuses an input with cleanup.policy=%s',
    async (policy) => {
      const app = application()
      await createTopic(app.topics.input, 1, { 'cleanup.policy': policy })
      await withAdmin(app.kafka, (admin) => createTopics(admin, app.config))
      const { problems } = await checkTopics(app.config)
      expect(problems).toEqual([expect.stringMatching(/input topic .* is compacted/)])
    },
  )

  test.each(['delete', 'compact,delete'])(
    'refuses a changelog with cleanup.policy=%s',
    async (policy) => {
      const app = application()
      await createTopic(app.topics.input)
      await createTopic(app.topics.changelog, 1, { ...compacted, 'cleanup.policy': policy })
      await withAdmin(app.kafka, (admin) => createTopics(admin, app.config))
      const { problems } = await checkTopics(app.config)
      expect(problems).toEqual([expect.stringMatching(/changelog .* must be exactly compact/)])
    },
  )

  test('warns once for each topic that differs otherwise', async () => {
    const app = application()
    await createTopic(app.topics.input)
    await createTopic(app.topics.predictions)
    await createTopic(app.topics.deadLetters, 1, { ...logAppend, 'cleanup.policy': 'compact' })
    await createTopic(app.topics.changelog, 1, { 'cleanup.policy': 'compact' })
    const { problems, warnings } = await checkTopics(app.config)
    expect(problems).toEqual([])
    const { predictions } = app.topics
    expect(warnings).toEqual([
      `Topic ${predictions} has message.timestamp.type=CreateTime instead of LogAppendTime.`,
      `Topic ${app.topics.deadLetters} has cleanup.policy=compact instead of delete.`,
      expect.stringMatching(/segment\.bytes=1073741824 .*min\.cleanable\.dirty\.ratio=0\.5/),
    ])
  })
})
