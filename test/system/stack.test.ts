import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../integration/support/broker.ts'
import { readText, root } from '../unit/deploy/repository.ts'

const exec = promisify(execFile)
const project = 'headrace-test'
const upTimeoutMs = 900_000
const liveTimeoutMs = 180_000

// `npm run test:stack`, on a machine with a Docker engine and with the ports of deploy/compose.yaml
// free. Pulls images.

async function dockerCompose(...args: string[]): Promise<string> {
  const words = ['compose', '-f', 'deploy/compose.yaml', '-p', project, ...args]
  const { stdout } = await exec('docker', words, { cwd: root, maxBuffer: 64 * 1024 * 1024 })
  return stdout
}

async function json(url: string): Promise<unknown> {
  const answer = await fetch(url)
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

/** The value of an instant query that yields one; null without data. */
async function query(base: string, expression: string): Promise<number | null> {
  const url = `${base}/api/v1/query?query=${encodeURIComponent(expression)}`
  const { data } = (await json(url)) as { data: { result: { value: [number, string] }[] } }
  const value = data.result[0]?.value[1]
  return value === undefined ? null : Number(value)
}

beforeAll(async () => {
  await dockerCompose('up', '--build', '--detach', '--wait', '--wait-timeout', '600')
}, upTimeoutMs)

afterAll(async () => {
  await dockerCompose('down', '--volumes', '--timeout', '30')
}, upTimeoutMs)

test('all services run and are healthy', async () => {
  const lines = (await dockerCompose('ps', '--all', '--format', 'json')).trim().split('\n')
  const services = lines.flatMap((line) => JSON.parse(line) as Record<string, unknown>[] | object)
  const states = services.map((entry) => {
    const { Service, State, Health, ExitCode } = entry as Record<string, unknown>
    return `${Service} ${State} ${Health || ExitCode}`
  })
  expect(states.toSorted()).toEqual([
    'grafana running healthy',
    'headrace running healthy',
    'kafka running healthy',
    'producer running 0',
    'prometheus running healthy',
    'topics exited 0',
  ])
})

test('Prometheus scrapes predictions of both tasks, and its rules are loaded', async () => {
  const prometheus = 'http://127.0.0.1:9090'
  const tasks = 'count(rate(headrace_predictions_total[1m]) > 0)'
  await until('two tasks', async () => (await query(prometheus, tasks)) === 2, liveTimeoutMs)
  const { data } = (await json(`${prometheus}/api/v1/rules`)) as {
    data: { groups: { rules: { health: string }[] }[] }
  }
  const health = data.groups.flatMap(({ rules }) => rules.map((rule) => rule.health))
  expect(health.length).toBeGreaterThan(0)
  expect(new Set(health)).toEqual(new Set(['ok']))
})

test('Grafana shows the learning dashboard to whoever opens it, and gets data for it', async () => {
  const grafana = 'http://127.0.0.1:3000'
  const home = (await json(`${grafana}/api/dashboards/home`)) as { dashboard: { title: string } }
  const learning = JSON.parse(readText('grafana/dashboards/learning.json'))
  expect(home.dashboard.title).toBe(learning.title)
  const proxy = `${grafana}/api/datasources/proxy/uid/prometheus`
  const predictions = 'sum(headrace_predictions_total)'
  const isLive = async () => ((await query(proxy, predictions)) ?? 0) > 0
  await until('predictions by way of Grafana', isLive, liveTimeoutMs)
}, 300_000)
