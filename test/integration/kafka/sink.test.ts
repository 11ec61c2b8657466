import { describe, expect, test } from 'vitest'
import { AssertionError } from '../../../src/assert.ts'
import { produce, readCount, readToEnd, until, withAdmin } from '../support/broker.ts'
import { type Application, createApplication, output, outputs, range } from './setup.ts'

async function groupOffset(app: Application, partition = 0): Promise<string | undefined> {
  const offsets = await withAdmin((admin) =>
    admin.fetchOffsets({ groupId: app.name, topics: [app.topics.input] }),
  )
  return offsets[0]?.partitions.find((entry) => entry.partition === partition)?.offset
}

describe('a writer', () => {
  test('makes predictions, dead letters, changelog and offset visible together', async () => {
    const app = await createApplication(2)
    await produce(
      app.topics.input,
      range(7).map((value) => ({ partition: 1, value })),
    )
    const writer = await app.sink().open(1)
    const first = await writer.commit(
      outputs({
        predictions: range(3, 'p').map((value) => output('key', value)),
        deadLetters: [
          {
            ...output('bad', null),
            headers: { code: 'HEADRACE_RECORD_X', bytes: Buffer.from('7') },
          },
        ],
        changelog: [output('state', 's'), output('commit', 'c1')],
        nextOffset: 4n,
      }),
    )
    const second = await writer.commit(
      outputs({ changelog: [output('commit', 'c2')], nextOffset: 7n }),
    )
    await writer.close()
    const predictions = await readCount(app.topics.predictions, 3)
    expect(predictions.map(({ value }) => value)).toEqual(range(3, 'p'))
    expect(predictions.every(({ partition, key }) => partition === 1 && key === 'key')).toBe(true)
    const [letter] = await readCount(app.topics.deadLetters, 1)
    expect(letter).toMatchObject({
      partition: 1,
      key: 'bad',
      value: null,
      headers: { code: 'HEADRACE_RECORD_X', bytes: '7' },
    })
    const changelog = await readCount(app.topics.changelog, 3)
    expect(changelog.map(({ value }) => value)).toEqual(['s', 'c1', 'c2'])
    expect(first.changelogOffset).toBe(changelog[0]?.offset)
    expect(second.changelogOffset).toBe(changelog[2]?.offset)
    expect(await groupOffset(app, 1)).toBe('7')
  })

  test('writes more than a send takes: several megabytes and thousands of records', async () => {
    const app = await createApplication()
    const writer = await app.sink().open(0)
    const large = 'x'.repeat(400_000)
    await writer.commit(
      outputs({
        predictions: range(2500, 'p').map((value) => output('k', value)),
        deadLetters: range(8).map((value) => output('k', `${value}${large}`)),
        changelog: [output('commit', 'c')],
      }),
    )
    await writer.close()
    // The broker answers before the markers that make it visible are in every partition.
    await until('the dead letters', async () => {
      return (await readToEnd(app.topics.deadLetters)).length === 8
    })
    await until('the predictions', async () => {
      return (await readToEnd(app.topics.predictions)).length === 2500
    })
    expect((await readToEnd(app.topics.predictions)).map(({ value }) => value)).toEqual(
      range(2500, 'p'),
    )
  })

  test('shows nothing of a transaction that does not come to its end', async () => {
    const app = await createApplication()
    const writer = await app.sink().open(0)
    await writer.commit(outputs({ changelog: [output('commit', 'c1')], nextOffset: 1n }))
    const tooLarge = 'x'.repeat(2_000_000)
    const failing = writer.commit(
      outputs({
        predictions: [output('k', 'invisible')],
        changelog: [output('commit', tooLarge)],
        nextOffset: 2n,
      }),
    )
    await expect(failing).rejects.toMatchObject({ code: 'HEADRACE_KAFKA_TOO_LARGE' })
    await writer.close()
    // The next writer ends what this one has left open.
    const next = await app.sink().open(0)
    await next.commit(outputs({ changelog: [output('commit', 'c2')] }))
    await next.close()
    expect(await readToEnd(app.topics.predictions)).toEqual([])
    expect((await readToEnd(app.topics.changelog)).map(({ value }) => value)).toEqual(['c1', 'c2'])
    expect(await groupOffset(app)).toBe('1')
  })

  test('is spent after a rejection', async () => {
    const app = await createApplication()
    const writer = await app.sink().open(0)
    const tooLarge = output('k', 'x'.repeat(2_000_000))
    await expect(writer.commit(outputs({ predictions: [tooLarge] }))).rejects.toThrow()
    const again = writer.commit(outputs({ changelog: [output('commit', 'c')] }))
    await expect(again).rejects.toThrow(AssertionError)
    await writer.close()
  })

  test('takes one transaction at a time, and none without a record', async () => {
    const app = await createApplication()
    const writer = await app.sink().open(0)
    const first = writer.commit(outputs({ changelog: [output('commit', 'c1')] }))
    const second = writer.commit(outputs({ changelog: [output('commit', 'c2')] }))
    await expect(second).rejects.toThrow(AssertionError)
    await first
    await expect(writer.commit(outputs({ nextOffset: 1n }))).rejects.toThrow(AssertionError)
    await writer.close()
  })

  test('is fenced by the first transaction of its successor, not by its opening', async () => {
    const app = await createApplication()
    const old = await app.sink().open(0)
    await old.commit(outputs({ changelog: [output('commit', 'old 1')] }))
    const next = await app.sink().open(0)
    await old.commit(outputs({ changelog: [output('commit', 'old 2')] }))
    await next.commit(outputs({ changelog: [output('fence', 'new')] }))
    const zombie = old.commit(
      outputs({ predictions: [output('k', 'zombie')], changelog: [output('commit', 'old 3')] }),
    )
    await expect(zombie).rejects.toMatchObject({ code: 'HEADRACE_KAFKA_FENCED' })
    await next.commit(outputs({ changelog: [output('commit', 'new 1')] }))
    await old.close()
    await next.close()
    expect((await readToEnd(app.topics.changelog)).map(({ value }) => value)).toEqual([
      'old 1',
      'old 2',
      'new',
      'new 1',
    ])
    expect(await readToEnd(app.topics.predictions)).toEqual([])
  })

  test('for a partition that the output topics do not have is told so', async () => {
    const app = await createApplication(1)
    const writer = await app.sink().open(1)
    const beganMs = performance.now()
    await expect(
      writer.commit(outputs({ changelog: [output('fence', 'f')] })),
    ).rejects.toMatchObject({
      code: 'HEADRACE_KAFKA_TOPIC_UNSUITABLE',
      message: expect.stringMatching(`${app.topics.changelog} has no partition 1`),
    })
    expect(performance.now() - beganMs).toBeLessThan(5_000)
    await writer.close()
  })

  test('of another partition is not fenced', async () => {
    const app = await createApplication(2)
    const sink = app.sink()
    const [zero, one] = [await sink.open(0), await sink.open(1)]
    for (const value of range(3)) {
      await Promise.all([
        zero.commit(outputs({ changelog: [output('commit', value)] })),
        one.commit(outputs({ changelog: [output('commit', value)] })),
      ])
    }
    await zero.close()
    await one.close()
    await until('both partitions', async () => (await readToEnd(app.topics.changelog)).length === 6)
  })

  test('commits a hundred predictions in milliseconds', async () => {
    const app = await createApplication()
    const writer = await app.sink().open(0)
    const predictions = range(100, 'x'.repeat(300)).map((value) => output('k', value))
    const durationsMs: number[] = []
    for (let index = 0; index < 60; index++) {
      const startMs = performance.now()
      await writer.commit(
        outputs({ predictions, changelog: [output('commit', 'c')], nextOffset: BigInt(index) }),
      )
      durationsMs.push(performance.now() - startMs)
    }
    await writer.close()
    const median = durationsMs.toSorted((a, b) => a - b)[30] ?? Number.NaN
    // A wait of 20 ms for CONCURRENT_TRANSACTIONS after each commit would show.
    expect(median).toBeLessThan(50)
  })
})
