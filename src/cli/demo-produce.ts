import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../clock.ts'
import { loadServiceConfig } from '../config/load.ts'
import type { ServiceConfig } from '../config/schema.ts'
import { connectDeadlineMs, createKafka } from '../kafka/client.ts'
import { withDeadline } from '../kafka/deadline.ts'
import { unanswered } from '../kafka/topics.ts'
import { translateError } from '../kafka/translate-error.ts'
import { createLogger } from '../telemetry/logger.ts'
import type { Io } from './command.ts'
import type { DemoRecord } from './demo-data.ts'
import { type LiveCount, LiveSeries, produceLive, weeks } from './demo-live.ts'
import { integerOption, singleConfig, usageError } from './options.ts'
import { grouped } from './table.ts'
import { untilStopped } from './until-stopped.ts'

const defaultSpeed = 100
const defaultSequences = 8
/** Behind the signal, together below two seconds: for the answer to what is sent, for goodbye. */
const answerGraceMs = 1000
const closeDeadlineMs = 500

export interface ProduceValues {
  readonly config?: readonly string[] | undefined
  readonly set?: readonly string[] | undefined
  readonly speed?: string | undefined
  readonly sequences?: string | undefined
}

/**
 * `headrace demo --produce`: writes live records to the input topic of a configuration until the
 * signal, which ends it within two seconds, whatever the brokers do. Throws HEADRACE_USAGE for
 * options that do not fit, what loading the configuration throws, and what Kafka refuses.
 */
export async function produceDemo(values: ProduceValues, io: Io): Promise<number> {
  const series = seriesOf(values)
  const file = singleConfig(values.config, 'demo --produce')
  const loaded = loadServiceConfig({ file, sets: [...(values.set ?? [])], env: io.env })
  const { config, secrets } = loaded
  refuseMisfit(config, file)
  const { brokers } = config.kafka
  const { topic } = config.input
  const { level } = config.log
  const logger = createLogger({ level, stream: io.stderr, clock: systemClock, secrets })
  const producer = createKafka(config.kafka, logger).producer({ allowAutoTopicCreation: false })
  const { signal } = io
  const send = async (records: readonly DemoRecord[]): Promise<boolean> => {
    const messages = records.map(({ key, value }) => ({ key, value }))
    const sending = producer.send({ topic, messages, acks: -1 })
    try {
      return (await untilStopped(sending, signal, answerGraceMs)) !== 'stopped'
    } catch (error) {
      // Behind the signal nobody mends anything: it is not acknowledged, and that is said.
      if (signal.aborted) return false
      throw error
    }
  }
  try {
    const connecting = untilStopped(producer.connect(), signal, 0)
    await withDeadline(connecting, connectDeadlineMs, () => unanswered(brokers))
    if (!signal.aborted) io.stderr.write(`headrace: ${plan(series, topic, brokers)}\n`)
    const wait = (delayMs: number) => sleep(delayMs, undefined, { signal }).catch(() => {})
    const count = await produceLive({ series, clock: systemClock, signal, wait, send })
    io.stderr.write(`headrace: ${outcome(count)}\n`)
    return 0
  } catch (error) {
    throw translateError(error, { brokers, doing: 'writing the records of the demo', topic })
  } finally {
    const closed = withDeadline(producer.disconnect(), closeDeadlineMs, () => new Error('late'))
    await closed.catch(() => {})
  }
}

function plan(series: LiveSeries, topic: string, brokers: readonly string[]): string {
  const { sequences, stepMs } = series
  const speed = grouped(Math.round((sequences * 1000) / stepMs))
  return (
    `writes ${speed} records/s of ${sequences} sequences to ${topic} at ${brokers.join(', ')}, ` +
    `a step each ${Number(stepMs.toFixed(1))} ms, until Ctrl-C or SIGTERM`
  )
}

function outcome({ sent, inDoubt }: LiveCount): string {
  const written = `${grouped(sent)} records written`
  if (inDoubt === 0) return written
  return `${written}, ${grouped(inDoubt)} more sent and not acknowledged`
}

function seriesOf({ speed, sequences }: ProduceValues): LiveSeries {
  const count = integerOption('--sequences', sequences ?? String(defaultSequences), 1)
  if (count > weeks) throw usageError(`--sequences takes at most ${weeks}, not ${count}.`)
  const perSecond = integerOption('--speed', speed ?? String(defaultSpeed), 1)
  if (perSecond > count * 1000) {
    throw usageError(
      `--speed takes at most ${grouped(count * 1000)} with ${count} sequences: the steps of a ` +
        'sequence are at least a millisecond apart.',
    )
  }
  return new LiveSeries(count, perSecond)
}

/** Throws where the configuration would make dead letters or nothing of the demo's records. */
function refuseMisfit(config: ServiceConfig, file: string): void {
  const { input, task } = config
  const misfits = [
    ...(input.format === 'json' ? [] : ['input.format must be json']),
    ...(input.key === undefined ? [] : ['input.key must be absent: the record’s key names it']),
    ...(input.time === undefined || input.time === 'timestamp'
      ? []
      : ['input.time must be timestamp']),
    ...(task.kind === 'forecast' && task.targets.every((target) => target === 'passengers')
      ? []
      : ['task.targets must be [passengers]']),
  ]
  if (misfits.length === 0) return
  throw usageError(
    `The records of the demo, {"timestamp": …, "passengers": …}, do not fit ${file}: ` +
      `${misfits.join('; ')}.`,
  )
}
