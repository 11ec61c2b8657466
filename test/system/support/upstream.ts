import { setTimeout as delay } from 'node:timers/promises'
import { type Message, Partitioners, type Producer } from 'kafkajs'
import { Random } from '../../../src/random.ts'
import { kafka } from '../../integration/support/broker.ts'

const tickMs = 50
const keys = 8
/** Steps of a sequence; `task.seasons` of the application has it. */
export const season = 24

/**
 * calm: a wave with noise for each key, one record in 500 with a text for a number; poison: three
 * in four are such; noise: nothing but, where a mean is better than the last value; plateaus: the
 * same value again and again, and another one after a hundred steps.
 */
export type Mood = 'calm' | 'poison' | 'noise' | 'plateaus'

export interface UpstreamOptions {
  readonly address: string
  readonly topic: string
  readonly partitions: number
  readonly recordsPerSecond: number
  /** The values of a record, whatever the mood; those of a forecast where absent. */
  readonly make?: MakeRecord
}

/** The value of record `step` of a key. */
export type MakeRecord = (step: number, key: number, random: Random) => object

/** Records of several keys at a steady rate, for as long as it is on. */
export class Upstream {
  mood: Mood = 'calm'
  /** Produces while true; nothing is made up for afterwards. */
  isOn = true
  recordsPerSecond: number
  readonly #options: UpstreamOptions
  readonly #random = new Random(7)
  readonly #ending = new AbortController()
  readonly #work: Promise<void>
  #index = 0

  constructor(options: UpstreamOptions) {
    this.#options = options
    this.recordsPerSecond = options.recordsPerSecond
    this.#work = this.#run()
  }

  async close(): Promise<void> {
    this.#ending.abort()
    await this.#work
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending
    while (!signal.aborted) {
      const producer = kafka([this.#options.address]).producer({
        createPartitioner: Partitioners.DefaultPartitioner,
        retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 4 },
      })
      try {
        await producer.connect()
        await this.#produce(producer, signal)
      } catch {
        // The broker is away: records that it has not taken are lost upstream.
        await delay(200)
      } finally {
        await producer.disconnect().catch(() => {})
      }
    }
  }

  async #produce(producer: Producer, signal: AbortSignal): Promise<void> {
    const { topic } = this.#options
    let owed = 0
    for (let lastMs = performance.now(); !signal.aborted; ) {
      await delay(tickMs)
      const nowMs = performance.now()
      const { recordsPerSecond } = this
      owed = this.isOn ? owed + ((nowMs - lastMs) / 1_000) * recordsPerSecond : 0
      lastMs = nowMs
      // A busy machine is behind; a burst would only put the service behind as well.
      const count = Math.min(Math.floor(owed), recordsPerSecond)
      if (count === 0) continue
      owed -= count
      await producer.send({ topic, messages: Array.from({ length: count }, () => this.#next()) })
    }
  }

  #next(): Message {
    const index = this.#index++
    const key = index % keys
    const step = Math.floor(index / keys)
    const partition = key % this.#options.partitions
    const { make } = this.#options
    if (make !== undefined) {
      const value = JSON.stringify(make(step, key, this.#random))
      return { partition, key: `key-${key}`, value }
    }
    const at = Date.now()
    const isPoison = this.mood === 'poison' ? index % 16 < 12 : index % 500 === 499
    const y = isPoison ? 'n/a' : this.#value(step, key)
    return { partition, key: `key-${key}`, value: JSON.stringify({ at, y }) }
  }

  #value(step: number, key: number): number {
    const noise = this.#random.normal()
    if (this.mood === 'noise') return 100 + 40 * noise
    if (this.mood === 'plateaus') return 100 + ((Math.floor(step / 100) * 37) % 80)
    const wave = Math.sin((2 * Math.PI * (step + key)) / season)
    return Math.round((100 + 10 * key + 40 * wave + 4 * noise) * 1_000) / 1_000
  }
}
