import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Message } from 'kafkajs'
import { onTestFinished } from 'vitest'
import { stringify } from 'yaml'
import { loadServiceConfig } from '../../../src/config/load.ts'
import type { ServiceConfig } from '../../../src/config/schema.ts'
import { createTopics, topicNames, withAdmin } from '../../../src/kafka/topics.ts'
import { createOutputEncoder } from '../../../src/task/engine/output-encoder.ts'
import { openProcessor } from '../../../src/task/open-processor.ts'
import { Processor } from '../../../src/task/processor.ts'
import { predictionOf } from '../../unit/task/support/prediction.ts'
import { parseExposition } from '../../unit/telemetry/exposition.ts'
import {
  brokers,
  createTopic,
  type ReadRecord,
  readToEnd,
  uniqueName,
  until,
} from '../support/broker.ts'

export const binary = fileURLToPath(new URL('../../../bin/headrace.js', import.meta.url))

/** A configuration with topics of its own on the shared broker. */
export interface App {
  readonly file: string
  readonly config: ServiceConfig
  readonly topics: ReturnType<typeof topicNames>
}

type Fields = Readonly<Record<string, unknown>>

const smallModel = { hidden: 6, learningRates: [0.001], window: 8, updateEvery: 4 }

/** Writes a configuration file; `overrides` replaces whole sections, but of `input` its fields. */
export function writeConfig({ input = {}, ...overrides }: Fields & { input?: Fields } = {}): {
  file: string
  config: ServiceConfig
} {
  const name = uniqueName('svc')
  const content = {
    name,
    kafka: { brokers: brokers(), sessionTimeoutMs: 3_000, heartbeatIntervalMs: 500 },
    input: { topic: `${name}-in`, time: 'at', ...input },
    task: { targets: ['y'], horizons: [1, 3], seasons: [7] },
    model: smallModel,
    http: { port: 0 },
    ...overrides,
  }
  const file = join(mkdtempSync(join(tmpdir(), 'headrace-')), 'app.yaml')
  writeFileSync(file, stringify(content))
  return { file, config: loadServiceConfig({ file, env: {} }).config }
}

/** The same with its four topics. `inputSettings`: properties of the input topic. */
export async function createApp(
  partitions: number,
  overrides: Fields = {},
  inputSettings: Readonly<Record<string, string>> = {},
): Promise<App> {
  const { file, config } = writeConfig(overrides)
  const topics = topicNames(config)
  await createTopic(topics.input, partitions, inputSettings)
  await withAdmin(config.kafka, (admin) => createTopics(admin, config))
  return { file, config, topics }
}

/** An application on other brokers than the shared ones, without its topics. */
export function appOn(addresses: readonly string[], overrides: Fields = {}): App {
  const kafka = { brokers: addresses, sessionTimeoutMs: 3_000, heartbeatIntervalMs: 500 }
  const { file, config } = writeConfig({ kafka, ...overrides })
  return { file, config, topics: topicNames(config) }
}

/** `headrace run` in a process of its own. */
export class Run {
  readonly child: ChildProcess
  readonly lines: Fields[] = []
  stderr = ''
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  #rest = ''

