import { Random } from '../../random.ts'
import { type Feeder, startFeeder } from './feeder.ts'
import { pauseRow } from './pause-row.ts'
import type { ServicePauseRow } from './rows.ts'
import type { ServiceProcess } from './service-process.ts'
import type { Stage, StageApp } from './stage.ts'
import { type Watch, watchPredictions } from './watch.ts'

const sessionTimeoutMs = 6000
const deadlineMs = 60_000
/** Kills fall anywhere between two snapshots. */
const jitterMs = 2000

/** From a kill -9 until another incarnation's first prediction is readable; a backlog waits. */
export async function benchKill(stage: Stage): Promise<ServicePauseRow[]> {
  const takeover = await measure(stage, 2)
  stage.options.onProgress?.(0.5)
  const restart = await measure(stage, 1)
  stage.options.onProgress?.(1)
  const target = {
    partitions: 1,
    reachMs: sessionTimeoutMs + 4000,
    beyondMs: sessionTimeoutMs + 2000,
  }
  return [
    pauseRow(stage, takeover, { cause: 'kill-takeover', processes: 2, ...target }),
    pauseRow(stage, restart, { cause: 'kill-restart', processes: 1, ...target }),
  ]
}

interface Scene {
  readonly stage: Stage
  readonly app: StageApp
  readonly watch: Watch
  readonly feeder: Feeder
}

/** Kills the process that learns, time and again. Alone it is started again at once. */
async function measure(stage: Stage, count: 1 | 2): Promise<number[]> {
  const random = new Random(count)
  const app = await stage.createApp({ kafka: { sessionTimeoutMs } })
  const watch = await watchPredictions(stage, app, 0)
  const feeder = await startFeeder(stage, app, () => watch.count)
  const scene = { stage, app, watch, feeder }
  let processes = Array.from({ length: count }, () => stage.run(app))
  const pausesMs: number[] = []
  for (let repeat = 0; repeat < stage.scale.kills; repeat++) {
    await stage.serving(app, processes)
    const isPublishing = () => watch.bootId === ownerOf(processes)?.bootId(0)
    await stage.until('predictions', isPublishing, { deadlineMs, processes })
    await stage.pass(stage.scale.calmMs + random.uniform() * jitterMs, processes)
    const [pauseMs, left] = await kill(scene, processes)
    pausesMs.push(pauseMs)
    const isLast = pausesMs.length === stage.scale.kills
    processes = isLast || left.length === count ? left : [...left, stage.run(app)]
  }
  await watch.stop()
  await feeder.stop()
  await Promise.all(processes.map((each) => stage.terminate(each)))
  return pausesMs
}

/** Resolves with the milliseconds without a prediction, and the processes that live then. */
async function kill(
  { stage, app, watch, feeder }: Scene,
  processes: readonly ServiceProcess[],
): Promise<[number, ServiceProcess[]]> {
  await feeder.pause()
  const owner = ownerOf(processes)
  if (owner === undefined) throw new Error('A partition that is served has an owner.')
  const { bootId } = watch
  const beganMs = stage.nowMs()
  const gone = owner.kill()
  const others = processes.filter((each) => each !== owner)
  const left = others.length === 0 ? [stage.run(app)] : others
  await gone
  const isNew = () => watch.bootId !== bootId
  await stage.until('a new prediction', isNew, { deadlineMs, processes: left })
  feeder.resume()
  return [watch.bootMs - beganMs, left]
}

function ownerOf(processes: readonly ServiceProcess[]): ServiceProcess | undefined {
  return processes.find(({ assigned }) => assigned?.includes(0))
}
