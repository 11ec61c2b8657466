import { startFeeder } from './feeder.ts'
import { pauseRow } from './pause-row.ts'
import type { ServicePauseRow } from './rows.ts'
import type { Stage } from './stage.ts'
import { StallingProxy, transactionApis } from './stalling-proxy.ts'
import { watchPredictions } from './watch.ts'

/** Shorter than the default, so that the repeats fit into a minute. */
const transactionTimeoutMs = 6000
/** The brokers look for transactions that have timed out every ten seconds. */
const stallMs = transactionTimeoutMs + 12_000
const deadlineMs = 60_000

/**
 * The answers to everything that belongs to a transaction stall for longer than its time-out, while
 * fetches and heartbeats pass: how long after the stall's end new predictions are readable.
 */
export async function benchStall(stage: Stage): Promise<ServicePauseRow[]> {
  const proxy = await StallingProxy.listen(await stage.cluster.nodes())
  const closeProxy = stage.atEnd(() => proxy.close())
  const kafka = { brokers: proxy.addresses, transactionTimeoutMs }
  const app = await stage.createApp({ kafka })
  const watch = await watchPredictions(stage, app, 0)
  const feeder = await startFeeder(stage, app, () => watch.count)
  const processes = [stage.run(app)]
  await stage.serving(app, processes)
  const pausesMs: number[] = []
  for (let repeat = 0; repeat < stage.scale.stalls; repeat++) {
    const { count } = watch
    await stage.until('predictions', () => watch.count > count, { deadlineMs, processes })
    await stage.pass(stage.scale.calmMs, processes)
    await feeder.pause()
    const release = proxy.stall(transactionApis)
    await stage.pass(stallMs, processes)
    const before = watch.arrivalsMs.length
    const releasedMs = stage.nowMs()
    release()
    await stage.until('a new prediction', () => watch.arrivalsMs.length > before, {
      deadlineMs,
      processes,
    })
    pausesMs.push((watch.arrivalsMs[before] as number) - releasedMs)
    feeder.resume()
    stage.options.onProgress?.(pausesMs.length / stage.scale.stalls)
  }
  await watch.stop()
  await feeder.stop()
  for (const each of processes) await stage.terminate(each)
  await closeProxy()
  const facts = { cause: 'stalled-commit', processes: 1, partitions: 1 } as const
  return [pauseRow(stage, pausesMs, { ...facts, reachMs: 5000, beyondMs: 2000 })]
}
