import { expect, test } from 'vitest'
import { EngineView } from '../../../../src/task/page/engine-view.ts'
import { type SequenceList, SequenceSearch } from '../../../../src/task/page/search.ts'
import { VirtualTime } from '../support/virtual-time.ts'

test('passes over an engine that goes before its turn, without waiting for it', async () => {
  const time = new VirtualTime()
  const search = new SequenceSearch(time)
  const asked: number[] = []
  const views = [0, 1, 2].map((partition) => {
    const send = (): void => void asked.push(partition)
    return new EngineView(partition, { send, close: () => {} })
  }) as [EngineView, EngineView, EngineView]
  const [first, second, third] = views
  let list: SequenceList | null = null
  void search
    .run(() => views, '', 10)
    .then((found) => {
      list = found
    })
  await time.until('the first question', () => asked.length === 1)
  second.isClosed = true
  search.closed(second)
  search.answered(first, 0, { names: ['a'], isCut: false })
  await time.until('the next question', () => asked.length === 2)
  search.answered(third, 1, { names: ['b'], isCut: false })
  await time.until('the list', () => list !== null)
  expect(asked).toEqual([0, 2])
  expect(time.monotonicMs()).toBeLessThan(3_000)
  const sequences = [
    { partition: 0, sequence: 'a' },
    { partition: 2, sequence: 'b' },
  ]
  expect(list).toEqual({ sequences, isCut: true })
})
