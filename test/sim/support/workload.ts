import type { ServiceConfig } from '../../../src/config/schema.ts'
import { MemoryLog, type ProducedRecord } from '../../../src/log/memory-log.ts'
import { Random } from '../../../src/random.ts'
import { createOutputEncoder } from '../../../src/task/engine/output-encoder.ts'
import { Processor } from '../../../src/task/processor.ts'
import { predictionOf } from '../../unit/task/support/prediction.ts'
import { testConfig, textOf, type World } from '../../unit/task/support/world.ts'

export const partitions = 3
/** More than a partition keeps: they come, shed their windows, go, and come back. */
const keys = 20
const beganMs = Date.parse('2024-01-01T00:00:00Z')

/** Input that arrives at once. */
interface Wave {
  readonly atMs: number
  readonly partition: number
  readonly kind: 'plain' | 'committed' | 'aborted'
  readonly records: readonly ProducedRecord[]
}

/** What a model is after some records. */
export interface Facts {
  readonly chainHash: string
  readonly weightsHash: string
  readonly stateHash: string
  readonly updates: number
}

/** What an undisturbed model makes of one partition. */
export interface Truth {
  readonly predictions: readonly string[]
  readonly deadLetters: readonly string[]
  /** After n records, (records + 1). */
  readonly facts: readonly Facts[]
}

/** One input with the configuration that learns it, and what must come out. */
export interface Workload {
  readonly config: ServiceConfig
  readonly waves: readonly Wave[]
  /** When the last of them has arrived. */
  readonly lastMs: number
  readonly truths: readonly Truth[]
}

function configOf(number: number): ServiceConfig {
  const isFull = number % 8 === 7
  return testConfig({
    task: { targets: ['y'], horizons: [1, 2], seasons: isFull ? [3] : [], intervals: [0.8] },
    model: {
      hidden: 2,
      window: 3 + (number % 2),
      updateEvery: 2,
      learningRates: [0.01],
      kernel: 'reference',
      portfolio: isFull ? 'full' : 'network',
    },
    sequences: { max: 6, keep: 10 },
  })
}

/** A model and its undisturbed pass take a while: ask once for each number. */
export function workload(number: number): Workload {
  const random = new Random(1_000 + number)
  const waves = Array.from({ length: partitions }, (_, partition) => wavesOf(random, partition))
    .flat()
    .sort((a, b) => a.atMs - b.atMs || a.partition - b.partition)
  const config = configOf(number)
  const log = new MemoryLog({ partitions, clock: { nowMs: () => 0 } })
  for (const wave of waves) send(log, wave)
  const truths = Array.from({ length: partitions }, (_, p) => truthOf(config, log, p))
  return { config, waves, lastMs: waves.at(-1)?.atMs ?? 0, truths }
}

/** Produces the input over time. */
export function feed(world: World, { waves }: Workload): void {
  for (const wave of waves) world.time.after(wave.atMs, () => send(world.log, wave))
}

function send(log: MemoryLog, { partition, kind, records }: Wave): void {
  if (kind === 'plain') log.produce(partition, records)
  else log.produceTransaction(partition, records, kind)
}

/** 40 to 100 records that count, with aborted ones and markers between them. */
function wavesOf(random: Random, partition: number): Wave[] {
  const waves: Wave[] = []
  const count = 40 + pick(random, 60)
  let atMs = pick(random, 100)
  let index = 0
  while (index < count) {
    const size = 1 + pick(random, 14)
    const chance = random.uniform()
    const kind = chance < 0.5 ? 'plain' : chance < 0.8 ? 'committed' : 'aborted'
    const records = Array.from({ length: size }, (_, i) => recordOf(random, index + i))
    waves.push({ atMs, partition, kind, records })
    if (kind !== 'aborted') index += size
    atMs += pick(random, 120)
  }
  return waves
}

/** Five keys at a time, which move on, and now and then any of them, so that some come back. */
function recordOf(random: Random, index: number): ProducedRecord {
  const timestampMs = beganMs + 60_000 * index
  const isAny = random.uniform() < 0.15
  const key = isAny ? pick(random, keys) : (Math.floor(index / 5) + pick(random, 5)) % keys
  const y = Math.round(1_000 * (key + random.normal())) / 1_000
  const chance = random.uniform()
  const text = chance < 0.05 ? '{"y":"none"}' : JSON.stringify({ y })
  const value = chance > 0.97 ? null : Buffer.from(text)
  return { key: Buffer.from(`key-${key}`), value, timestampMs }
}

function truthOf(config: ServiceConfig, log: MemoryLog, partition: number): Truth {
  const processor = new Processor(config)
  const encoder = createOutputEncoder(config, partition)
  const predictions: string[] = []
  const deadLetters: string[] = []
  const facts = [factsOf(processor)]
  for (const record of log.records('input', partition)) {
    const { key, value, timestampMs } = record
    const outcome = processor.process(key, value, timestampMs)
    const { failure } = outcome
    if (failure === null) {
      predictions.push(textOf({ key, value: predictionOf(encoder, record, outcome) }))
    } else {
      deadLetters.push(textOf(encoder.deadLetter(record, failure)))
    }
    facts.push(factsOf(processor))
  }
  return { predictions, deadLetters, facts }
}

function factsOf({ model }: Processor): Facts {
  return {
    chainHash: model.chainHash(),
    weightsHash: model.weightsHash(),
    stateHash: model.stateHash(),
    updates: model.updates,
  }
}

export function pick(random: Random, count: number): number {
  return Math.floor(random.uniform() * count)
}
