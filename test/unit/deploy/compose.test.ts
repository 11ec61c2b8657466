import { describe, expect, test } from 'vitest'
import { kafkaVersion } from '../../../src/broker/distribution.ts'
import { command as demo } from '../../../src/cli/demo.ts'
import { command as run } from '../../../src/cli/run.ts'
import { command as topics } from '../../../src/cli/topics.ts'
import { HeadraceError } from '../../../src/errors.ts'
import { testIo } from '../cli/replay-support.ts'
import { type ComposeService, ownServices, parseCompose } from './compose.ts'
import { composeProblems, localPath, stackConfig } from './compose-rules.ts'
import { parseDockerfile } from './dockerfile.ts'
import { readText, root } from './repository.ts'

const text = readText('deploy/compose.yaml')
const compose = parseCompose(text)

test('the stack keeps the rules', () => {
  expect(composeProblems(compose)).toEqual([])
})

test.each([
  ['image: apache/kafka:4.1.0', 'image: apache/kafka:latest', /kafka: runs .* no whole version/],
  ['image: prom/prometheus:v3.13.3', 'image: prom/prometheus', /prometheus: runs/],
  ['"127.0.0.1:3000:3000"', '"3000:3000"', /grafana: publishes/],
  ['"127.0.0.1:3000:3000"', '"127.0.0.1:3000:3001"', /grafana: does not listen on 3001/],
  ['"127.0.0.1:9464:9464"', '"127.0.0.1:9464:9465"', /headrace: does not listen on 9465/],
  ['"127.0.0.1:9092:9092"', '"127.0.0.1:9092:9093"', /kafka: does not listen on 9093/],
  ['listen-address=:9090', 'listen-address=:9091', /prometheus: does not listen on 9090/],
  ['listen-address=:9090', 'listen-address=:9091', /grafana: nothing listens at http/],
  ['KAFKA_BROKERS: kafka:19092', 'KAFKA_BROKERS: kafka:19093', /connects to kafka:19093/],
  ['KAFKA_BROKERS: kafka:19092', 'KAFKA_BROKERS: broker:19092', /connects to broker:19092/],
  [
    'KAFKA_BROKERS: kafka:19092',
    'KAFKA_BROKERS: kafka:19092\n    KAFKA_USER: me',
    /does not use KAFKA_USER/,
  ],
  ['STACK://kafka:19092', 'STACK://broker:19092', /nothing is at STACK:/],
  ['KAFKA_LOG_DIRS: /var/lib/kafka/data', 'KAFKA_LOG_DIRS: /tmp', /in no volume/],
  ['ENABLE: "false"\n      # A demo', 'ENABLE: "true"\n      # A demo', /nobody has created/],
  ['./compose/headrace.yaml:/etc', './compose/head.yaml:/etc', /headrace.yaml is not mounted/],
  ['[run, --config, /etc/headrace/headrace.yaml]', '[run, --config, /etc/h.yaml]', /not mounted/],
  ['- ./prometheus:/etc/prometheus:ro', '- ./prometheus:/etc/prometheus', /may write/],
  ['config.file=/etc/prometheus/prometheus.yaml', 'config.file=/etc/p.yaml', /not mounted/],
  ['./prometheus:/etc/prometheus:ro', './prometheus:/etc/rules:ro', /not mounted/],
  ['./prometheus:/etc/prometheus:ro', './demo:/etc/prometheus:ro', /not mounted/],
  ['../grafana/provisioning:', '../grafana/provision:', /does not exist/],
  [':/etc/grafana/provisioning:ro', ':/etc/provisioning:ro', /nothing is mounted/],
  [':/etc/grafana/dashboards:ro', ':/etc/dashboards:ro', /its home .* does not exist/],
  ['dashboards/learning.json', 'dashboards/lerning.json', /its home .* does not exist/],
  ['condition: service_healthy', 'condition: service_started', /topics: does not wait/],
  ['condition: service_completed_successfully', 'condition: service_healthy', /has no check/],
  ['depends_on:\n      prometheus:', 'depends_on:\n      prometeus:', /is no service/],
  ['  read_only: true', '  read_only: false', /writable root/],
  ['  cap_drop: [ALL]', '  cap_drop: [NET_RAW]', /keeps capabilities/],
  ['security_opt: ["no-new-privileges:true"]', 'security_opt: []', /gain privileges/],
  ['    mem_limit: 512m\n\n  grafana', '\n  grafana', /prometheus: has no memory limit/],
  [
    'killed.\n    stop_grace_period: 30s',
    'killed.\n    stop_grace_period: 20s',
    /headrace: is kill/,
  ],
  ['- grafana-data:/var', '- grafana:/var', /there is no volume grafana/],
  ['restart: "no"', 'restart: always', /topics: has no restart policy/],
  ['- driver: nvidia', '- driver: other', /headrace-gpu: is to learn on a GPU/],
  ['deploy/Dockerfile.gpu', 'deploy/Dockerfile', /headrace-gpu: is to learn on a GPU/],
  ['profiles: [gpu]', 'profiles: [other]', /headrace-gpu: wants a GPU where nobody asked/],
  ['"127.0.0.1:9465:9464"', '"127.0.0.1:9465:9465"', /headrace-gpu: does not listen on 9465/],
])('a copy with %j as %j is refused', (from, to, problem) => {
  expect(text).toContain(from)
  const problems = composeProblems(parseCompose(text.replaceAll(from, to)))
  expect(problems.join('\n')).toMatch(problem)
})

