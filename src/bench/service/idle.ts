import { ServiceRecords } from './records.ts'
import type { ServiceIdleRow } from './rows.ts'
import type { Stage } from './stage.ts'

const partitionCounts = [1, 8] as const
/** What each partition has learnt before: a model that has begun. */
const learntRecords = 1000
const deadlineMs = 60_000

/** Processor time of a service whose topic is quiet. */
export async function benchIdle(stage: Stage): Promise<ServiceIdleRow[]> {
  const rows: ServiceIdleRow[] = []
  for (const partitions of partitionCounts) {
    rows.push(await measure(stage, partitions))
    stage.options.onProgress?.(rows.length / partitionCounts.length)
  }
  return rows
}

async function measure(stage: Stage, partitions: number): Promise<ServiceIdleRow> {
  const { idleWarmUpSeconds, idleSeconds } = stage.scale
  const app = await stage.createApp({ partitions })
  const producer = await stage.cluster.producer(app.input)
  const closeProducer = stage.atEnd(() => producer.close())
  const service = stage.run(app)
  const processes = [service]
  await stage.serving(app, processes)
  for (let partition = 0; partition < partitions; partition++) {
    await producer.send(partition, new ServiceRecords().take(learntRecords))
  }
  await closeProducer()
  const end = BigInt(learntRecords)
  for (let partition = 0; partition < partitions; partition++) {
    const isLearnt = async () => (await stage.cluster.groupOffset(app, partition)) >= end
    await stage.until('the records to be learnt', isLearnt, { deadlineMs, processes })
  }
  await stage.pass(idleWarmUpSeconds * 1000, processes)
  const beganMs = stage.nowMs()
  const beganSeconds = await service.processorSeconds()
  await stage.pass(idleSeconds * 1000, processes)
  const usedSeconds = (await service.processorSeconds()) - beganSeconds
  const seconds = (stage.nowMs() - beganMs) / 1000
  await stage.terminate(service)
  return {
    bench: 'service-idle',
    kernel: stage.options.kernel,
    partitions,
    seconds,
    coreShare: usedSeconds / seconds,
    reach: 0.02,
    beyond: 0.01,
  }
}
