import { Member } from './member.ts'

/** Kafka cannot be reached at the start: whoever has started the process starts it again. */
const unavailable = 69
const terminated = 128 + 15

/** Deaths that a process did not come to by our hand, and ends that were not clean. */
export interface Accident {
  readonly name: string
  readonly code: number
  readonly why: string
}

/** The processes of one application. */
export class Fleet {
  readonly members: Member[] = []
  readonly accidents: Accident[] = []
  /** Starts that ended with exit code 69 before the group was joined: the way to Kafka was bad. */
  refusedStarts = 0
  readonly #configFile: string
  readonly #folder: string
  /** What we have done to a process that has not ended yet. */
  readonly #orders = new Map<Member, 'SIGKILL' | 'SIGTERM'>()
  readonly #frozen = new Set<Member>()
  readonly #ends: Promise<void>[] = []

  constructor(configFile: string, folder: string) {
    this.#configFile = configFile
    this.#folder = folder
  }

  /** Those that run and that nobody has told to end. */
  get alive(): Member[] {
    return this.members.filter((member) => !member.isGone && !this.#orders.has(member))
  }

  start(): Member {
    const number = this.members.length
    // Models in worker threads and in the main thread: the same bits, and each takes over from the
    // other.
    const sets = number % 2 === 0 ? [] : ['workers.count=0']
    const member = new Member(`chaos-${number}`, this.#configFile, this.#folder, sets)
    this.members.push(member)
    this.#ends.push(member.ended.then((code) => this.#ended(member, code)))
    return member
  }

  /** One of those alive; `chance` lies in [0, 1). */
  pick(chance: number): Member | undefined {
    return pickFrom(this.alive, chance)
  }

  /** One of those alive that have learnt something. */
  pickRunning(chance: number): Member | undefined {
    return pickFrom(
      this.alive.filter((member) => member.count('task.running') > 0),
      chance,
    )
  }

  kill(member: Member): void {
    this.#orders.set(member, 'SIGKILL')
    member.kill()
  }

  killByName(name: string): void {
    const member = this.members.find((each) => each.name === name)
    if (member !== undefined) this.kill(member)
  }

  async terminate(member: Member): Promise<void> {
    if (this.#orders.has(member)) return
    this.#orders.set(member, 'SIGTERM')
    await this.thaw(member)
    await member.signal('SIGTERM')
  }

  async freeze(member: Member): Promise<void> {
    this.#frozen.add(member)
    await member.signal('SIGSTOP')
  }

  async thaw(member: Member): Promise<void> {
    if (this.#frozen.delete(member)) await member.signal('SIGCONT')
  }

  /** SIGTERM to all; resolves when every process that ever ran has ended. */
  async end(): Promise<void> {
    await Promise.all(this.alive.map((member) => this.terminate(member)))
    await Promise.all(this.#ends)
  }

  /** SIGKILL to whatever still runs, once nothing else matters any more. */
  async destroy(): Promise<void> {
    for (const member of this.members) {
      if (member.isGone) continue
      this.kill(member)
    }
    await Promise.all(this.#ends)
  }

  /** How often all processes together have logged an event. */
  count(event: string): number {
    return this.members.reduce((sum, member) => sum + member.count(event), 0)
  }

  get restores(): number {
    return this.members.reduce((sum, member) => sum + member.restores, 0)
  }

  get snapshotRestores(): number {
    return this.members.reduce((sum, member) => sum + member.snapshotRestores, 0)
  }

  #ended(member: Member, code: number): void {
    const order = this.#orders.get(member)
    if (order === 'SIGKILL' || (order === 'SIGTERM' && code === 0)) return
    // Node's own answer to a SIGTERM that comes before the program has begun.
    if (order === 'SIGTERM' && code === terminated && !member.hasLogged) return
    if (code === unavailable && member.count('kafka.joined') === 0) {
      this.refusedStarts++
      return
    }
    const why = order === undefined ? 'ended by itself' : 'SIGTERM came to no good end'
    this.accidents.push({ name: member.name, code, why })
  }
}

function pickFrom(members: readonly Member[], chance: number): Member | undefined {
  return members[Math.floor(chance * members.length)]
}
