interface TopicPartitions {
  readonly topic: string
  readonly partitions: readonly number[]
}

/** kafkajs's `ConsumerGroup`, as far as we use it. */
export interface ConsumerGroup {
  readonly memberId: string | null
  readonly generationId: number | null
  readonly groupId: string
  readonly coordinator: {
    heartbeat(request: {
      groupId: string
      memberId: string
      groupGenerationId: number
    }): Promise<unknown>
  } | null
  readonly assigners: readonly { readonly [groupObserver]?: GroupObserver }[]
  readonly offsetManager: { nextOffset(topic: string, partition: number): { toString(): string } }
  readonly subscriptionState: { assigned(): readonly TopicPartitions[] }
  filterPartitionsByNode(
    nodeId: string,
    assigned: readonly TopicPartitions[],
  ): readonly TopicPartitions[]
  getActiveTopicPartitions(): Readonly<Record<string, ReadonlySet<number>>>
  fetch(nodeId: string): Promise<readonly unknown[]>
  resume(of: { topic: string; partitions: number[] }[]): void
  hasSeekOffset(of: { topic: string; partition: number }): boolean
  pause(of: { topic: string; partitions: number[] }[]): void
  heartbeat(options: { interval: number }): Promise<void>
  joinAndSync(): Promise<void>
  leave(): Promise<void>
  recoverFromOffsetOutOfRange(error: { topic: string; partition: number }): Promise<void>
}

/**
 * Sits on a partition assigner under the key `groupObserver`: an assigner is the one object of
 * ours that kafkajs hands through to the group it makes.
 */
export interface GroupObserver {
  /**
   * Makes the group join by `join`. After a restart it is another group. What it throws keeps the
   * group from joining, or undoes it before kafkajs goes on.
   */
  onJoin(group: ConsumerGroup, join: () => Promise<void>): Promise<void>
  /** The broker does not have the partition's next offset. The partition has been paused. */
  onOutOfRange(partition: number, position: bigint): void
}

export const groupObserver = Symbol('headrace.groupObserver')

/**
 * Corrects the prototype of kafkajs's `ConsumerGroup`.
 *
 * Where the next offset is out of range, kafkajs jumps to the default offset and commits that to
 * the group: records are skipped or learnt twice without a word. Now the partition is paused and
 * its observer told; without an observer the consumer ends with an error that is not retried.
 *
 * While all partitions are paused kafkajs sleeps for `maxWaitTime` and does not hear that one is
 * resumed: a backlog comes at one queue every quarter of a second. Now it wakes up.
 */
export function patchConsumerGroup(
  prototype: Pick<
    ConsumerGroup,
    'joinAndSync' | 'recoverFromOffsetOutOfRange' | 'fetch' | 'resume'
  >,
  nonRetriableError: new (message: string) => Error,
): void {
  const { joinAndSync } = prototype
  patchSleep(prototype)

  prototype.joinAndSync = function (this: ConsumerGroup): Promise<void> {
    const join = () => joinAndSync.call(this)
    return observerOf(this)?.onJoin(this, join) ?? join()
  }

  prototype.recoverFromOffsetOutOfRange = async function (
    this: ConsumerGroup,
    { topic, partition }: { topic: string; partition: number },
  ): Promise<void> {
    // A seek that has not been carried out yet makes the position obsolete.
    if (this.hasSeekOffset({ topic, partition })) return
    const position = this.offsetManager.nextOffset(topic, partition).toString()
    const observer = observerOf(this)
    if (observer === undefined) {
      throw new nonRetriableError(
        `Offset ${position} of topic ${topic}, partition ${partition}, is out of range`,
      )
    }
    this.pause([{ topic, partitions: [partition] }])
    observer.onOutOfRange(partition, BigInt(position))
  }
}

function patchSleep(prototype: Pick<ConsumerGroup, 'fetch' | 'resume'>): void {
  const { fetch, resume } = prototype
  const sleepers = new WeakMap<ConsumerGroup, Set<() => void>>()

  prototype.fetch = async function (
    this: ConsumerGroup,
    nodeId: string,
  ): Promise<readonly unknown[]> {
    const fetched = fetch.call(this, nodeId)
    if (hasActive(this, nodeId)) return fetched
    const woken = Promise.withResolvers<readonly unknown[]>()
    const wake = (): void => woken.resolve([])
    const waiting = sleepers.get(this) ?? new Set()
    sleepers.set(this, waiting.add(wake))
    try {
      return await Promise.race([fetched, woken.promise])
    } finally {
      waiting.delete(wake)
      // It has nothing to tell but what the next fetch will meet too.
      fetched.catch(() => {})
    }
  }

  prototype.resume = function (
    this: ConsumerGroup,
    of: { topic: string; partitions: number[] }[],
  ): void {
    resume.call(this, of)
    for (const wake of sleepers.get(this) ?? []) wake()
  }
}

/** Whether the broker has a partition for us that is not paused; true where that is not known. */
function hasActive(group: ConsumerGroup, nodeId: string): boolean {
  try {
    const active = group.getActiveTopicPartitions()
    return group
      .filterPartitionsByNode(nodeId, group.subscriptionState.assigned())
      .some(({ topic, partitions }) => partitions.some((p) => active[topic]?.has(p) ?? false))
  } catch {
    return true
  }
}

function observerOf(group: ConsumerGroup): GroupObserver | undefined {
  for (const assigner of group.assigners) {
    const observer = assigner[groupObserver]
    if (observer !== undefined) return observer
  }
  return undefined
}
