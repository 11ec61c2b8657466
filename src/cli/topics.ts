import { loadServiceConfig } from '../config/load.ts'
import type { ServiceConfig } from '../config/schema.ts'
import { type Acl, aclCommand, neededAcls } from '../kafka/acls.ts'
import { inspectTopics, type TopicsReport } from '../kafka/check.ts'
import {
  type CreateOptions,
  createTopics,
  deleteGroup,
  deleteTopics,
  ourTopics,
  topicNames,
  withAdmin,
} from '../kafka/topics.ts'
import type { Command, Io } from './command.ts'
import { configOptions, integerOption, parseOptions, singleConfig, usageError } from './options.ts'

const help = `headrace topics: creates and checks the topics, lists the ACLs

Usage: headrace topics --config FILE [--set path=value]… [options]

Creates what is missing of NAME.predictions, NAME.dead-letters and NAME.changelog, with as many
partitions as the input topic has, and checks what is there. Changes nothing of a topic that exists.

  -c, --config FILE         the configuration
  --set path=value          overrides a value of it; may be repeated
  --check                   create nothing
  --create-input N          create the input topic too where it is missing, with N partitions
  --replication-factor N    copies of each new topic; by default what the brokers are set to
  --reset                   start the application anew: DELETES its three topics with all
                            predictions, its state and its group offsets, and creates them empty
  --acls                    print the commands that grant the rights headrace needs, without
                            contacting a broker
  --json                    print one JSON object

Exit codes: 0 fine, 69 brokers or topics not as they must be, 78 mistakes in the configuration.

Examples:
  headrace topics -c taxi.yaml
  headrace topics -c taxi.yaml --check
  headrace topics -c taxi.yaml --acls
`

const options = {
  ...configOptions,
  check: { type: 'boolean' },
  'create-input': { type: 'string' },
  'replication-factor': { type: 'string' },
  reset: { type: 'boolean' },
  acls: { type: 'boolean' },
} as const

const exitUnsuitable = 69

interface Outcome extends TopicsReport {
  readonly created: readonly string[]
  readonly deleted: readonly string[]
}

export const command: Command = { summary: 'creates and checks the topics, lists ACLs', help, run }

async function run(args: readonly string[], io: Io): Promise<number> {
  const { values } = parseOptions(args, options)
  const { check = false, reset = false, acls = false, json = false } = values
  const exclusive = [check && '--check', reset && '--reset', acls && '--acls'].filter(Boolean)
  if (exclusive.length > 1) throw usageError(`${exclusive.join(' and ')} exclude each other.`)
  const create: CreateOptions = {
    ...count('inputPartitions', '--create-input', values['create-input']),
    ...count('replicationFactor', '--replication-factor', values['replication-factor']),
  }
  const file = singleConfig(values.config, 'topics')
  const { config } = loadServiceConfig({ file, sets: values.set, env: io.env })
  if (acls) return printAcls(config, json, io)
  const outcome = await carryOut(config, { check, reset, create })
  print(config, outcome, json, io)
  return outcome.problems.length === 0 ? 0 : exitUnsuitable
}

function carryOut(
  config: ServiceConfig,
  { check, reset, create }: { check: boolean; reset: boolean; create: CreateOptions },
): Promise<Outcome> {
  const names = topicNames(config)
  return withAdmin(config.kafka, async (admin) => {
    // The group first: it refuses while a process still runs, and nothing is lost then.
    if (reset) await deleteGroup(admin, config.name)
    const doomed = reset ? ourTopics.map((role) => names[role]) : []
    const deleted = await deleteTopics(admin, doomed)
    const created = check ? [] : await createTopics(admin, config, create)
    return { created, deleted, ...(await inspectTopics(admin, names)) }
  })
}

function print(config: ServiceConfig, outcome: Outcome, json: boolean, io: Io): void {
  const { created, deleted, partitions, problems, warnings } = outcome
  const names = Object.values(topicNames(config))
  if (json) {
    const topics = names.map((name) => ({ name, created: created.includes(name) }))
    const report = { partitions, topics, deleted, problems, warnings }
    io.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
    return
  }
  const width = Math.max(...names.map((name) => name.length))
  for (const name of deleted) io.stdout.write(`${name.padEnd(width)}  deleted\n`)
  for (const name of names) {
    const state = created.includes(name) ? 'created' : 'exists'
    io.stdout.write(`${name.padEnd(width)}  ${state}\n`)
  }
  const each = partitions === 1 ? '1 partition' : `${partitions} partitions`
  io.stdout.write(`${each} in ${config.input.topic}\n`)
  for (const warning of warnings) io.stderr.write(`headrace: warning: ${warning}\n`)
  for (const problem of problems) io.stderr.write(`headrace: ${problem}\n`)
}

function printAcls(config: ServiceConfig, json: boolean, io: Io): number {
  const acls = neededAcls(config.name, topicNames(config))
  if (json) {
    io.stdout.write(`${JSON.stringify({ acls }, null, 2)}\n`)
    return 0
  }
  const { sasl, brokers } = config.kafka
  const user = sasl !== undefined && 'username' in sasl ? sasl.username : 'NAME'
  const server = brokers[0] ?? 'HOST:PORT'
  const section = (title: string, needs: Acl['for']): void => {
    io.stdout.write(`# ${title}\n`)
    for (const acl of acls.filter((entry) => entry.for === needs)) {
      io.stdout.write(`${aclCommand(acl, server, `User:${user}`)}\n`)
    }
  }
  section('needed by headrace run', 'run')
  section('needed by headrace topics alone', 'topics')
  return 0
}

function count<K extends string>(
  key: K,
  option: string,
  text: string | undefined,
): { [P in K]?: number } {
  if (text === undefined) return {}
  return { [key]: integerOption(option, text, 1) } as { [P in K]: number }
}
