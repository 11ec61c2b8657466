import type { OutputRecord } from '../../../../src/task/ports.ts'
import type { World } from './world.ts'

/** Input record `index`: every ninth is a dead letter, every tenth has no key, one has no value. */
export function input(index: number): OutputRecord {
  const isBad = index % 9 === 4
  return {
    key: index % 10 === 3 ? null : Buffer.from(`key-${index % 3}`),
    value: index === 14 ? null : Buffer.from(`${isBad ? 'bad' : 'good'}-${index}`),
  }
}

/**
 * Produces `waves` × 12 records over time, some of them in transactions, with aborted records and
 * markers between them. Returns the number of records that count.
 */
export function feed(world: World, waves: number, partition = 0, everyMs = 70): number {
  const wave = (number: number): void => {
    const records = Array.from({ length: 12 }, (_, i) => input(number * 12 + i))
    if (number % 3 === 1) {
      world.log.produceTransaction(partition, records.slice(0, 5), 'committed')
      world.log.produceTransaction(partition, [input(-1), input(-2)], 'aborted')
      world.log.produce(partition, records.slice(5))
    } else {
      world.log.produce(partition, records)
    }
    if (number % 3 === 2) world.log.produceTransaction(partition, [input(-3)], 'aborted')
  }
  for (let number = 0; number < waves; number++) {
    world.time.after(number * everyMs, () => wave(number))
  }
  return waves * 12
}
