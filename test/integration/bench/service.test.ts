import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import type { BenchRow } from '../../../src/bench/rows.ts'
import { command } from '../../../src/cli/bench.ts'
import { brokers, withAdmin } from '../support/broker.ts'

function sink() {
  const chunks: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk))
      done()
    },
  })
  return { stream, text: () => chunks.join('') }
}

async function bench(...args: string[]) {
  const [stdout, stderr] = [sink(), sink()]
  const code = await command.run(['--only', 'service', '--quick', '--json', ...args], {
    stdin: process.stdin,
    stdout: stdout.stream,
    stderr: stderr.stream,
    env: { ...process.env, KAFKA_BROKERS: brokers().join() },
    signal: new AbortController().signal,
  })
  expect([code, stderr.text()]).toEqual([0, ''])
  return JSON.parse(stdout.text()) as BenchRow[]
}

async function benchTopics(): Promise<string[]> {
  const topics = await withAdmin((admin) => admin.listTopics())
  return topics.filter((topic) => topic.startsWith('headrace-bench-'))
}

/** Every figure that was measured is there. */
function expectFigures(rows: readonly BenchRow[]): void {
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      if (typeof value === 'number') expect(value, `${row.bench} ${name}`).toBeGreaterThan(0)
    }
  }
}

const limitMs = 240_000

test(
  'backlog, latency and idleness of a service are measured, and no topic is left',
  async () => {
    const rows = await bench('--parts', 'backlog,latency,idle')
    expect(rows.map(({ bench }) => bench)).toEqual([
      ...['service-backlog', 'service-backlog', 'service-backlog'],
      ...['service-latency', 'service-idle', 'service-idle'],
    ])
    expectFigures(rows)
    const [network, full, many] = rows
    expect(network).toMatchObject({ portfolio: 'network', sequences: 1, fields: 3, reach: 0.6 })
    expect(full).toMatchObject({ portfolio: 'full', sequences: 1, fields: 3, reach: null })
    expect(many).toMatchObject({ portfolio: 'network', sequences: 1000, fields: 4, beyond: null })
    expect(rows[3]).toMatchObject({ producedPerSecond: 500, commitIntervalMs: 100, reachMs: 140 })
    expect(rows.slice(4)).toMatchObject([{ partitions: 1 }, { partitions: 8 }])
    expect(await benchTopics()).toEqual([])
  },
  limitMs,
)

test(
  'how long there is no prediction is measured after kills, a stall and a restart',
  async () => {
    const rows = await bench('--parts', 'kill,stall,rolling')
    const common = { bench: 'service-pause', kernel: 'wasm', repeats: 1 }
    expect(rows).toMatchObject([
      { ...common, cause: 'kill-takeover', processes: 2, partitions: 1, reachMs: 10_000 },
      { ...common, cause: 'kill-restart', processes: 1, partitions: 1, beyondMs: 8000 },
      { ...common, cause: 'stalled-commit', processes: 1, partitions: 1, reachMs: 5000 },
      { ...common, cause: 'rolling-restart', processes: 2, partitions: 4, beyondMs: 2000 },
    ])
    expectFigures(rows)
    // A killed process is missed by its group when its session ends, 6 s after its last heartbeat.
    for (const row of rows.slice(0, 2)) expect(row).toHaveProperty('worstMs')
    const [takeover] = rows
    expect(takeover?.bench === 'service-pause' && takeover.worstMs).toBeGreaterThan(3000)
    expect(await benchTopics()).toEqual([])
  },
  limitMs,
)
