import { expect, test } from 'vitest'
import { RetentionWatch } from '../../../src/task/retention-watch.ts'
import { VirtualTime } from './support/virtual-time.ts'

const everyMs = 30_000

function setUp(offsets: { cut: bigint; position: bigint; start: bigint }) {
  const time = new VirtualTime()
  const range: { start: bigint; end: bigint; error: Error | null; asked: number } = {
    start: 0n,
    end: 100n,
    error: null,
    asked: 0,
  }
  const told: string[] = []
  const watch = new RetentionWatch({
    partition: 2,
    positions: {
      async inputRange(partition) {
        expect(partition).toBe(2)
        range.asked++
        if (range.error !== null) throw range.error
        return range
      },
      inputOffsetAt: async () => 0n,
      groupOffset: async () => null,
      hasPredictions: async () => false,
    },
    scheduler: time,
    offsets: () => offsets,
    onNear: () => void told.push('near'),
    onUnknown: (error) => void told.push(error.message),
  })
  return { time, range, told, watch }
}

test('the start of the log that comes nearer to the cut than the cut is to the task', async () => {
  const { time, range, told } = setUp({ cut: 50n, position: 80n, start: 0n })
  range.start = 20n
  await time.pass(everyMs + 10)
  expect([range.asked, told]).toEqual([1, []])
  range.start = 21n
  await time.pass(everyMs)
  expect([range.asked, told]).toEqual([2, ['near']])
})

test('before the first record has expired there is no hurry, however near the cut', async () => {
  const { time, range, told } = setUp({ cut: 10n, position: 80n, start: 10n })
  range.start = 10n
  await time.pass(everyMs + 10)
  expect(told).toEqual([])
})

test('where it cannot be asked, it is asked again, and never after the end', async () => {
  const { time, range, told, watch } = setUp({ cut: 50n, position: 80n, start: 0n })
  range.error = new Error('no answer')
  range.start = 40n
  await time.pass(everyMs + 10)
  range.error = null
  await time.pass(everyMs)
  expect(told).toEqual(['no answer', 'near'])
  watch.close()
  await time.pass(5 * everyMs)
  expect(range.asked).toBe(2)
})
