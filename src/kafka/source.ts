import { setTimeout } from 'node:timers/promises'
import type {
  Consumer,
  ConsumerCrashEvent,
  ConsumerGroupJoinEvent,
  EachBatchPayload,
} from 'kafkajs'
import { AssertionError, assert } from '../assert.ts'
import { systemClock } from '../clock.ts'
import { HeadraceError } from '../errors.ts'
import type { Source, SourceListener } from '../task/ports.ts'
import { connectDeadlineMs, createKafka, type KafkaSettings } from './client.ts'
import { consumerConfig, rebalanceTimeoutMs } from './consumer-config.ts'
import { copyBatch } from './copy-batch.ts'
import { withDeadline } from './deadline.ts'
import type { KafkaLogger } from './logger.ts'
import { loadKafkajs } from './patches/apply.ts'
import type { FetchedBatch } from './patches/batch.ts'
import { type ConsumerGroup, type GroupObserver, groupObserver } from './patches/consumer-group.ts'
import { Restarts } from './restarts.ts'
import { isCoordinatorSettling, translateError } from './translate-error.ts'

export interface SourceOptions {
  readonly kafka: KafkaSettings
  readonly topic: string
  readonly groupId: string
  readonly logger: KafkaLogger
}

/** Handlers never wait, so this bounds nothing but kafkajs's bookkeeping. */
const concurrentPartitions = 16
const stopDeadlineMs = 10_000
const leaveDeadlineMs = 2_000
/** Batches at another offset than the one asked for, before the consumer counts as broken. */
const maxMisplacedBatches = 5

type State = 'created' | 'joining' | 'running' | 'stopped'

/** The input topic, read by a consumer group; see the port for what it promises. */
export class KafkaSource implements Source {
  readonly #options: SourceOptions
  #state: State = 'created'
  #consumer: Consumer | undefined
  #listener: SourceListener | undefined
  #group: ConsumerGroup | undefined
  /** The generation that `onAssigned` was last called for. */
  #generation: number | null = null
  #owned = new Set<number>()
  #paused = new Set<number>()
  /** The next offset that the listener has not got, of each partition that was sought. */
  readonly #positions = new Map<number, bigint>()
  readonly #restarts = new Restarts()
  #misplacedBatches = 0
  /** The end of the newest attempt to join, whatever came of it. */
  #joining: Promise<void> = Promise.resolve()
  #stopping: Promise<void> | undefined
  #heartbeats: NodeJS.Timeout | undefined
  #joined = Promise.withResolvers<void>()

  constructor(options: SourceOptions) {
    this.#options = options
    // Nobody waits for it when a connection fails before the join.
    this.#joined.promise.catch(() => {})
  }

