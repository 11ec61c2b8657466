import { startPace } from './pace.ts'
import { pauseRow } from './pause-row.ts'
import { ServiceRecords } from './records.ts'
import type { ServicePauseRow } from './rows.ts'
import type { Stage, StageApp } from './stage.ts'
import { longestGapMs, type Watch, watchPredictions } from './watch.ts'

const partitions = 4
const perSecond = 500

/**
 * One of two processes is stopped by SIGTERM and started anew, under a steady load: the longest
 * time in which some partition had no prediction.
 */
export async function benchRolling(stage: Stage): Promise<ServicePauseRow[]> {
  const app = await stage.createApp({ partitions })
  const watches: Watch[] = []
  for (let i = 0; i < partitions; i++) watches.push(await watchPredictions(stage, app, i))
  const stopLoad = await startLoad(stage, app)
  const processes = [stage.run(app), stage.run(app)]
  const calm = async () => {
    await stage.serving(app, processes)
    for (const watch of watches) watch.forget()
    const isFlowing = () => watches.every(({ arrivalsMs }) => arrivalsMs.length > 0)
    await stage.until('predictions of all partitions', isFlowing, { processes })
    await stage.pass(stage.scale.calmMs, processes)
  }
  const pausesMs: number[] = []
  for (let repeat = 0; repeat < stage.scale.restarts; repeat++) {
    await calm()
    const at = repeat % processes.length
    const stopped = processes[at]
    if (stopped === undefined) break
    const beganMs = stage.nowMs()
    await stage.terminate(stopped)
    processes[at] = stage.run(app)
    await stage.serving(app, processes)
    await stage.pass(stage.scale.calmMs, processes)
    const untilMs = stage.nowMs()
    const gaps = watches.map(({ arrivalsMs }) => longestGapMs(arrivalsMs, beganMs, untilMs))
    pausesMs.push(Math.max(...gaps))
    stage.options.onProgress?.(pausesMs.length / stage.scale.restarts)
  }
  for (const watch of watches) await watch.stop()
  await stopLoad()
  await Promise.all(processes.map((each) => stage.terminate(each)))
  const facts = { cause: 'rolling-restart', processes: 2, partitions } as const
  return [pauseRow(stage, pausesMs, { ...facts, reachMs: 5000, beyondMs: 2000 })]
}

/** Records one by one, to the partitions in turn, until the function is called. */
async function startLoad(stage: Stage, app: StageApp): Promise<() => Promise<void>> {
  const producer = await stage.cluster.producer(app.input)
  const records = Array.from({ length: partitions }, () => new ServiceRecords())
  const pace = startPace(stage, {
    perSecond,
    async send(index) {
      const partition = index % partitions
      await producer.send(partition, records[partition]?.take(1) ?? [])
    },
  })
  return stage.atEnd(async () => {
    await pace.stop()
    await producer.close()
  })
}
