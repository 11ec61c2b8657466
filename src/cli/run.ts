import { randomInt, randomUUID } from 'node:crypto'
import { systemClock } from '../clock.ts'
import { loadServiceConfig } from '../config/load.ts'
import type { ServiceConfig } from '../config/schema.ts'
import { HeadraceError } from '../errors.ts'
import { KafkaChangelog } from '../kafka/changelog.ts'
import { checkTopics } from '../kafka/check.ts'
import { PartitionReader } from '../kafka/partition-reader.ts'
import { KafkaPositions } from '../kafka/positions.ts'
import { KafkaSink } from '../kafka/sink.ts'
import { KafkaSource } from '../kafka/source.ts'
import { topicNames } from '../kafka/topics.ts'
import { Shutdown } from '../lifecycle.ts'
import { Random } from '../random.ts'
import { Processor } from '../task/processor.ts'
import { systemScheduler } from '../task/scheduler.ts'
import { type Service, startService } from '../task/service.ts'
import type { ServicePorts } from '../task/stream-task.ts'
import { startHttp } from '../telemetry/http.ts'
import { createLogger, type Logger } from '../telemetry/logger.ts'
import { Metrics } from '../telemetry/metrics.ts'
import type { Command, Io } from './command.ts'
import { configOptions, parseOptions, singleConfig } from './options.ts'
import { packageVersion } from './version.ts'

const help = `headrace run: learns from the input topic and publishes predictions, for ever

Usage: headrace run --config FILE [--set path=value]… [--fail-fast]

Reads the input topic in the consumer group 'name', one task for each partition, and writes to
<name>.predictions, <name>.dead-letters and <name>.changelog in one transaction each
commit.intervalMs. Creates no topic: see 'headrace topics'. Logs to stderr. SIGTERM and Ctrl-C
commit what is done, leave the group and end within shutdown.timeoutMs.

  -c, --config FILE   the configuration
  --set path=value    overrides a value of it; may be repeated
  --fail-fast         end as soon as one partition cannot go on, not only when none can
  --json              log lines as JSON also on a terminal

HTTP (http.host, http.port): /livez /readyz /version /metrics

Exit codes: 0 fine, also after SIGTERM; 1 no partition can go on; 69 Kafka unreachable, refused, or
a topic missing at start; 78 configuration, or another configuration or version has learnt here.

Example:
  headrace run -c taxi.yaml --set log.level=debug
`

export const command: Command = {
  summary: 'the service: learns from a topic, publishes predictions',
  help,
  run,
}

async function run(args: readonly string[], io: Io): Promise<number> {
  const { values } = parseOptions(args, { ...configOptions, 'fail-fast': { type: 'boolean' } })
  const file = singleConfig(values.config, 'run')
  const loaded = loadServiceConfig({ file, sets: values.set, env: io.env })
  const { config, secrets, warnings } = loaded
  const { level } = config.log
  const { stderr } = io
  const stream = values.json ? { write: (line: string) => stderr.write(line) } : stderr
  const logger = createLogger({ level, stream, clock: systemClock, secrets })
  for (const warning of warnings) logger.warn('config.warning', {}, warning)
  await checkTopicsForRun(config, logger)
  // A signal during the check has nothing to finish yet.
  if (io.signal.aborted) return 0
  await serve(config, logger, values['fail-fast'] ?? false, io.signal)
  return 0
}

/** Throws where the topics are not such that exactly-once and restore can hold. */
async function checkTopicsForRun(config: ServiceConfig, logger: Logger): Promise<void> {
  const { problems, warnings } = await checkTopics(config, logger)
  for (const warning of warnings) logger.warn('topics.warning', {}, warning)
  if (problems.length === 0) return
  throw new HeadraceError('HEADRACE_KAFKA_TOPIC_UNSUITABLE', problems.join('\n'))
}

async function serve(
  config: ServiceConfig,
  logger: Logger,
  failFast: boolean,
  signal: AbortSignal,
): Promise<void> {
  const facts = { version: packageVersion(), node: process.version, kernel: config.model.kernel }
  const metrics = new Metrics({ build: facts, clock: systemClock })
  // What is left of the time when the service has stopped.
  const timeoutMs = config.shutdown.timeoutMs / 10
  const shutdown = new Shutdown({ timeoutMs, timer: systemScheduler, clock: systemClock })
  const running: { service?: Service } = {}
  // Before the group is joined, so that a port that is taken moves no partition.
  const http = await startHttp({
    ...config.http,
    version: facts,
    readiness: () => running.service?.readiness() ?? { ready: false, reasons: ['starting'] },
    metrics,
    logger,
  })
  logger.info('http.listening', { url: http.url })
  await shutdown.add('http', () => http.close())
  const { ports, close } = kafkaPorts(config, logger)
  await shutdown.add('kafka', close)
  const service = startService({
    config,
    ports,
    logger,
    metrics,
    clock: systemClock,
    scheduler: systemScheduler,
    random: new Random(randomInt(2 ** 31)),
    createId: () => randomUUID(),
    createProcessor: () => new Processor(config),
    failFast,
  })
  running.service = service
  const stop = (): void => void service.stop()
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  try {
    await service.done
  } finally {
    signal.removeEventListener('abort', stop)
    await shutdown.run()
  }
}

/** The ports of a service on the cluster that the configuration names. */
function kafkaPorts(
  config: ServiceConfig,
  logger: Logger,
): { ports: ServicePorts; close(): Promise<void> } {
  const { kafka, name } = config
  const topics = topicNames(config)
  const reader = new PartitionReader(kafka, logger)
  return {
    ports: {
      source: new KafkaSource({ kafka, topic: topics.input, groupId: name, logger }),
      sink: new KafkaSink({ kafka, application: name, topics, logger }),
      changelog: new KafkaChangelog(reader, topics.changelog),
      positions: new KafkaPositions(reader, topics, name),
    },
    close: () => reader.close(),
  }
}