  async start(listener: SourceListener): Promise<void> {
    assert(this.#state === 'created', 'a source starts once')
    this.#state = 'joining'
    this.#listener = listener
    const { kafka, topic, groupId } = this.#options
    const joinDeadlineMs = rebalanceTimeoutMs + kafka.sessionTimeoutMs + connectDeadlineMs
    let doing = 'connecting the consumer'
    const late = () => new HeadraceError('HEADRACE_KAFKA_UNREACHABLE', this.#unanswered(doing))
    const consumer = this.#createConsumer()
    try {
      await withDeadline(consumer.connect(), connectDeadlineMs, late)
      this.#assertStarting()
      doing = `subscribing to topic ${topic}`
      await withDeadline(
        consumer.subscribe({ topics: [topic], fromBeginning: true }),
        connectDeadlineMs,
        late,
      )
      this.#assertStarting()
      doing = `joining the consumer group ${groupId}`
      const run = consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: concurrentPartitions,
        eachBatch: async (payload) => this.#onBatch(payload),
      })
      await withDeadline(Promise.all([run, this.#joined.promise]), joinDeadlineMs, late)
    } catch (error) {
      await this.stop()
      // What had not come about when `stop` closed it.
      await this.#disconnect(consumer)
      throw this.#translate(error, doing)
    }
    this.#options.logger.info('kafka.joined', { topic, groupId, partitions: [...this.#owned] })
  }

  seek(partition: number, offset: bigint): void {
    assert(offset >= 0n, 'a seek goes to a real offset')
    this.#positions.set(partition, offset)
    const { topic } = this.#options
    this.#apply((consumer) => consumer.seek({ topic, partition, offset: offset.toString() }))
  }

  pause(partition: number): void {
    this.#paused.add(partition)
    const { topic } = this.#options
    this.#apply((consumer) => consumer.pause([{ topic, partitions: [partition] }]))
  }

  resume(partition: number): void {
    assert(this.#positions.has(partition), 'a partition is sought before it is resumed')
    this.#paused.delete(partition)
    const { topic } = this.#options
    this.#apply((consumer) => consumer.resume([{ topic, partitions: [partition] }]))
  }

  async heartbeat(): Promise<void> {
    const group = this.#group
    const generation = this.#generation
    const { groupId } = this.#options
    if (!this.#active() || !group?.coordinator || group.memberId === null || generation === null) {
      throw new HeadraceError('HEADRACE_KAFKA_REBALANCED', `Not a member of group ${groupId} now.`)
    }
    try {
      const { memberId } = group
      await group.coordinator.heartbeat({ groupId, memberId, groupGenerationId: generation })
    } catch (error) {
      throw this.#translate(error, `sending a heartbeat to group ${groupId}`)
    }
    // The broker accepts a heartbeat between join and sync: that generation's assignment is not
    // known yet, so this proves nothing.
    if (this.#group !== group || this.#generation !== generation || !this.#current()) {
      throw new HeadraceError('HEADRACE_KAFKA_REBALANCED', `Group ${groupId} has moved on.`)
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    const isJoining = this.#state === 'joining'
    this.#state = 'stopped'
    clearInterval(this.#heartbeats)
    this.#joined.reject(this.#stopError())
    const consumer = this.#consumer
    this.#consumer = undefined
    if (consumer === undefined) return
    // Without the group's leave the others get our partitions after the session timeout, and
    // kafkajs leaves only where it has joined.
    if (isJoining) {
      await withDeadline(this.#joining, leaveDeadlineMs, () => new Error('no answer')).catch(() =>
        this.#leave(),
      )
    }
    await this.#disconnect(consumer)
  }

  async #join(group: ConsumerGroup, join: () => Promise<void>): Promise<void> {
    if (this.#state === 'stopped') throw this.#stopError()
    this.#group = group
    const attempt = join()
    const end = attempt.catch(() => (this.#state === 'stopped' ? this.#leave() : undefined))
    this.#joining = end
    await end
    await attempt
  }

  async #leave(): Promise<void> {
    const group = this.#group
    if (!group?.coordinator || group.memberId === null) return
    await withDeadline(group.leave(), leaveDeadlineMs, () => new Error('no answer')).catch(
      (error) => this.#options.logger.debug('kafka.leave', { error }),
    )
  }

  async #disconnect(consumer: Consumer): Promise<void> {
    await withDeadline(consumer.disconnect(), stopDeadlineMs, () => new Error('no answer')).catch(
      (error) => this.#options.logger.warn('kafka.leave', { error }),
    )
  }

  /** Throws where `stop` has come in between: what goes on now would join for nobody. */
  #assertStarting(): void {
    if (this.#state !== 'joining') throw this.#stopError()
  }

  #createConsumer(): Consumer {
    const { kafka, groupId, logger } = this.#options
    const { roundRobin } = loadKafkajs().PartitionAssigners
    const observer: GroupObserver = {
      onJoin: (group, join) => this.#join(group, join),
      onOutOfRange: (partition, position) => this.#onOutOfRange(partition, position),
    }
    const consumer = createKafka(kafka, logger).consumer({
      ...consumerConfig(kafka, groupId, (error) => this.#mayRestart(error)),
      partitionAssigners: [
        (options) => Object.assign(roundRobin(options), { [groupObserver]: observer }),
      ],
    })
    consumer.on('consumer.group_join', (event) => this.#onJoin(event))
    consumer.on('consumer.crash', (event) => this.#onCrash(event))
    consumer.on('consumer.heartbeat', () => this.#guard(() => this.#listener?.onHeartbeat()))
    this.#consumer = consumer
    // kafkajs sends them between fetches; this goes on while a broker keeps a fetch waiting.
    this.#heartbeats = setInterval(() => {
      if (!this.#current()) return
      this.#group?.heartbeat({ interval: kafka.heartbeatIntervalMs }).catch((error) => {
        // The consumer's own next heartbeat meets the same and acts on it.
        logger.debug('kafka.heartbeat', { error })
      })
    }, kafka.heartbeatIntervalMs)
    this.#heartbeats.unref()
    return consumer
  }

  #onJoin(event: ConsumerGroupJoinEvent): void {
    // kafkajs cannot be stopped while it joins: the error ends a consumer that nobody wants.
    if (this.#state === 'stopped') throw this.#stopError()
    const { topic, groupId, logger } = this.#options
    const partitions = (event.payload.memberAssignment[topic] ?? []).toSorted((a, b) => a - b)
    const before = this.#owned
    this.#owned = new Set(partitions)
    this.#generation = this.#group?.generationId ?? null
    this.#restarts.joined(systemClock.monotonicMs())
    for (const partition of [...this.#paused, ...this.#positions.keys()]) {
      if (this.#owned.has(partition)) continue
      this.#paused.delete(partition)
      this.#positions.delete(partition)
    }
    for (const partition of partitions) {
      if (before.has(partition)) continue
      this.#paused.add(partition)
      this.#positions.delete(partition)
    }
    const isPaused = (partition: number): boolean => this.#paused.has(partition)
    this.#consumer?.pause([{ topic, partitions: partitions.filter(isPaused) }])
    this.#consumer?.resume([{ topic, partitions: partitions.filter((p) => !isPaused(p)) }])
    logger.debug('kafka.assigned', { topic, groupId, partitions, generation: this.#generation })
    this.#guard(() => {
      this.#listener?.onAssigned(partitions)
      const unsought = partitions.find((p) => !isPaused(p) && !this.#seekPending(p))
      assert(unsought === undefined, `onAssigned seeks partition ${unsought}, which it keeps`)
    })
    if (this.#state === 'joining') {
      this.#state = 'running'
      this.#joined.resolve()
    }
  }

  /** Must not throw: kafkajs would fetch and hand over the same batch again. */
  #onBatch({ batch, resolveOffset, isStale }: EachBatchPayload): void {
    const fetched = batch as unknown as FetchedBatch
    const { partition } = fetched
    const { topic } = this.#options
    const position = this.#positions.get(partition)
    // What was fetched before a seek or a pause comes again.
    if (!this.#active() || this.#paused.has(partition) || isStale()) return
    if (position === undefined || !this.#owned.has(partition)) return
    if (BigInt(fetched.fetchedOffset) !== position) {
      this.#onMisplaced(partition, position, fetched.fetchedOffset)
      return
    }
    this.#misplacedBatches = 0
    const { batch: copy, failure } = copyBatch(fetched)
    if (copy.nextOffset > position) {
      resolveOffset((copy.nextOffset - 1n).toString())
      this.#positions.set(partition, copy.nextOffset)
      this.#guard(() => this.#listener?.onBatch(copy))
    }
    if (failure !== undefined) {
      this.pause(partition)
      const doing = `reading topic ${topic}, partition ${partition}, from offset ${copy.nextOffset}`
      const error = this.#translate(failure, doing)
      this.#guard(() => this.#listener?.onFailed(error, partition))
    }
  }

  /** kafkajs has moved the position on its own: go back to where the listener stands. */
  #onMisplaced(partition: number, position: bigint, fetchedOffset: string): void {
    const { topic, logger } = this.#options
    this.#misplacedBatches += 1
    logger.warn('kafka.misplaced', { topic, partition, position, fetchedOffset })
    if (this.#misplacedBatches <= maxMisplacedBatches) {
      this.seek(partition, position)
      return
    }
    this.#fail(
      new AssertionError(
        `topic ${topic}, partition ${partition} is read at ${position}, got ${fetchedOffset}`,
      ),
    )
  }

  #onOutOfRange(partition: number, position: bigint): void {
    if (!this.#active() || this.#paused.has(partition)) return
    this.#paused.add(partition)
    const error = new HeadraceError(
      'HEADRACE_KAFKA_OUT_OF_RANGE',
      `Offset ${position} of topic ${this.#options.topic}, partition ${partition}, is not there: ` +
        'retention has deleted it before it was learnt, or the topic was created anew.',
    )
    this.#guard(() => this.#listener?.onFailed(error, partition))
  }

  /** While joining only a coordinator that is still settling is waited for, up to the deadline. */
  async #mayRestart(error: Error): Promise<boolean> {
    const isSettling = this.#state === 'joining' && isCoordinatorSettling(error)
    if (this.#state !== 'running' && !isSettling) return false
    const next = this.#restarts.next(systemClock.monotonicMs())
    if (next === null) return false
    this.#group = undefined
    this.#generation = null
    const translated = this.#translate(error, `reading topic ${this.#options.topic}`)
    const told = { ...next, code: (translated as Partial<HeadraceError>).code }
    this.#options.logger[isSettling ? 'debug' : 'warn']('kafka.restart', told, translated.message)
    if (!isSettling) this.#guard(() => this.#listener?.onInterrupted(translated))
    await setTimeout(next.waitMs, undefined, { ref: false })
    return this.#state !== 'stopped'
  }

  #onCrash(event: ConsumerCrashEvent): void {
    const { error, restart } = event.payload
    if (restart) return
    const translated = this.#translate(error, `reading topic ${this.#options.topic}`)
    if (this.#state === 'joining') this.#joined.reject(translated)
    else this.#fail(translated)
  }

  /** Between a crash and the restart kafkajs has no group: the next join asks for all of it. */
  #apply(call: (consumer: Consumer) => void): void {
    if (!this.#active() || this.#consumer === undefined) return
    try {
      call(this.#consumer)
    } catch (error) {
      if (!(error as Error).message.includes('group was not initialized')) throw error
    }
  }

  /** What the listener throws is a defect of ours, and kafkajs must not try it again. */
  #guard(call: () => void): void {
    if (this.#state === 'stopped') return
    try {
      call()
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #fail(error: Error): void {
    if (this.#state === 'stopped') return
    if (this.#state === 'joining') this.#joined.reject(error)
    const listener = this.#listener
    void this.stop()
    listener?.onFailed(error)
  }

  /** Whether calls reach a consumer with a group. */
  #active(): boolean {
    return this.#state !== 'stopped' && this.#consumer !== undefined && this.#group !== undefined
  }

  /** Whether the group is in the generation whose assignment the listener knows. */
  #current(): boolean {
    return (
      this.#active() && this.#generation !== null && this.#group?.generationId === this.#generation
    )
  }

  #seekPending(partition: number): boolean {
    return this.#group?.hasSeekOffset({ topic: this.#options.topic, partition }) ?? false
  }

  #stopError(): Error {
    const { KafkaJSNonRetriableError } = loadKafkajs()
    return new KafkaJSNonRetriableError('The consumer was stopped while it joined')
  }

  #unanswered(doing: string): string {
    const { brokers } = this.#options.kafka
    const at = brokers.join(', ')
    return `Kafka at ${at} has not answered in time while ${doing}. Check kafka.brokers.`
  }

  #translate(error: unknown, doing: string): Error {
    const { kafka, topic } = this.#options
    return translateError(error, { brokers: kafka.brokers, doing, topic })
  }
}
