import { systemClock } from '../clock.ts'
import { loadServiceConfig } from '../config/load.ts'
import type { ServiceConfig } from '../config/schema.ts'
import { HeadraceError } from '../errors.ts'
import { checkTopics } from '../kafka/check.ts'
import { openKafkaPorts } from '../kafka/open.ts'
import { kernelDevice } from '../kernels/index.ts'
import { Shutdown } from '../lifecycle.ts'
import { openEngines } from '../task/engine/open.ts'
import { sleep, systemScheduler } from '../task/scheduler.ts'
import { type Service, type ServiceOptions, startService } from '../task/service.ts'
import { startHttp } from '../telemetry/http.ts'
import { createLogger, type Logger } from '../telemetry/logger.ts'
import type { Command, Io } from './command.ts'
import { configOptions, parseOptions, singleConfig } from './options.ts'
import { buildFacts, systemSurroundings } from './surroundings.ts'
import { untilStopped } from './until-stopped.ts'

const help = `headrace run: learns from the input topic and publishes predictions, for ever

Usage: headrace run --config FILE [--set path=value]… [--fail-fast] [--accept-gap]
         [--allow-different-device]

Reads the input topic in the consumer group 'name', one task for each partition, and writes to
<name>.predictions, <name>.dead-letters and <name>.changelog in one transaction each
commit.intervalMs. Creates no topic: see 'headrace topics'. Logs to stderr. SIGTERM and Ctrl-C
commit what is done, leave the group and end within shutdown.timeoutMs.

  -c, --config FILE   the configuration
  --set path=value    overrides a value of it; may be repeated
  --fail-fast         end as soon as one partition cannot go on, not only when none can
  --accept-gap        go on although records that a restore needs have expired: the model does
                      without them, and the changelog says so
  --allow-different-device
                      with model.kernel tensorflow: go on with a model that a GPU has learnt on a
                      CPU, or the other way round; a replay must come to nearly the same
  --json              log lines as JSON also on a terminal

HTTP (http.host, http.port): the live page at /, /livez /readyz /version /metrics (docs/http.md)

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
  const { values } = parseOptions(args, {
    ...configOptions,
    'fail-fast': { type: 'boolean' },
    'accept-gap': { type: 'boolean' },
    'allow-different-device': { type: 'boolean' },
  })
  const file = singleConfig(values.config, 'run')
  const loaded = loadServiceConfig({ file, sets: values.set, env: io.env })
  const { config, secrets, warnings } = loaded
  const { level } = config.log
  const { stderr } = io
  const stream = values.json ? { write: (line: string) => stderr.write(line) } : stderr
  const logger = createLogger({ level, stream, clock: systemClock, secrets })
  for (const warning of warnings) logger.warn('config.warning', {}, warning)
  // A signal during the check has nothing to finish yet.
  const check = checkTopicsForRun(config, logger)
  if ((await untilStopped(check, io.signal, 0)) === 'stopped') return 0
  const options = {
    failFast: values['fail-fast'] ?? false,
    acceptGap: values['accept-gap'] ?? false,
    allowDifferentDevice: values['allow-different-device'] ?? false,
    device: kernelDevice(config.model.kernel),
  }
  await serve(config, logger, options, io.signal)
  return 0
}

/** How often the topics are looked at where a connection breaks, and how soon it must have. */
const checksMax = 4
const quickMs = 5_000

/**
 * A broker that restarts resets connections: what fails quickly is tried again. What took long has
 * been tried for long.
 */
async function checkWithRetries(config: ServiceConfig, logger: Logger) {
  for (let check = 1; ; check++) {
    const beganMs = systemClock.monotonicMs()
    try {
      return await checkTopics(config, logger)
    } catch (error) {
      const isQuick = systemClock.monotonicMs() - beganMs < quickMs
      const canRetry = error instanceof HeadraceError && error.canRetry
      if (!canRetry || !isQuick || check === checksMax) throw error
      logger.warn('topics.check-retried', { check }, error.message)
      await sleep(systemScheduler, 500 * check)
    }
  }
}

/** Throws where the topics are not such that exactly-once and restore can hold. */
async function checkTopicsForRun(config: ServiceConfig, logger: Logger): Promise<void> {
  const { problems, warnings } = await checkWithRetries(config, logger)
  for (const warning of warnings) logger.warn('topics.warning', {}, warning)
  if (problems.length === 0) return
  throw new HeadraceError('HEADRACE_KAFKA_TOPIC_UNSUITABLE', problems.join('\n'))
}

async function serve(
  config: ServiceConfig,
  logger: Logger,
  options: Pick<ServiceOptions, 'failFast' | 'acceptGap' | 'allowDifferentDevice' | 'device'>,
  signal: AbortSignal,
): Promise<void> {
  const surroundings = systemSurroundings(config)
  const { metrics, scheduler, clock } = surroundings
  // What is left of the time when the service has stopped.
  const timeoutMs = config.shutdown.timeoutMs / 10
  const shutdown = new Shutdown({ timeoutMs, timer: scheduler, clock })
  const running: { service?: Service } = {}
  // Before the group is joined, so that a port that is taken moves no partition.
  const http = await startHttp({
    ...config.http,
    version: buildFacts(config),
    readiness: () => running.service?.readiness() ?? { ready: false, reasons: ['starting'] },
    feed: () => running.service?.page ?? null,
    metrics,
    logger,
  })
  logger.info('http.listening', { url: http.url })
  await shutdown.add('http', () => http.close())
  const { ports, close } = openKafkaPorts(config, logger)
  await shutdown.add('kafka', close)
  const service = startService({
    ...surroundings,
    config,
    ports,
    logger,
    engines: openEngines(config, { clock, scheduler, logger }),
    ...options,
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
