import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { type Broker, findBroker, type NoBroker } from '../broker/find-broker.ts'
import { systemClock } from '../clock.ts'
import { loadServiceConfig, type Override } from '../config/load.ts'
import type { ServiceConfig } from '../config/schema.ts'
import { createLogger } from '../telemetry/logger.ts'
import type { Command, Io } from './command.ts'
import { type DemoLog, openKafkaLog, openMemoryLog } from './demo-log.ts'
import { produceDemo } from './demo-produce.ts'
import { runDemo } from './demo-run.ts'
import { DemoTalk } from './demo-talk.ts'
import { type Demo, demos } from './demos.ts'
import { integerOption, parseOptions, usageError } from './options.ts'
import { reportLines } from './replay-report.ts'

const help = `headrace demo: watch a recurrent network learn from Kafka

Usage: headrace demo [taxi|symbols|labels] [--speed N] [--until-end] [--limit N] [--keep] [--json]
       headrace demo --produce --config FILE [--set path=value]… [--speed N] [--sequences N]

Takes the broker that KAFKA_BROKERS names, else starts one by Docker, else by Java and Maven, else
runs on a log inside this process. Produces records, learns from them in the same process, publishes
predictions, and shows how well it does. Ctrl-C ends it.

  taxi          what comes next: seven months of New York's taxi passengers, 10,320 half hours
  symbols       which byte comes next: the first chapters of Moby Dick, 3,531 lines
  labels        how many bikes are hired, from weather and calendar: 8,645 hours, and their
                numbers a day later

  --speed N     records per second (500; symbols 100, labels 200)
  --until-end   end when the series is through; without, it goes on serving until Ctrl-C
  --limit N     only the first N records
  --keep        on your own broker: leave the topics there
  --json        print the scoreboard as JSON at the end (docs/replay.md), progress on stderr

With --produce it is the producer alone, for a service that runs elsewhere: it writes the same
series to input.topic of the configuration for ever, as if it came in now. Several sequences take a
step at the same time, each in a week of its own of 30 weeks that follow each other round and round;
seasons are [48, 336]. Started again, it goes on where the clock is. Creates no topic: see 'headrace
topics'.

  --produce             write {"timestamp": now, "passengers": N}, keyed by sequence, until SIGTERM
  -c, --config FILE     names brokers and topic; its target must be passengers
  --set path=value      overrides a value of it; may be repeated
  --speed N             records per second of all sequences together (100)
  --sequences N         at most 30 (8)

Examples:
  headrace demo
  headrace demo symbols
  headrace demo labels --until-end
  headrace demo --speed 2000 --until-end --json
  KAFKA_BROKERS=localhost:9092 headrace demo --keep
  headrace demo --produce -c taxi.yaml --speed 400
`

const options = {
  speed: { type: 'string' },
  'until-end': { type: 'boolean' },
  limit: { type: 'string' },
  keep: { type: 'boolean' },
  json: { type: 'boolean' },
  produce: { type: 'boolean' },
  config: { type: 'string', short: 'c', multiple: true },
  set: { type: 'string', multiple: true },
  sequences: { type: 'string' },
} as const

const onlyWithProduce = ['config', 'set', 'sequences'] as const
const neverWithProduce = ['until-end', 'limit', 'keep', 'json'] as const

/** The demo's configuration; on a broker that others use under a name of its own. */
function demoConfig(demo: Demo, broker: Broker | NoBroker, env: Io['env']): ServiceConfig {
  const overrides: Override[] = []
  const override = (path: string, value: unknown) =>
    overrides.push({ path: path.split('.'), value, option: 'headrace demo' })
  if (broker.kind !== 'none') {
    override('kafka.brokers', [...broker.brokers])
    if (broker.foreign) {
      const name = `${demo.name}-${randomUUID().slice(0, 8)}`
      override('name', name)
      override('input.topic', `${name}.${demo.topic}`)
    }
  }
  return loadServiceConfig({ file: fileURLToPath(demo.config), env, overrides }).config
}

/** A broker, or none; null where Ctrl-C came first. */
async function brokerFor(io: Io, talk: DemoTalk): Promise<Broker | NoBroker | null> {
  try {
    const log = (line: string) => talk.say(line)
    return await findBroker({ env: io.env, log, signal: io.signal })
  } catch (error) {
    if (io.signal.aborted) return null
    throw error
  }
}

/** @throws HeadraceError HEADRACE_USAGE */
function demoOf(wanted = 'taxi'): Demo {
  const names = demos.map(({ name }) => name)
  const demo = demos.find(({ name }) => name === wanted)
  if (demo !== undefined) return demo
  throw usageError(`There is no demo '${wanted}', but ${names.join(', ')}.`)
}

export const command: Command = {
  summary: 'watches it learn real data from a real Kafka topic',
  help,
  async run(args, io) {
    const { values, positionals } = parseOptions(args, options, 1)
    const isProducer = values.produce === true
    const misplaced = isProducer ? neverWithProduce : onlyWithProduce
    for (const name of misplaced) {
      if (values[name] === undefined) continue
      throw usageError(`--${name} goes ${isProducer ? 'not' : 'only'} with --produce.`)
    }
    if (isProducer && positionals.length > 0) {
      throw usageError('--produce writes the taxi series alone.')
    }
    if (isProducer) return produceDemo(values, io)
    const demo = demoOf(positionals[0])
    const speed = integerOption('--speed', values.speed ?? String(demo.speed), 1)
    const limit = values.limit === undefined ? undefined : integerOption('--limit', values.limit, 1)
    const isJson = values.json === true
    const records = demo.records(limit)
    const talk = new DemoTalk(io, isJson)
    const broker = await brokerFor(io, talk)
    if (broker === null) return 0
    let log: DemoLog | null = null
    try {
      const config = demoConfig(demo, broker, io.env)
      const logger = createLogger({ level: 'warn', stream: talk.logStream, clock: systemClock })
      if (broker.kind === 'none') {
        talk.say(`${broker.message} The demo runs on a log inside this process instead.`)
        log = openMemoryLog()
      } else {
        log = await openKafkaLog(config, logger)
      }
      const { report, isWhole } = await runDemo({
        config,
        records,
        speed,
        log,
        logger,
        talk,
        signal: io.signal,
        isUntilEnd: values['until-end'] === true,
      })
      talk.end()
      if (isJson) io.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
      else io.stdout.write(`${reportLines([{ name: 'demo', report }]).join('\n')}\n`)
      return isWhole || io.signal.aborted ? 0 : 1
    } finally {
      talk.end()
      const isForeign = broker.kind !== 'none' && broker.foreign
      try {
        await log?.close(isForeign && values.keep !== true)
      } finally {
        if (broker.kind !== 'none') await broker.stop()
      }
    }
  },
}
