import { quantile } from '../statistics.ts'
import { startPace } from './pace.ts'
import { ServiceRecords } from './records.ts'
import type { ServiceLatencyRow } from './rows.ts'
import type { Stage } from './stage.ts'

const perSecond = 500
/** The default of `commit.intervalMs`. */
const commitIntervalMs = 100
const deadlineMs = 30_000

/**
 * Events one by one at a steady rate: from right before each is handed to the producer until an
 * independent reader has its prediction.
 */
export async function benchServiceLatency(stage: Stage): Promise<ServiceLatencyRow[]> {
  const { latencyWarmUpSeconds, latencySeconds } = stage.scale
  const warmUp = latencyWarmUpSeconds * perSecond
  const total = warmUp + latencySeconds * perSecond
  const app = await stage.createApp()
  const service = stage.run(app)
  await stage.serving(app, [service])
  const sentMs = new Float64Array(total)
  const readMs = new Float64Array(total)
  let read = 0
  const unfollow = await stage.follow(app, 0, (messages, nowMs) => {
    for (const { value } of messages) {
      const { offset } = JSON.parse(Buffer.from(value).toString()) as { offset: number }
      readMs[offset] = nowMs
      read++
    }
  })
  const producer = await stage.cluster.producer(app.input)
  const closeProducer = stage.atEnd(() => producer.close())
  const records = new ServiceRecords()
  const pace = startPace(stage, {
    perSecond,
    total,
    async send() {
      const message = records.take(1)
      const beganMs = stage.nowMs()
      // Those that are sent while the client connects may overtake each other.
      const offset = await producer.send(0, message)
      sentMs[Number(offset)] = beganMs
    },
    onProgress: (fraction) => stage.options.onProgress?.(fraction),
  })
  await pace.done
  await stage.until('the last prediction', () => read >= total, {
    deadlineMs,
    processes: [service],
  })
  await unfollow()
  await closeProducer()
  await stage.terminate(service)
  const latencies = Float64Array.from(
    { length: total - warmUp },
    (_, i) => (readMs[warmUp + i] as number) - (sentMs[warmUp + i] as number),
  ).sort()
  return [
    {
      bench: 'service-latency',
      kernel: stage.options.kernel,
      producedPerSecond: perSecond,
      records: latencies.length,
      commitIntervalMs,
      p50Ms: quantile(latencies, 0.5),
      p95Ms: quantile(latencies, 0.95),
      p99Ms: quantile(latencies, 0.99),
      reachMs: commitIntervalMs + 40,
      beyondMs: commitIntervalMs + 20,
    },
  ]
}
