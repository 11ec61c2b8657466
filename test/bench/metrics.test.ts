import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { benchMetrics } from '../../src/bench/metrics.ts'
import {
  type MeteredPlan,
  type MeteredService,
  type MetricsBenchOptions,
  quickMetricsScale,
  type Round,
} from '../../src/bench/metrics-service.ts'
import { systemBenchClock } from '../../src/bench/rounds.ts'

const exposition = '# HELP a A.\n# TYPE a gauge\na{b="ü"} 1\na{b="d"} 2\n'

/** A record costs 10 µs, 1 more where it is watched and 3 more while a page is open. */
class FakeService implements MeteredService {
  readonly log: string[] = []
  isClosed = false
  readonly #plan: MeteredPlan
  #pages = 0

  constructor(plan: MeteredPlan) {
    this.#plan = plan
  }

  async steady(recordsPerSecond: number, ms: number): Promise<Round> {
    this.log.push('steady')
    await delay(1)
    return this.#round((recordsPerSecond * ms) / 1_000)
  }

  async backlog(records: number): Promise<Round> {
    this.log.push('backlog')
    return this.#round(records)
  }

  async scrape(): Promise<string> {
    this.log.push('scrape')
    return exposition
  }

  async openPage(): Promise<() => Promise<void>> {
    this.#pages++
    return async () => void this.#pages--
  }

  async close(): Promise<void> {
    this.isClosed = true
  }

  #round(records: number): Round {
    const each = 10 + (this.#plan.isWatched ? 1 : 0) + 3 * this.#pages
    const ms = (records * each) / 1_000
    return { records, elapsedMs: ms, processorMs: ms }
  }
}

function fakes() {
  const services: FakeService[] = []
  const options: MetricsBenchOptions = {
    clock: systemBenchClock,
    signal: new AbortController().signal,
    kernel: 'wasm',
    scale: { ...quickMetricsScale, pairs: 6, roundMs: 40 },
    start: async (plan) => {
      const service = new FakeService(plan)
      services.push(service)
      return service
    },
  }
  return { services, options }
}

describe('benchMetrics', () => {
  test('tells what watching costs of the records that the same time is good for', async () => {
    const { services, options } = fakes()
    const rows = await benchMetrics(options)
    const overheads = rows.filter((row) => row.bench === 'metrics-overhead')
    expect(overheads.map(({ what }) => what)).toEqual(['metrics', 'page'])
    // Six pairs for each, and one service with eight partitions.
    expect(services).toHaveLength(2 * 6 * 2 + 1)
    for (const row of overheads) {
      const [watched, plain] = row.what === 'metrics' ? [11, 10] : [14, 11]
      expect(row.microseconds).toBeCloseTo(watched, 9)
      expect(row.plainMicroseconds).toBeCloseTo(plain, 9)
      for (const loss of [row.processorLoss, row.processorFrom, row.backlogLoss, row.backlogTo]) {
        expect(loss).toBeCloseTo(1 - plain / watched, 9)
      }
      expect(row.backlogPerSecond).toBeCloseTo(1e6 / watched, 6)
    }
    expect(services.every(({ isClosed }) => isClosed)).toBe(true)
  })

  test('counts series and bytes of the scrapes', async () => {
    const { options } = fakes()
    const row = (await benchMetrics(options)).find(({ bench }) => bench === 'metrics-scrape')
    expect(row).toMatchObject({ tasks: 8, series: 2, bytes: exposition.length + 1, scrapes: 3 })
  })

  test('ends the services of a bench that fails or is interrupted', async () => {
    const { services, options } = fakes()
    const controller = new AbortController()
    const aborting = {
      ...options,
      signal: controller.signal,
      start: async (plan: MeteredPlan) => {
        const service = await options.start(plan)
        controller.abort(new Error('enough'))
        return service
      },
    }
    await expect(benchMetrics(aborting)).rejects.toThrow('enough')
    expect(services.length).toBeGreaterThan(0)
    expect(services.every(({ isClosed }) => isClosed)).toBe(true)
  })
})
