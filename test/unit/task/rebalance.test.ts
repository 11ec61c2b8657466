import { expect, test } from 'vitest'
import type { BareRequest, Engines } from '../../../src/task/engine/engines.ts'
import { FakeProcessor } from './support/fake-processor.ts'
import { feed } from './support/feed.ts'
import { World } from './support/world.ts'

/** Engines that hear nothing from `begin` on before they are released: they check a large state. */
function slowToBegin(engines: Engines): { engines: Engines; isHeld(): boolean; release(): void } {
  const held: (() => void)[] = []
  let isOver = false
  let isHeld = false
  return {
    engines: {
      open(partition, listener) {
        const link = engines.open(partition, listener)
        const send = (request: BareRequest, transfer?: ArrayBuffer[]): void => {
          isHeld ||= request.type === 'begin'
          if (isHeld && !isOver) held.push(() => link.send(request, transfer))
          else link.send(request, transfer)
        }
        return { send, close: () => link.close() }
      },
      close: () => engines.close(),
    },
    isHeld: () => isHeld,
    release() {
      isOver = true
      for (const send of held.splice(0)) send()
    },
  }
}

test('a rebalance while the engine begins does not make the queue boundless', async () => {
  const world = new World()
  const total = feed(world, 200)
  const slow: ReturnType<typeof slowToBegin>[] = []
  const process = world.start({
    queueBounds: { highRecords: 50, highBytes: 1_000_000 },
    createProcessor: () => new FakeProcessor('', () => world.time.advance(5)),
    wrapEngines: (engines) => {
      const held = slowToBegin(engines)
      slow.push(held)
      return held.engines
    },
  })
  await world.time.until('the begin', () => slow[0]?.isHeld() ?? false)
  world.group.rebalance()
  await world.time.pass(1_000)
  slow[0]?.release()
  let most = 0
  await world.time.until('all outputs', () => {
    most = Math.max(most, process.service.tasks()[0]?.queuedRecords ?? 0)
    return world.published() === total
  })
  // The mark, and the batch that crossed it.
  expect(most).toBeLessThanOrEqual(50 + 7)
  await world.stop(process)
})

test('a rebalance while a stopping process waits for a broker is no defect', async () => {
  const world = new World()
  feed(world, 4)
  const hold = Promise.withResolvers<void>()
  let isHeld = false
  const process = world.start({
    atCall: (_index, name) => (isHeld && name === 'end' ? hold.promise : undefined),
  })
  await world.time.until('some outputs', () => world.published() > 0)
  isHeld = true
  const stopped = process.service.stop()
  await world.time.until('the tasks to be dropped', () => process.service.tasks().length === 0)
  world.group.rebalance()
  await world.time.pass(10)
  hold.resolve()
  let isOver = false
  void stopped.then(() => {
    isOver = true
  })
  await world.time.until('the end', () => isOver)
  expect(process.lines.map(({ event }) => event)).not.toContain('service.failed-stopping')
})
