import { expect, test } from 'vitest'
import { command } from '../../../src/cli/bench.ts'
import { testIo } from '../../unit/cli/replay-support.ts'

const limitMs = 240_000

test(
  'what watching costs is measured on real services, one process each',
  async () => {
    const io = testIo({})
    expect(await command.run(['--only', 'metrics', '--quick', '--json'], io)).toBe(0)
    expect(io.stderr.text).toBe('')
    const rows = JSON.parse(io.stdout.text) as Record<string, unknown>[]
    const overhead = { bench: 'metrics-overhead', kernel: 'wasm', recordsPerSecond: 20_000 }
    expect(rows).toMatchObject([
      { ...overhead, what: 'metrics', pairs: 1, turns: 1, reach: 0.03 },
      { ...overhead, what: 'page', pairs: 1, turns: 1, reach: 0.02 },
      { bench: 'metrics-scrape', tasks: 8, reachMs: 20, reachBytes: 200_000 },
    ])
    for (const row of rows) {
      const costs = row.bench === 'metrics-overhead' ? ['microseconds', 'plainMicroseconds'] : []
      const rates = row.bench === 'metrics-overhead' ? ['backlogPerSecond'] : ['medianMs']
      for (const name of [...costs, ...rates]) expect(row[name], name).toBeGreaterThan(0)
    }
    const [scrape] = rows.filter(({ bench }) => bench === 'metrics-scrape')
    // Every task has its own series of every kind.
    expect(scrape?.series).toBeGreaterThan(8 * 100)
    expect(scrape?.bytes).toBeGreaterThan(50_000)
  },
  limitMs,
)
