import { setTimeout as delay } from 'node:timers/promises'
import { ServiceRecords } from './records.ts'
import type { Stage, StageApp } from './stage.ts'

const sendRecords = 1000
const waitMs = 20
/** More than a service learns between two looks, and between a kill and what comes after it. */
const backlog = { low: 100_000, high: 200_000 }

/** Keeps a backlog in partition 0 of an application's input. */
export interface Feeder {
  /** Resolves when the backlog is full; nothing is produced from then on until `resume`. */
  pause(): Promise<void>
  resume(): void
  stop(): Promise<void>
}

/**
 * Produces until the backlog is full, then again whenever it is down to the half.
 * @param learnt records of the partition whose predictions have been read
 */
export async function startFeeder(
  stage: Stage,
  app: StageApp,
  learnt: () => number,
): Promise<Feeder> {
  const producer = await stage.cluster.producer(app.input)
  const records = new ServiceRecords()
  let produced = 0
  let isStopped = false
  let isPaused = false
  const isFull = () => produced - learnt() >= backlog.high
  const feed = async (): Promise<void> => {
    let isFilling = true
    while (!isStopped && !stage.options.signal.aborted) {
      if (!isPaused && (isFilling || produced - learnt() < backlog.low)) {
        await producer.send(0, records.take(sendRecords))
        produced += sendRecords
        isFilling = !isFull()
      } else {
        await delay(waitMs)
      }
    }
  }
  const fed = feed().catch((error: unknown) => stage.fail(error))
  const stop = stage.atEnd(async () => {
    isStopped = true
    await fed
    await producer.close()
  })
  return {
    stop,
    async pause() {
      await stage.until('a backlog', () => produced - learnt() >= backlog.low)
      isPaused = true
    },
    resume() {
      isPaused = false
    },
  }
}
