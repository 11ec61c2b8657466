import { HeadraceError } from '../../errors.ts'
import { median } from '../statistics.ts'
import { ServiceRecords } from './records.ts'
import type { ServiceRestoreRow } from './rows.ts'
import type { ServiceProcess } from './service-process.ts'
import type { Stage, StageApp } from './stage.ts'

const sequenceCounts = [1, 1000] as const
const sendRecords = 1000
const pollMs = 250
const deadlineMs = 300_000
/** So that no snapshot is taken: the whole backlog is replayed. */
const maxReplayMs = 3_600_000
/** How soon the group forgets a killed member. */
const sessionTimeoutMs = 6_000

/** A restore of a whole partition, without a snapshot, and `replay` of the same topic, in turn. */
export async function benchRestore(stage: Stage): Promise<ServiceRestoreRow[]> {
  const rows: ServiceRestoreRow[] = []
  for (const [i, sequences] of sequenceCounts.entries()) {
    const app = await learnt(stage, sequences)
    const rounds: { restore: number; replay: number }[] = []
    for (let round = 0; round < stage.scale.rounds; round++) {
      const restore = await restoreRate(stage, app)
      rounds.push({ restore, replay: await replayRate(stage, app) })
      stage.options.onProgress?.((i + rounds.length / stage.scale.rounds) / sequenceCounts.length)
    }
    rows.push({
      bench: 'service-restore',
      kernel: stage.options.kernel,
      sequences,
      records: stage.scale.backlogRecords,
      rounds: rounds.length,
      recordsPerSecond: median(rounds.map(({ restore }) => restore)),
      replayRecordsPerSecond: median(rounds.map(({ replay }) => replay)),
      share: median(rounds.map(({ restore, replay }) => restore / replay)),
      reach: 0.95,
    })
  }
  return rows
}

/** An application that has learnt its whole topic and has died. */
async function learnt(stage: Stage, sequences: number): Promise<StageApp> {
  const { backlogRecords } = stage.scale
  const key = sequences === 1 ? {} : { key: 'key' }
  const app = await stage.createApp({ ...key, kafka: { sessionTimeoutMs }, maxReplayMs })
  const producer = await stage.cluster.producer(app.input)
  const close = stage.atEnd(() => producer.close())
  const source = new ServiceRecords(sequences)
  for (let done = 0; done < backlogRecords; done += sendRecords) {
    await stage.within(deadlineMs, 'a send', producer.send(0, source.take(sendRecords)))
  }
  await close()
  const service = stage.run(app)
  let askedMs = stage.nowMs()
  const isLearnt = async (): Promise<boolean> => {
    if (stage.nowMs() < askedMs + pollMs) return false
    askedMs = stage.nowMs()
    return (await stage.cluster.groupOffset(app, 0)) >= BigInt(backlogRecords)
  }
  await stage.until('the backlog to be learnt', isLearnt, { deadlineMs, processes: [service] })
  await service.kill()
  return app
}

/** From the fence of a new process on until its task runs. */
async function restoreRate(stage: Stage, app: StageApp): Promise<number> {
  const service = stage.run(app)
  await stage.serving(app, [service])
  await service.kill()
  return rateOf(service, stage.scale.backlogRecords)
}

function rateOf(service: ServiceProcess, records: number): number {
  const restored = service.restored(0)
  if (restored?.records !== records || restored.snapshot !== null) {
    throw new HeadraceError(
      'HEADRACE_BENCH_FAILED',
      `A restore was not one of ${records} records:\n${service.log}`,
    )
  }
  return (restored.records / restored.restoreMs) * 1000
}

/** `replay` of the topic in a new process, which reads from Kafka as the restore does. */
async function replayRate(stage: Stage, app: StageApp): Promise<number> {
  const replay = stage.start(['replay', '--json', '--config', app.file])
  const { code } = await stage.within(deadlineMs, 'a replay', replay.ended)
  const report = (code === 0 ? JSON.parse(replay.stdout) : {}) as {
    readonly records?: number
    readonly recordsPerSecond?: number
  }
  if (report.recordsPerSecond === undefined || report.records !== stage.scale.backlogRecords) {
    throw new HeadraceError('HEADRACE_BENCH_FAILED', `A replay has failed:\n${replay.log}`)
  }
  return report.recordsPerSecond
}
