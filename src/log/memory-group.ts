import type { Scheduler } from '../task/scheduler.ts'

/** One member's session with the group. */
export interface Member {
  /** What this member owns now; called in a turn of its own after each rebalance. */
  assigned(partitions: readonly number[]): void
}

/**
 * A consumer group without a network: spreads the partitions over its members, and tells them in
 * later turns, one after the other, so that for a while two of them may believe to own a partition.
 */
export class MemoryGroup {
  readonly #partitions: number
  readonly #scheduler: Scheduler
  readonly #members: Member[] = []
  /** The generation that a member was told of last. */
  readonly #told = new Map<Member, number>()
  #generation = 0

  constructor(partitions: number, scheduler: Scheduler) {
    this.#partitions = partitions
    this.#scheduler = scheduler
  }

  has(member: Member): boolean {
    return this.#members.includes(member)
  }

  /** Whether a member is in the group and knows what it owns in the newest generation. */
  isCurrent(member: Member): boolean {
    return this.has(member) && this.#told.get(member) === this.#generation
  }

  join(member: Member): void {
    if (this.has(member)) return
    this.#members.push(member)
    this.rebalance()
  }

  /**
   * Takes a member out. It is not told: a member that did not ask for it finds out by a heartbeat.
   */
  remove(member: Member): void {
    const index = this.#members.indexOf(member)
    if (index < 0) return
    this.#members.splice(index, 1)
    this.#told.delete(member)
    this.rebalance()
  }

  /** Who is in the group now, in the order in which they joined. */
  get members(): readonly Member[] {
    return this.#members
  }

  /** A new generation, as when somebody joins or leaves. */
  rebalance(): void {
    const generation = ++this.#generation
    const all = Array.from({ length: this.#partitions }, (_, partition) => partition)
    const count = this.#members.length
    for (const [index, member] of this.#members.entries()) {
      const partitions = all.filter((partition) => partition % count === index)
      this.#scheduler.immediate(() => {
        if (generation !== this.#generation) return
        this.#told.set(member, generation)
        member.assigned(partitions)
      })
    }
  }
}
