import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { freePorts } from '../../../src/broker/free-ports.ts'
import { demoFile } from '../../../src/cli/demo-data.ts'
import { KafkaProxy } from '../chaos/proxy.ts'
import { canStartBroker, MortalBroker } from '../service/mortal-broker.ts'
import {
  brokers,
  createTopic,
  deleteTopics,
  type ReadRecord,
  readToEnd,
  uniqueName,
  until,
  withAdmin,
} from '../support/broker.ts'

const bin = fileURLToPath(new URL('../../../bin/headrace.js', import.meta.url))
const config = fileURLToPath(demoFile('taxi.yaml'))

interface Producer {
  readonly child: ChildProcess
  stderr(): string
  readonly exited: Promise<number | null>
}

function produce(topic: string, ...more: string[]): Producer {
  return produceTo(brokers(), topic, ...more)
}

function produceTo(addresses: readonly string[], topic: string, ...more: string[]): Producer {
  const sets = [`input.topic=${topic}`, `kafka.brokers=${addresses.join(',')}`]
  const args = [
    'demo',
    '--produce',
    '-c',
    config,
    ...sets.flatMap((set) => ['--set', set]),
    ...more,
  ]
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve))
  return { child, stderr: () => stderr, exited }
}

function times(records: readonly ReadRecord[], key: string): number[] {
  return records
    .filter((record) => record.key === key)
    .map(({ value }) => Date.parse(JSON.parse(value ?? '').timestamp))
}

test('writes at its rate and in order, ends at SIGTERM, goes on where the clock is', async () => {
  const topic = uniqueName('live')
  await createTopic(topic, 2)
  onTestFinished(() => deleteTopics([topic]))
  const beganMs = Date.now()
  const counts: number[] = []
  for (let round = 1; round <= 2; round++) {
    const { child, stderr, exited } = produce(topic, '--speed', '200', '--sequences', '4')
    await until('it writes', () => stderr().includes('200 records/s of 4 sequences'))
    const before = counts.at(-1) ?? 0
    await until('200 records', async () => (await readToEnd(topic)).length >= before + 200)
    child.kill('SIGTERM')
    expect(await exited, stderr()).toBe(0)
    const [, written = ''] = /: ([\d,]+) records written/.exec(stderr()) ?? []
    counts.push(before + Number(written.replace(',', '')))
    // Everything that was acknowledged is there, and nothing else.
    expect(await readToEnd(topic)).toHaveLength(counts.at(-1)!)
  }
  const endedMs = Date.now()
  const records = await readToEnd(topic)
  expect(new Set(records.map(({ key }) => key))).toEqual(
    new Set(['week-00', 'week-07', 'week-15', 'week-22']),
  )
  for (const key of ['week-00', 'week-07', 'week-15', 'week-22']) {
    const steps = times(records, key)
    const gaps = steps.slice(1).map((time, i) => time - steps[i]!)
    expect(Math.min(...steps)).toBeGreaterThanOrEqual(beganMs)
    expect(Math.max(...steps)).toBeLessThanOrEqual(endedMs)
    // Ascending over the restart too; the only gap is where no producer was.
    expect(gaps.every((gap) => gap > 0)).toBe(true)
    expect(gaps.filter((gap) => gap !== 20)).toHaveLength(1)
    const partitions = records.filter((record) => record.key === key).map((r) => r.partition)
    expect(new Set(partitions).size).toBe(1)
  }
})

test('a topic that is missing is an error that names the remedy', async () => {
  const { stderr, exited } = produce(uniqueName('missing'))
  expect(await exited).toBe(69)
  expect(stderr()).toMatch(/missing-\w+ does not exist .*headrace topics/)
})

/** A broker that clients reach through a proxy alone, and we beside it. */
async function frozenAtWill() {
  const proxy = await KafkaProxy.listen()
  onTestFinished(() => proxy.close())
  const [port = 0] = await freePorts(1)
  const broker = await MortalBroker.start((direct, controller) => ({
    listeners: `PLAINTEXT://${direct},PROXIED://127.0.0.1:${port},CONTROLLER://${controller}`,
    'advertised.listeners': `PLAINTEXT://${direct},PROXIED://${proxy.address}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
  }))
  onTestFinished(() => broker.stop())
  proxy.leadTo(port)
  return { proxy, broker }
}

// A machine that reaches Kafka by another way has no broker to freeze; CI has to have both.
const testWithBroker = test.runIf(canStartBroker || process.env.CI !== undefined)

testWithBroker.each(['SIGINT', 'SIGTERM'] as const)(
  '%s ends it within two seconds while the broker is frozen',
  async (signal) => {
    const { proxy, broker } = await frozenAtWill()
    const topic = uniqueName('frozen')
    const direct = [broker.address]
    const topics = [{ topic, numPartitions: 2 }]
    await withAdmin((admin) => admin.createTopics({ topics, waitForLeaders: true }), direct)
    const countOf = async () => {
      const ends = await withAdmin((admin) => admin.fetchTopicOffsets(topic), direct)
      return ends.reduce((sum, { high }) => sum + Number(high), 0)
    }
    const { child, stderr, exited } = produceTo([proxy.address], topic, '--speed', '200')
    await until('200 records', async () => (await countOf()) >= 200)
    const thaw = proxy.stall()
    // Steps are 40 ms apart: when none has come for so long, one is being sent.
    let [count, sinceMs] = [await countOf(), performance.now()]
    await until('standstill', async () => {
      const next = await countOf()
      if (next !== count) [count, sinceMs] = [next, performance.now()]
      return performance.now() - sinceMs > 500
    })
    const signalledMs = performance.now()
    child.kill(signal)
    expect(await exited, stderr()).toBe(0)
    expect(performance.now() - signalledMs).toBeLessThan(3_000)
    thaw()
    const found = /: ([\d,]+) records written, (\d+) more sent and not acknowledged\n/.exec(
      stderr(),
    )
    const [written = 0, inDoubt = 0] = (found?.slice(1) ?? []).map((n) =>
      Number(n.replace(',', '')),
    )
    expect(written).toBeGreaterThan(0)
    expect(inDoubt).toBeGreaterThan(0)
    // All that was acknowledged is there; of the rest what came through before the frost.
    expect(count).toBeGreaterThanOrEqual(written)
    expect(count).toBeLessThanOrEqual(written + inDoubt)
  },
)
