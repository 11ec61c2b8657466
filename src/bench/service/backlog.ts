import { appendFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { HeadraceError } from '../../errors.ts'
import { median } from '../statistics.ts'
import { ServiceRecords } from './records.ts'
import type { ServiceBacklogRow } from './rows.ts'
import type { Stage, StageApp } from './stage.ts'

const sendRecords = 1000
/** Seldom: each look costs the machine that is measured. */
const pollMs = 250
const deadlineMs = 300_000
/** The part of the backlog that counts: behind it V8 has compiled, and it does not run dry. */
const inside = { from: 0.5, to: 0.97 }

interface Case {
  readonly portfolio: 'network' | 'full'
  readonly sequences: number
  readonly records: number
  readonly reach: number | null
  readonly beyond: number | null
}

interface Backlog extends Case {
  readonly input: string
  readonly file: string
  readonly fields: number
}

/** A backlog through the service and through `replay`, each in a process of its own, in turn. */
export async function benchBacklog(stage: Stage): Promise<ServiceBacklogRow[]> {
  const { backlogRecords: records, fullRecords } = stage.scale
  const none = { reach: null, beyond: null }
  const cases: readonly Case[] = [
    { portfolio: 'network', sequences: 1, records, reach: 0.6, beyond: 0.8 },
    { portfolio: 'full', sequences: 1, records: fullRecords, ...none },
    { portfolio: 'network', sequences: 1000, records, ...none },
  ]
  const rows: ServiceBacklogRow[] = []
  for (const [i, each] of cases.entries()) {
    const backlog = await fill(stage, each)
    const rounds: { service: number; replay: number }[] = []
    for (let round = 0; round < stage.scale.rounds; round++) {
      const service = await serviceRate(stage, backlog)
      rounds.push({ service, replay: await replayRate(stage, backlog) })
      stage.options.onProgress?.((i + rounds.length / stage.scale.rounds) / cases.length)
    }
    rmSync(backlog.file)
    const { input: _input, file: _file, reach, beyond, ...what } = backlog
    rows.push({
      bench: 'service-backlog',
      kernel: stage.options.kernel,
      ...what,
      rounds: rounds.length,
      recordsPerSecond: median(rounds.map(({ service }) => service)),
      replayRecordsPerSecond: median(rounds.map(({ replay }) => replay)),
      share: median(rounds.map(({ service, replay }) => service / replay)),
      reach,
      beyond,
    })
  }
  return rows
}

/** Writes the same records to a topic and to a file. */
async function fill(stage: Stage, each: Case): Promise<Backlog> {
  const id = stage.options.createId()
  const input = `headrace-bench-${id}-input`
  const file = join(stage.options.folder, `${id}.jsonl`)
  await stage.cluster.createTopics({ name: `headrace-bench-${id}`, input }, 1)
  const producer = await stage.cluster.producer(input)
  const close = stage.atEnd(() => producer.close())
  const source = new ServiceRecords(each.sequences)
  for (let done = 0; done < each.records; ) {
    const messages = source.take(Math.min(sendRecords, each.records - done))
    appendFileSync(file, messages.map(({ value }) => `${value}\n`).join(''))
    await stage.within(deadlineMs, 'a send', producer.send(0, messages))
    done += messages.length
  }
  await close()
  return { ...each, input, file, fields: source.fields }
}

async function createApp(stage: Stage, { input, portfolio, sequences }: Backlog) {
  const key = sequences === 1 ? {} : { key: 'key' }
  return await stage.createApp({ input, portfolio, ...key })
}

/** Records a second of a new application between two commits well inside the backlog. */
async function serviceRate(stage: Stage, backlog: Backlog): Promise<number> {
  const app = await createApp(stage, backlog)
  const service = stage.run(app)
  let askedMs = stage.nowMs()
  const end = BigInt(backlog.records)
  const look = async (): Promise<boolean> => {
    if (stage.nowMs() < askedMs + pollMs) return false
    askedMs = stage.nowMs()
    return (await stage.cluster.groupOffset(app, 0)) >= end
  }
  await stage.until('the backlog to be learnt', look, { deadlineMs, processes: [service] })
  await stage.terminate(service)
  const reading = stage.cluster.commits(app, 0)
  const commits = await stage.within(deadlineMs, 'the predictions to be read', reading)
  const first = commits.find(({ records }) => records >= inside.from * backlog.records)
  const last = commits.findLast(({ records }) => records <= inside.to * backlog.records)
  if (first === undefined || last === undefined || last.records <= first.records) {
    throw new HeadraceError(
      'HEADRACE_BENCH_FAILED',
      `There were not two commits well inside a backlog of ${backlog.records} records.`,
    )
  }
  return ((last.records - first.records) / (last.appendedMs - first.appendedMs)) * 1000
}

/** Records a second of the second of two passes in one process. */
async function replayRate(stage: Stage, backlog: Backlog): Promise<number> {
  const app: StageApp = await createApp(stage, backlog)
  const args = ['replay', backlog.file, '--format', 'jsonl', '--json']
  const replay = stage.start([...args, '--config', app.file, '--config', app.file])
  const { code } = await stage.within(deadlineMs, 'a replay', replay.ended)
  const passes = code === 0 ? (JSON.parse(replay.stdout) as readonly Report[]) : []
  const rate = passes[1]?.recordsPerSecond
  if (rate === undefined || passes[1]?.records !== backlog.records || passes[1].deadLetters > 0) {
    throw new HeadraceError('HEADRACE_BENCH_FAILED', `A replay has failed:\n${replay.log}`)
  }
  return rate
}

/** What is used of `replay --json`. */
interface Report {
  readonly records: number
  readonly deadLetters: number
  readonly recordsPerSecond?: number
}
