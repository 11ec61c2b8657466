import { expect, test } from 'vitest'
import type { Hello, Points, Status } from '../../../src/telemetry/page/client/protocol.ts'
import { produce, readToEnd, until } from '../support/broker.ts'
import { type App, createApp, learntUpTo, Run, rows } from './support.ts'

const token = 'a-token-for-this-test'

/** One published prediction, as far as a page shows it. */
interface Published {
  readonly sequence: string
  readonly predictions: readonly {
    readonly target: string
    readonly horizon: number
    readonly mean: number
    readonly intervals: readonly { readonly lower: number; readonly upper: number }[]
  }[]
  readonly observed: { readonly y: { readonly value: number | null } }
  readonly model: { readonly records: number }
}

/** Reads the stream of a page until it ends. */
class Page {
  readonly hello: Hello[] = []
  readonly statuses: Status[] = []
  readonly points: Points[] = []
  isEnded = false

  constructor(response: Response) {
    void this.#read(response).finally(() => {
      this.isEnded = true
    })
  }

  async #read({ body }: Response): Promise<void> {
    let text = ''
    for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const events = (text + chunk).split('\n\n')
      text = events.pop() ?? ''
      for (const event of events) this.#take(event)
    }
  }

  #take(event: string): void {
    const [, name, data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(event) ?? []
    if (name === 'hello') this.hello.push(JSON.parse(data))
    if (name === 'status') this.statuses.push(JSON.parse(data))
    if (name === 'points') this.points.push(JSON.parse(data))
  }
}

async function open(run: Run, query: string): Promise<Page> {
  const { url } = await run.event('http.listening')
  const headers = { authorization: `Bearer ${token}` }
  const response = await fetch(`${url}/events${query}`, { headers })
  expect(response.status).toBe(200)
  return new Page(response)
}

async function publishedOf(app: App, partition: number, sequence: string): Promise<Published[]> {
  const records = await readToEnd(app.topics.predictions)
  return records
    .filter((record) => record.partition === partition)
    .map(({ value }) => JSON.parse(value ?? '') as Published)
    .filter((each) => each.sequence === sequence)
}

/** Points of a page, each once, by the count of records in its partition. */
function pointsOf({ points }: Page): Map<number, Points['points'][number]> {
  const live = points.filter(({ isReset }) => !isReset).flatMap((each) => each.points)
  expect(new Set(live.map(([records]) => records)).size).toBe(live.length)
  return new Map(live.map((point) => [point[0], point]))
}

test('a page under load sees what is published, and how the service fares', async () => {
  const http = { port: 0, token: `\${HEADRACE_PAGE_TOKEN:${token}}` }
  const app = await createApp(2, { http })
  await produce(app.topics.input, [...rows(0, 300, 0), ...rows(0, 30, 1)])
  const run = new Run(app.file, ['--set', 'log.level=debug'])
  await learntUpTo(app, [300, 30], run)
  expect((await run.get('/events')).status).toBe(401)
  const chosen = await open(run, '?partition=1&sequence=key-2&horizon=3')
  const free = await open(run, '')
  await until('the pasts', () => chosen.points.length > 0 && free.points.length > 0)

  for (let from = 300; from < 1_500; from += 60) {
    await produce(app.topics.input, [...rows(from, from + 60, 0), ...rows(from, from + 30, 1)])
  }
  await learntUpTo(app, [1_500, 630], run)
  const deadLetters = 30 + 12
  const isDone = ({ statuses }: Page) => statuses.at(-1)?.deadLetters.total === deadLetters
  await until('the last status', () => isDone(chosen) && isDone(free))
  expect((await run.get('/metrics')).body).toMatch(/headrace_page_clients\{.*\} 2\n/)
  const status = free.statuses.at(-1) as Status
  const { url } = await run.event('http.listening')
  const headers = { authorization: `Bearer ${token}` }
  const found = await fetch(`${url}/sequences?q=KEY-1`, { headers })
  expect(await found.json()).toEqual({
    sequences: [0, 1].map((partition) => ({ partition, sequence: 'key-1' })),
    isCut: false,
  })
  const { code, durationMs } = await run.terminate()
  expect([code, run.stderr.includes(token)]).toEqual([0, false])
  expect(durationMs).toBeLessThan(15_000)
  await until('the ends', () => chosen.isEnded && free.isEnded)

  expect(chosen.hello).toMatchObject([
    { application: app.config.name, targets: ['y'], horizons: [1, 3], levels: [0.8, 0.95] },
  ])
  const published = await publishedOf(app, 1, 'key-2')
  const told = pointsOf(chosen)
  expect(told.size).toBeGreaterThan(100)
  for (const [i, { observed, model }] of published.entries()) {
    const point = told.get(model.records)
    if (point === undefined) continue
    // What was published three own steps earlier, three ahead.
    const made = published[i - 3]?.predictions.find(({ horizon }) => horizon === 3)
    const bounds = made?.intervals.map(({ lower, upper }) => [lower, upper])
    expect(point.slice(2)).toEqual([observed.y.value, made?.mean, bounds])
  }
  const newest = published.at(-1)?.predictions.find(({ horizon }) => horizon === 3)
  expect(chosen.points.at(-1)?.next?.mean).toBe(newest?.mean)

  const { choice } = free.points.at(-1) as Points
  expect(choice).toMatchObject({ target: 'y', horizon: 1 })
  expect(pointsOf(free).size).toBeGreaterThan(0)
  expect(status.tasks.map(({ partition, state }) => [partition, state])).toEqual([
    [0, 'RUNNING'],
    [1, 'RUNNING'],
  ])
  expect(status.deadLetters.recent[0]).toMatchObject({ code: 'HEADRACE_RECORD_WRONG_TYPE' })
  expect(status.scores[0]).toMatchObject({ member: 'mixture' })
  expect(status.scores[0]?.fadingMae).toBeGreaterThan(0)
  expect(status.coverage.map(({ level }) => level)).toEqual([0.8, 0.95])
  expect(Math.max(...free.statuses.map((each) => each.recordsPerSecond ?? 0))).toBeGreaterThan(0)
})
