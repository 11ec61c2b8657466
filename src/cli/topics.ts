import { loadServiceConfig } from '../config/load.ts'
import type { ServiceConfig } from '../config/schema.ts'
import { type Acl, aclCommand, neededAcls } from '../kafka/acls.ts'
import { type CreateOptions, isGroupIdle, topicNames, withAdmin } from '../kafka/topics.ts'
import type { Command, Io } from './command.ts'
import { canAsk, isConfirmed } from './confirm.ts'
import { configOptions, integerOption, parseOptions, singleConfig, usageError } from './options.ts'
import { type TopicsOutcome, topicsJson, topicsLines } from './topics-report.ts'
import { carryOut, ourTopicsOf } from './topics-work.ts'

const help = `headrace topics: creates, checks and explains the topics, lists the ACLs

Usage: headrace topics --config FILE [--set path=value]… [options]

Creates what is missing of NAME.predictions, NAME.dead-letters and NAME.changelog, with as many
partitions as the input topic has, and looks at what is there: each setting that is not as it would
be created or that puts records at risk, what follows from it, and the command that changes it. A
topic that exists is never changed. Prints for each topic what 'run' refuses ('refused'), what it
lives with ('warning'), and what is good to know ('note').

  -c, --config FILE         the configuration
  --set path=value          overrides a value of it; may be repeated
  --check                   create nothing
  --dry-run                 do nothing, and show what would be created, with all settings
  --create-input N          create the input topic too where it is missing, with N partitions
  --replication-factor N    copies of each new topic; by default what the brokers are set to
  --reset                   start the application anew: DELETES its three topics with all
                            predictions, its state and its group offsets, and creates them empty.
                            Asks first; refuses while a process of the application runs
  --yes                     with --reset: do not ask; needed where there is no terminal
  --acls                    print the commands that grant the rights headrace needs, without
                            contacting a broker
  --json                    print one JSON object

Exit codes: 0 fine, 1 not confirmed, or the group has members, 2 usage, 69 brokers or topics not as
they must be, 78 mistakes in the configuration.

Examples:
  headrace topics -c taxi.yaml --dry-run
  headrace topics -c taxi.yaml
  headrace topics -c taxi.yaml --check
  headrace topics -c taxi.yaml --reset --yes
  headrace topics -c taxi.yaml --acls
`

const options = {
  ...configOptions,
  check: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  'create-input': { type: 'string' },
  'replication-factor': { type: 'string' },
  reset: { type: 'boolean' },
  yes: { type: 'boolean' },
  acls: { type: 'boolean' },
} as const

const exitUnsuitable = 69
const exitUnconfirmed = 1

export const command: Command = {
  summary: 'creates, checks and explains the topics, lists ACLs',
  help,
  run,
}

async function run(args: readonly string[], io: Io): Promise<number> {
  const { values } = parseOptions(args, options)
  const { check = false, reset = false, yes = false, acls = false, json = false } = values
  const dryRun = values['dry-run'] === true
  excludeEachOther({ '--check': check, '--reset': reset, '--acls': acls })
  excludeEachOther({ '--check': check, '--dry-run': dryRun, '--acls': acls })
  if (yes && !reset) throw usageError('--yes goes with --reset.')
  const create: CreateOptions = {
    ...count('inputPartitions', '--create-input', values['create-input']),
    ...count('replicationFactor', '--replication-factor', values['replication-factor']),
  }
  const file = singleConfig(values.config, 'topics')
  const { config } = loadServiceConfig({ file, sets: values.set, env: io.env })
  if (acls) return printAcls(config, json, io)
  const request = { check, dryRun, reset, create }
  const isSure = yes || !reset || dryRun
  if (!isSure && !(await mayReset(config, io))) {
    io.stderr.write('headrace: not confirmed: nothing was deleted.\n')
    return exitUnconfirmed
  }
  const outcome = await carryOut(config, request)
  print(config.input.topic, outcome, json, io)
  return outcome.problems.length === 0 ? 0 : exitUnsuitable
}

function excludeEachOther(given: Readonly<Record<string, boolean>>): void {
  const names = Object.keys(given).filter((name) => given[name])
  if (names.length > 1) throw usageError(`${names.join(' and ')} exclude each other.`)
}

/** Whether the user knows what will be gone. Throws while the group has members. */
async function mayReset(config: ServiceConfig, io: Io): Promise<boolean> {
  if (!canAsk(io)) {
    throw usageError('--reset deletes topics, and there is no terminal to ask on: add --yes.')
  }
  const doomed = await withAdmin(config.kafka, async (admin) => {
    await isGroupIdle(admin, config.name)
    return ourTopicsOf(config, await admin.listTopics())
  })
  const { name } = config
  io.stderr.write(
    `This deletes the group ${name} with its offsets and ` +
      `${doomed.length === 0 ? 'no topic' : doomed.join(', ')}, with all predictions and states ` +
      'in them. They cannot be had back.\n',
  )
  return isConfirmed(`Type the name of the application (${name}) to go on: `, name, io)
}

function print(input: string, outcome: TopicsOutcome, json: boolean, io: Io): void {
  const { problems } = outcome
  if (json) {
    io.stdout.write(`${JSON.stringify(topicsJson(outcome), null, 2)}\n`)
    return
  }
  io.stdout.write(`${topicsLines(input, outcome).join('\n')}\n`)
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
  section('needed by headrace verify beyond that', 'verify')
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