test('Kafka is the version that the demo and the tests start', () => {
  expect(compose.services.kafka?.image).toBe(`apache/kafka:${kafkaVersion}`)
})

test('the configuration is one that `run` takes, of the series that the producer writes', () => {
  const config = stackConfig(compose)
  expect(config).toMatchObject({ name: 'taxi', input: { topic: 'taxi.live', from: 'earliest' } })
  expect(config.task).toMatchObject({ targets: ['passengers'], seasons: [48, 336] })
})

test('the profile gpu learns the same input by another name, with the kernel for a GPU', () => {
  const config = stackConfig(compose, 'headrace-gpu')
  expect(config).toMatchObject({ name: 'taxi-gpu', model: { kernel: 'tensorflow' } })
  const { input, task } = stackConfig(compose)
  expect(config).toMatchObject({ input, task })
  expect(config.model.block).toBeGreaterThan(100)
})

describe('the commands of the services', () => {
  const commands = { run, topics, demo }
  const nowhere = { KAFKA_BROKERS: '127.0.0.1:9' }

  /** How the program takes a service's command where no broker is: its error's code, or none. */
  async function outcome(service: ComposeService, ...more: string[]): Promise<string> {
    const [name = '', ...args] = service.command ?? []
    const local = args.map((word) => {
      const path = word.startsWith('/') ? localPath(service, word) : null
      return path === null ? word : `${root}${path}`
    })
    const command = commands[name as keyof typeof commands]
    // `run` looks at the topics several times; it needs to do so once.
    const signal = AbortSignal.timeout(name === 'run' ? 200 : 60_000)
    try {
      await command.run([...local, ...more], testIo({ env: nowhere, signal }))
      return 'no error'
    } catch (error) {
      return error instanceof HeadraceError ? error.code : String(error)
    }
  }

  test.concurrent.each(ownServices(compose))('%s: its options are known', async (name, service) => {
    const unreachable = name.startsWith('headrace') ? 'no error' : 'HEADRACE_KAFKA_UNREACHABLE'
    expect(await outcome(service)).toBe(unreachable)
    expect(await outcome(service, '--frobnicate')).toBe('HEADRACE_USAGE')
  })

  test('the image’s own command is the service’s', () => {
    const last = parseDockerfile(readText('deploy/Dockerfile')).at(-1)
    const own = last?.instructions.find(({ name }) => name === 'CMD')?.exec
    expect(own).toEqual(compose.services.headrace?.command)
  })
})