  constructor(file: string, args: readonly string[] = []) {
    this.child = spawn(process.execPath, [binary, 'run', '-c', file, ...args], {
      stdio: ['ignore', 'inherit', 'pipe'],
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#read(text))
    this.ended = new Promise((resolve) => {
      this.child.on('exit', (code, signal) => resolve({ code, signal }))
    })
    onTestFinished(() => this.kill())
  }

  events(event: string): Fields[] {
    return this.lines.filter((line) => line.event === event)
  }

  /** Waits for lines with this event; fails with what was logged instead. */
  async event(event: string, count = 1): Promise<Fields> {
    await until(`${count} × ${event}`, () => this.events(event).length >= count).catch((error) => {
      throw new Error(`${(error as Error).message}; logged:\n${this.stderr}`)
    })
    return this.events(event)[count - 1] as Fields
  }

  /** SIGTERM, and how long it took to end. */
  async terminate(): Promise<{ code: number | null; durationMs: number }> {
    const beganMs = performance.now()
    this.child.kill('SIGTERM')
    const { code } = await this.ended
    return { code, durationMs: performance.now() - beganMs }
  }

  /** SIGKILL: nothing is said goodbye to. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.ended
  }

  /** The sum of a metric's series that have these labels, as `/metrics` has them now. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const { body } = await this.get('/metrics')
    const samples = parseExposition(body).get(name)?.samples ?? []
    const wanted = Object.entries(labels)
    const found = samples.filter((sample) =>
      wanted.every(([label, value]) => sample.labels[label] === value),
    )
    return found.length === 0 ? Number.NaN : found.reduce((sum, { value }) => sum + value, 0)
  }

  async get(path: string): Promise<{ status: number; body: string }> {
    const { url } = await this.event('http.listening')
    const answer = await fetch(`${url}${path}`)
    return { status: answer.status, body: await answer.text() }
  }

  #read(text: string): void {
    this.stderr += text
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('{')) this.lines.push(JSON.parse(line) as Fields)
  }
}

/** Record `index` of a series with three keys and a season; every 50th is a dead letter. */
export function row(index: number, partition = 0): Message & { partition: number } {
  const key = `key-${index % 3}`
  const at = new Date(1_600_000_000_000 + index * 60_000).toISOString()
  const y = 100 + 20 * Math.sin((2 * Math.PI * index) / 21) + ((index * 7_919) % 13)
  const value = index % 50 === 49 ? `{"at":"${at}","y":"n/a"}` : JSON.stringify({ at, y })
  return { partition, key, value }
}

export function rows(from: number, to: number, partition = 0): ReturnType<typeof row>[] {
  return Array.from({ length: to - from }, (_, i) => row(from + i, partition))
}

interface Expected {
  readonly predictions: string[]
  readonly deadLetters: string[]
}

/** What a partition with these records must give, by the model alone: no Kafka, no task. */
export async function expectedOutputs(app: App, partition: number): Promise<Expected> {
  const processor = openProcessor(app.config)
  const encoder = createOutputEncoder(app.config, partition)
  const expected: Expected = { predictions: [], deadLetters: [] }
  for (const record of await readToEnd(app.topics.input)) {
    if (record.partition !== partition) continue
    const { offset, timestampMs } = record
    const bytes = (text: string | null) => (text === null ? null : Buffer.from(text))
    const [key, value] = [bytes(record.key), bytes(record.value)]
    const outcome = processor.process(key, value, timestampMs)
    const { failure } = outcome
    const input = { offset, timestampMs, key, value }
    if (failure === null) {
      const output = `${predictionOf(encoder, input, outcome)}`
      expected.predictions.push(line(record.key, output, {}))
    } else {
      const output = encoder.deadLetter(input, failure)
      const headers = output.headers as Record<string, string>
      expected.deadLetters.push(line(record.key, record.value, headers))
    }
  }
  return expected
}

/** The values that these records must give as the first ones of a partition, in their order. */
export function expectedOf(app: App, messages: ReturnType<typeof rows>) {
  const processor = new Processor(app.config)
  const encoder = createOutputEncoder(app.config, 0)
  const expected: { predictions: string[]; deadLetters: string[] } = {
    predictions: [],
    deadLetters: [],
  }
  for (const [index, message] of messages.entries()) {
    const [key, value] = [Buffer.from(`${message.key}`), Buffer.from(`${message.value}`)]
    const outcome = processor.process(key, value, 0)
    const { failure } = outcome
    const input = { offset: BigInt(index), timestampMs: 0, key, value }
    if (failure === null) {
      expected.predictions.push(`${predictionOf(encoder, input, outcome)}`)
    } else {
      expected.deadLetters.push(`${message.value}`)
    }
  }
  return expected
}

/** What was published, in the order of each partition. */
export async function published(app: App, partition: number): Promise<Expected> {
  const read = async (topic: string): Promise<string[]> => {
    const records = (await readToEnd(topic)).filter((record) => record.partition === partition)
    return records.map(({ key, value, headers }: ReadRecord) => line(key, value, headers))
  }
  return {
    predictions: await read(app.topics.predictions),
    deadLetters: await read(app.topics.deadLetters),
  }
}

/** Waits until the group has committed these offsets of the input, by partition. */
export async function learntUpTo(app: App, offsets: readonly number[], run?: Run): Promise<void> {
  const reached = async (): Promise<boolean> => {
    // A fresh broker's coordinator is still loading when it is first asked.
    const committed = await withAdmin(app.config.kafka, (admin) =>
      admin.fetchOffsets({ groupId: app.config.name, topics: [app.topics.input] }),
    ).catch(() => [])
    const found = new Map(committed[0]?.partitions.map((p) => [p.partition, Number(p.offset)]))
    return offsets.every((offset, partition) => (found.get(partition) ?? -1) >= offset)
  }
  await until(`group offsets ${offsets}`, reached, 30_000).catch((error) => {
    throw new Error(`${(error as Error).message}; logged:\n${run?.stderr ?? ''}`)
  })
}

/** The header that depends on where the transactions were cut is left out. */
function line(
  key: string | null,
  value: string | null,
  headers: Readonly<Record<string, string>>,
): string {
  const { 'headrace-commit': _, ...others } = headers
  return JSON.stringify([key, value, others])
}
