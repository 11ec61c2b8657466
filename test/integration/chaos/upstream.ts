import { setTimeout as delay } from 'node:timers/promises'
import { Kafka, logLevel, type Message, Partitioners, type Producer } from 'kafkajs'
import { Random } from '../../../src/random.ts'
import { zeroKeyPartitions } from './app.ts'

const producers = 3
const keysPerPartition = 32
const perSend = 150
const abortShare = 0.15

/** The header that names the upstream transaction of a record. */
export const upstreamHeader = 'upstream'

export type Verdict = 'committed' | 'aborted' | 'unknown'

export interface UpstreamOptions {
  readonly address: string
  readonly topic: string
  readonly partitions: number
  readonly seed: number
  readonly recordsPerSecond: number
}

/**
 * Transactional producers that write to the same partitions at the same time, so that their
 * transactions interleave; some are aborted. What became of each is kept for the oracle.
 */
export class Upstream {
  /** By the value of the header. A broker that dies in a commit leaves the outcome unknown. */
  readonly verdicts = new Map<string, Verdict>()
  /** Records in transactions that are known to be committed. */
  committedRecords = 0
  readonly #options: UpstreamOptions
  /** Records made for each partition, aborted ones included. */
  readonly #made: number[]
  readonly #work: Promise<void>[]
  #goal = 0
  #stopped = false

  constructor(options: UpstreamOptions) {
    this.#options = options
    this.#made = new Array(options.partitions).fill(0)
    this.#work = Array.from({ length: producers }, (_, index) => this.#run(index))
  }

  /** Goes on without pauses until so many records are committed; then ends the producers. */
  async finish(goal: number): Promise<void> {
    this.#goal = goal
    this.#stopped = true
    await Promise.all(this.#work)
  }

  /** Ends the producers, whatever they have done. */
  async abandon(): Promise<void> {
    await this.finish(0)
  }

  async #run(index: number): Promise<void> {
    const random = new Random(this.#options.seed * producers + index)
    for (let transaction = 0; ; ) {
      const producer = this.#createProducer(index)
      try {
        await producer.connect()
        while (!this.#stopped || this.committedRecords < this.#goal) {
          await this.#transact(producer, `${index}-${transaction++}`, random)
        }
        return
      } catch {
        // The broker has died: another producer with the same id ends what this one has begun.
        if (this.#stopped && this.#goal === 0) return
        await delay(200)
      } finally {
        await producer.disconnect().catch(() => {})
      }
    }
  }

  async #transact(producer: Producer, name: string, random: Random): Promise<void> {
    const { topic, partitions, recordsPerSecond } = this.#options
    const beganMs = performance.now()
    const transaction = await producer.transaction()
    const isAborted = random.uniform() < abortShare
    const sends = 1 + Math.floor(random.uniform() * 3)
    this.verdicts.set(name, 'unknown')
    for (let send = 0; send < sends; send++) {
      const partition = Math.floor(random.uniform() * partitions)
      const messages = Array.from({ length: perSend }, () => this.#next(partition, name))
      await transaction.send({ topic, messages })
      // The others write in between.
      await delay(random.uniform() * 20)
    }
    if (isAborted) await transaction.abort()
    else await transaction.commit()
    this.verdicts.set(name, isAborted ? 'aborted' : 'committed')
    if (!isAborted) this.committedRecords += sends * perSend
    if (this.#stopped) return
    const dueMs = ((sends * perSend) / recordsPerSecond) * 1_000 * producers
    await delay(Math.max(0, beganMs + dueMs - performance.now()))
  }

  #next(partition: number, name: string): Message {
    const index = this.#made[partition] as number
    this.#made[partition] = index + 1
    return { partition, headers: { [upstreamHeader]: name }, ...record(index, partition) }
  }

  #createProducer(index: number): Producer {
    const kafka = new Kafka({
      clientId: `upstream-${index}`,
      brokers: [this.#options.address],
      logLevel: logLevel.NOTHING,
      requestTimeout: 5_000,
      retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 8 },
    })
    return kafka.producer({
      transactionalId: `${this.#options.topic}-upstream-${index}`,
      transactionTimeout: 10_000,
      idempotent: true,
      maxInFlightRequests: 1,
      createPartitioner: Partitioners.DefaultPartitioner,
    })
  }
}

/** Keys that are no text or nothing among them; some records are dead letters. */
function record(index: number, partition: number): Pick<Message, 'key' | 'value'> {
  const at = 1_600_000_000_000 + index * 1_000
  const y = 100 + 20 * Math.sin((2 * Math.PI * index) / 480) + ((index * 7_919) % 13)
  const key = keyOf((index * 7) % keysPerPartition, partition)
  if (index % 97 === 53) return { key, value: `{"at":${at},"y":"none"}` }
  if (index % 211 === 101) return { key, value: null }
  return { key, value: JSON.stringify({ at, y: Math.round(y * 1_000) / 1_000 }) }
}

function keyOf(number: number, partition: number): Buffer | null {
  if (number === 0 && partition < zeroKeyPartitions) return Buffer.alloc(4)
  if (number === 1) return null
  if (number === 2) return Buffer.from([0xff, 0xfe, 0, number])
  return Buffer.from(`key-${number}`)
}
