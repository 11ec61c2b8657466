import { setTimeout as delay } from 'node:timers/promises'
import { comparePairs, type Side } from './metrics-pairs.ts'
import type { MetricsOverheadRow, MetricsRow, MetricsScrapeRow } from './metrics-rows.ts'
import type { MeteredPlan, MeteredService, MetricsBenchOptions, Round } from './metrics-service.ts'
import { breathe } from './rounds.ts'
import { median } from './statistics.ts'

/** Of a steady stream, in records a second. */
const scrapedPerSecond = 1_000
const reachMs = 20
const reachBytes = 200_000
const scrapeEveryMs = 1_000

/** What watching costs: metrics and scrapes, the live page, and how long a scrape takes. */
export async function benchMetrics(options: MetricsBenchOptions): Promise<MetricsRow[]> {
  const benches = [metricsOverhead, pageOverhead, scrapes]
  const rows: MetricsRow[] = []
  for (const [i, bench] of benches.entries()) {
    const onProgress = (fraction: number) => options.onProgress?.((i + fraction) / benches.length)
    rows.push(await bench({ ...options, onProgress }))
    onProgress(1)
  }
  return rows
}

/** Starts services, and ends them whatever becomes of `use`. */
async function withServices<T>(
  options: MetricsBenchOptions,
  plans: readonly MeteredPlan[],
  use: (services: readonly MeteredService[]) => Promise<T>,
): Promise<T> {
  const services: MeteredService[] = []
  try {
    for (const plan of plans) services.push(await options.start(plan))
    return await use(services)
  } finally {
    await Promise.all(services.map((service) => service.close()))
  }
}

/** All metrics and a scrape a second, against a service that nobody watches. */
function metricsOverhead(options: MetricsBenchOptions): Promise<MetricsOverheadRow> {
  const plan = planOf(options)
  const plans = [plan, { ...plan, isWatched: false }]
  return comparePairs(options, 'metrics', plan, (measure) =>
    withServices(options, plans, async ([watched, plain]) => {
      if (watched === undefined || plain === undefined) throw new Error('two services were started')
      const scraped: Side = {
        steady: (perSecond, ms) => whileScraped(watched, watched.steady(perSecond, ms)),
        backlog: (records) => whileScraped(watched, watched.backlog(records)),
      }
      return await measure(() => ({ watched: scraped, plain }))
    }),
  )
}

/** The stream of one live page, against a service like it without. */
function pageOverhead(options: MetricsBenchOptions): Promise<MetricsOverheadRow> {
  const plan = planOf(options)
  return comparePairs(options, 'page', plan, (measure) =>
    withServices(options, [plan, plan], async ([one, other]) => {
      if (one === undefined || other === undefined) throw new Error('two services were started')
      return await measure((turn) =>
        turn % 2 === 0
          ? { watched: paged(one), plain: other }
          : { watched: paged(other), plain: one },
      )
    }),
  )
}

/** A service with a live page open in every round. */
function paged(service: MeteredService): Side {
  const open = async (round: () => Promise<Round>): Promise<Round> => {
    const close = await service.openPage()
    try {
      return await round()
    } finally {
      await close()
    }
  }
  return {
    steady: (perSecond, ms) => open(() => service.steady(perSecond, ms)),
    backlog: (records) => open(() => service.backlog(records)),
  }
}

/** One network by itself: the less a record costs, the more of it is what watching costs. */
function planOf({ kernel }: MetricsBenchOptions): MeteredPlan {
  return { kernel, portfolio: 'network', partitions: 1, sequences: 64, isWatched: true }
}

/** Scrapes once a second until the round has ended. */
async function whileScraped(service: MeteredService, round: Promise<Round>): Promise<Round> {
  let isOver = false
  const over = round.finally(() => {
    isOver = true
  })
  const scraping = (async () => {
    await Promise.race([over, delay(scrapeEveryMs / 2)])
    while (!isOver) {
      await service.scrape()
      await Promise.race([over, delay(scrapeEveryMs)])
    }
  })()
  await Promise.all([over, scraping])
  return await round
}

/** Scrapes of eight tasks with the whole portfolio, while records come. */
function scrapes(options: MetricsBenchOptions): Promise<MetricsScrapeRow> {
  const { kernel, clock, scale } = options
  const tasks = 8
  const plan: MeteredPlan = { ...planOf(options), portfolio: 'full', partitions: tasks }
  return withServices(options, [plan], async ([service]) => {
    if (service === undefined) throw new Error('a service was started')
    for (let i = 0; i < scale.warmUpRounds; i++)
      await service.steady(scrapedPerSecond, scale.roundMs)
    const durations: number[] = []
    let text = ''
    while (durations.length < scale.scrapes) {
      await breathe(options.signal)
      const round = service.steady(scrapedPerSecond, scale.roundMs)
      while (durations.length < scale.scrapes && !(await isSettled(round))) {
        await delay(scale.roundMs / 20)
        const beganMs = clock.monotonicMs()
        text = await service.scrape()
        durations.push(clock.monotonicMs() - beganMs)
      }
      await round
    }
    return {
      ...{ bench: 'metrics-scrape', kernel, tasks, recordsPerSecond: scrapedPerSecond },
      series: text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length,
      bytes: Buffer.byteLength(text),
      scrapes: durations.length,
      medianMs: median(durations),
      worstMs: Math.max(...durations),
      ...{ reachMs, reachBytes },
    }
  })
}

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const open = Symbol('open')
  return (await Promise.race([promise, Promise.resolve(open)])) !== open
}
