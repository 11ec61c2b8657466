import { assert } from '../assert.ts'
import { HeadraceError } from '../errors.ts'
import type { Source, SourceListener } from '../task/ports.ts'
import type { Scheduler } from '../task/scheduler.ts'
import type { Member, MemoryGroup } from './memory-group.ts'
import type { MemoryLog } from './memory-log.ts'
import type { Carry } from './memory-sink.ts'

export interface MemorySourceOptions {
  readonly log: MemoryLog
  readonly group: MemoryGroup
  readonly scheduler: Scheduler
  readonly carry: Carry
  readonly maxBatchRecords?: number
  readonly heartbeatIntervalMs?: number
}

interface Assignment {
  /** Where to fetch; null until it is sought, after each join anew. */
  position: bigint | null
  isPaused: boolean
}

/** The input topic of a `MemoryLog`, by a `MemoryGroup`. */
export class MemorySource implements Source, Member {
  readonly #options: MemorySourceOptions
  readonly #maxBatchRecords: number
  readonly #owned = new Map<number, Assignment>()
  readonly #joined = Promise.withResolvers<void>()
  #listener: SourceListener | null = null
  #isPumping = false
  #stopped = false
  #unwatch: () => void = () => {}
  #cancelHeartbeat: () => void = () => {}

  constructor(options: MemorySourceOptions) {
    this.#options = options
    this.#maxBatchRecords = options.maxBatchRecords ?? 500
  }

  async start(listener: SourceListener): Promise<void> {
    assert(this.#listener === null, 'a source is started once')
    this.#listener = listener
    await this.#options.carry('join', null, () => {
      if (this.#stopped) return
      this.#unwatch = this.#options.log.watch(() => this.#pump())
      this.#options.group.join(this)
    })
    if (this.#stopped) return
    this.#beat()
    await this.#joined.promise
  }

  seek(partition: number, offset: bigint): void {
    const assignment = this.#owned.get(partition)
    if (assignment === undefined) return
    assignment.position = offset
    this.#pump()
  }

  pause(partition: number): void {
    const assignment = this.#owned.get(partition)
    if (assignment !== undefined) assignment.isPaused = true
  }

  resume(partition: number): void {
    const assignment = this.#owned.get(partition)
    if (assignment === undefined) return
    assert(assignment.position !== null, 'a partition is sought before it is resumed')
    assignment.isPaused = false
    this.#pump()
  }

  async heartbeat(): Promise<void> {
    const { carry, group } = this.#options
    const isCurrent = await carry('heartbeat', null, () => {
      // Expelled: as a real client does, it joins again, and this heartbeat has failed.
      if (!this.#stopped && !group.has(this)) group.join(this)
      return group.isCurrent(this)
    })
    if (this.#stopped || (isCurrent && group.isCurrent(this))) return
    throw new HeadraceError('HEADRACE_KAFKA_REBALANCED', 'The group has moved on.')
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#unwatch()
    this.#cancelHeartbeat()
    this.#owned.clear()
    try {
      await this.#options.carry('leave', null, () => this.#options.group.remove(this))
    } finally {
      this.#joined.resolve()
    }
  }

  assigned(partitions: readonly number[]): void {
    if (this.#stopped || this.#listener === null) return
    for (const partition of this.#owned.keys()) {
      if (!partitions.includes(partition)) this.#owned.delete(partition)
    }
    for (const partition of partitions) {
      const isPaused = this.#owned.get(partition)?.isPaused ?? true
      this.#owned.set(partition, { position: null, isPaused })
    }
    this.#listener.onAssigned(partitions)
    for (const [partition, { position, isPaused }] of this.#owned) {
      assert(isPaused || position !== null, `partition ${partition} is kept, so it is sought`)
    }
    this.#joined.resolve()
    this.#pump()
  }

  #beat(): void {
    const { scheduler, heartbeatIntervalMs = 1_000 } = this.#options
    this.#cancelHeartbeat = scheduler.after(heartbeatIntervalMs, () => {
      this.heartbeat().then(
        () => {
          if (!this.#stopped) this.#listener?.onHeartbeat()
          this.#beatAgain()
        },
        () => this.#beatAgain(),
      )
    })
  }

  #beatAgain(): void {
    if (!this.#stopped) this.#beat()
  }

  /** Delivers one batch of each partition in a later turn, until nothing is left. */
  #pump(): void {
    if (this.#isPumping || this.#stopped) return
    this.#isPumping = true
    this.#options.scheduler.immediate(() => {
      this.#isPumping = false
      let isMore = false
      for (const partition of [...this.#owned.keys()]) isMore = this.#deliver(partition) || isMore
      if (isMore) this.#pump()
    })
  }

  #deliver(partition: number): boolean {
    const assignment = this.#owned.get(partition)
    const position = assignment?.position ?? null
    if (assignment === undefined || position === null) return false
    if (assignment.isPaused || this.#stopped) return false
    const log = this.#options.log.log('input', partition)
    if (position < log.start) {
      assignment.isPaused = true
      this.#listener?.onFailed(expired(partition, position, log.start), partition)
      return false
    }
    const { records, nextOffset, endOffset } = log.fetch(position, this.#maxBatchRecords)
    if (nextOffset === position) return false
    assignment.position = nextOffset
    this.#listener?.onBatch({ partition, records, nextOffset, endOffset })
    return true
  }
}

function expired(partition: number, position: bigint, start: bigint): HeadraceError {
  return new HeadraceError(
    'HEADRACE_KAFKA_OUT_OF_RANGE',
    `Partition ${partition} begins at offset ${start}, it was to be read from ${position}.`,
  )
}
