import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { demoFile } from '../../../src/cli/demo-data.ts'
import {
  brokers,
  createTopic,
  deleteTopics,
  type ReadRecord,
  readToEnd,
  uniqueName,
  until,
} from '../support/broker.ts'

const bin = fileURLToPath(new URL('../../../bin/headrace.js', import.meta.url))
const config = fileURLToPath(demoFile('taxi.yaml'))

interface Producer {
  readonly child: ChildProcess
  stderr(): string
  readonly exited: Promise<number | null>
}

function produce(topic: string, ...more: string[]): Producer {
  const sets = [`input.topic=${topic}`, `kafka.brokers=${brokers().join(',')}`]
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
