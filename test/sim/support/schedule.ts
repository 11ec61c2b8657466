import { HeadraceError } from '../../../src/errors.ts'
import { Random } from '../../../src/random.ts'
import { createOutputEncoder } from '../../../src/task/engine/output-encoder.ts'
import { isFenced } from '../../../src/task/failure.ts'
import { Processor } from '../../../src/task/processor.ts'
import { sleep } from '../../../src/task/scheduler.ts'
import { parseRowKey } from '../../../src/task/snapshot-log.ts'
import {
  isOnce,
  type Late,
  type Process,
  type ProcessOptions,
  World,
} from '../../unit/task/support/world.ts'
import { restoreSealed } from './check.ts'
import { Coverage, requests } from './coverage.ts'
import { draw, type FaultKind, type Focus, writes } from './faults.ts'
import { newestManifest, newestWriter } from './newest.ts'
import { feed, partitions, pick, type Workload } from './workload.ts'
import { FragileEngines, wrapCommits } from './wrappers.ts'

/** What is changed in a process to see whether anybody notices; see mutants.test.ts. */
export type Mutation = (options: ProcessOptions, world: World) => ProcessOptions

const rounds = 7
const processesMax = 3
const stallMaxMs = 2_500
const lateMaxMs = 500
/** To calm after the faults: several times what it takes. */
const turnsMax = 40_000

/**
 * One schedule: processes come, go, stall and die while their log loses, delays and compacts; then
 * comes calm. All of it follows from the seed.
 */
export class Schedule {
  readonly world: World
  readonly coverage = new Coverage()
  readonly log: string[] = []
  readonly processes: Process[] = []
  /** All models there ever were. */
  readonly models: Processor['model'][] = []
  readonly #random: Random
  readonly #workload: Workload
  readonly #mutation: Mutation
  readonly #focus: Focus | null
  /** Newest writers of changelogs that are still right. */
  readonly #writers = new Map<number, string | null>()
  /** Per partition, transactions at the last time that somebody else changed the group's offset. */
  readonly groupOffsetTouched = new Map<number, number>()
  #isFaulty = true

  constructor(
    seed: number,
    workload: Workload,
    mutation: Mutation = (options) => options,
    focus: Focus | null = null,
  ) {
    this.#random = new Random(seed)
    this.#workload = workload
    this.#mutation = mutation
    this.#focus = focus
    const random = this.#random
    const markerMs = random.uniform() < 0.3 ? 0 : random.uniform() * 30
    this.world = new World(partitions, {
      writeMarker: (time, write) => {
        if (markerMs === 0) write()
        else time.after(random.uniform() * markerMs, write)
      },
      groupScheduler: (time) => ({
        immediate: (run) => void time.after(random.uniform() * 25, run),
        after: (delayMs, run) => time.after(delayMs, run),
      }),
    })
    this.world.log.watch(() => this.#writers.clear())
  }

  /** Those that go on, as far as anybody knows. */
  get alive(): Process[] {
    return this.processes.filter(
      ({ isDead, service }) => !isDead && !service.readiness().reasons.includes('stopping'),
    )
  }

  async run(): Promise<void> {
    const { world } = this
    feed(world, this.#workload)
    for (let round = 0; round < rounds; round++) {
      this.#act()
      await world.time.pass(30 + this.#random.uniform() * 350)
      // At any moment the newest seal leads to a model, whatever else is being written.
      await restoreSealed(world, pick(this.#random, partitions), this.#workload)
    }
    if (this.#random.uniform() < 0.4) await this.#calmDown()
    this.#isFaulty = false
    for (const process of this.processes) world.crash(process)
    for (let p = 0; p < partitions; p++) {
      world.log.log('changelog', p).lag(null)
      const tombstones = this.#random.uniform() < 0.5 ? 'dropped' : 'kept'
      if (this.#random.uniform() < 0.5) world.log.log('changelog', p).compact(undefined, tombstones)
    }
    this.#met('last process')
    const last = this.#start()
    await this.#untilCalm()
    await world.stop(last)
    await world.time.pass(100)
    for (const { lines } of this.processes) this.coverage.read(lines)
    for (let p = 0; p < partitions; p++) this.#lookForTombstones(p)
  }

  /**
   * No more faults: soon each partition must be run by one process, and the newest that its
   * changelog has must be of that process.
   */
  async #calmDown(): Promise<void> {
    const { world } = this
    this.#isFaulty = false
    this.#met('calm')
    if (this.alive.length === 0) this.#start()
    const restMs = Math.max(0, this.#workload.lastMs - world.time.monotonicMs())
    await world.time.pass(restMs + stallMaxMs)
    await this.#untilCalm()
  }

  /** A zombie may have fenced an owner that has nothing to write: a rebalance makes it prove. */
  async #untilCalm(): Promise<void> {
    const { world } = this
    await world.time.pass(lateMaxMs)
    world.group.rebalance()
    await world.time.until('calm', () => this.#isCalm(), turnsMax)
  }

  #isCalm(): boolean {
    if (!this.#isPublished()) return false
    for (let p = 0; p < partitions; p++) {
      const owners = this.ownersOf(p)
      if (owners.length !== 1 || owners[0] !== this.#writerOf(p)) return false
    }
    return true
  }

  #writerOf(partition: number): string | null {
    const known = this.#writers.get(partition)
    if (known !== undefined) return known
    const writer = newestWriter(this.world, partition)
    this.#writers.set(partition, writer)
    return writer
  }

  /** What the living believe of a partition: the boot id of each that runs it, else its state. */
  ownersOf(partition: number): string[] {
    return this.alive.flatMap(({ service, lines }) => {
      const task = service.tasks().find((each) => each.partition === partition)
      if (task === undefined) return []
      if (task.state !== 'RUNNING' || task.inDoubt) return [task.state]
      const line = lines.findLast(
        ({ event, fields }) => event === 'task.running' && fields.partition === partition,
      )
      return [`${line?.fields.bootId}`]
    })
  }

  /** Where things stand, for the message of a failure. */
  describe(): string[] {
    return this.#workload.truths.map(({ facts }, p) => {
      const outputs = `${this.world.published(p)} of ${facts.length - 1} outputs`
      const writer = this.#writerOf(p)
      return `partition ${p}: ${outputs}, owners ${this.ownersOf(p)}, written by ${writer}`
    })
  }

  #isPublished(): boolean {
    return this.#workload.truths.every(
      ({ facts }, p) => this.world.published(p) >= facts.length - 1,
    )
  }

  #act(): void {
    const { world } = this
    const random = this.#random
    const partition = pick(random, partitions)
    const chance = random.uniform()
    const { alive } = this
    if (alive.length < processesMax && (chance < 0.45 || alive.length === 0)) this.#start()
    else if (chance < 0.53) {
      this.#met('stop')
      void alive[pick(random, alive.length)]?.service.stop()
    } else if (chance < 0.63) this.#compact()
    else if (chance < 0.71) this.#retain(partition)
    else if (chance < 0.77) {
      this.#met('rebalance')
      world.group.rebalance()
    } else if (chance < 0.8) {
      this.#met('group offset gone')
      this.groupOffsetTouched.set(partition, world.commits(partition).at(-1)?.transaction ?? -1)
      world.log.resetGroupOffset(partition)
    } else if (chance < 0.84) {
      const commit = world.commits(partition).at(-1)
      if (commit === undefined) return
      this.#met('group offset moved')
      this.groupOffsetTouched.set(partition, commit.transaction)
      world.log.moveGroupOffset(partition, BigInt(pick(random, 80)))
    } else if (chance < 0.94) this.#fallBehind(partition)
    else {
      this.#met('time out')
      world.log.timeOut(partition)
    }
  }

  #compact(): void {
    this.#met('compaction')
    for (let p = 0; p < partitions; p++) {
      const changelog = this.world.log.log('changelog', p)
      changelog.compact(BigInt(Math.ceil(Number(changelog.end) * this.#random.uniform())))
    }
  }

  /** What lies before the newest sealed cut expires. */
  #retain(partition: number): void {
    const { log } = this.world
    const manifest = newestManifest(this.world, partition)
    if (manifest === null) return
    this.#met('retention')
    log.log('input', partition).truncate(manifest.nextOffset)
  }

  /** A new leader of the changelog shows less for a while. */
  #fallBehind(partition: number): void {
    this.#met('leader behind')
    const changelog = this.world.log.log('changelog', partition)
    const missing = BigInt(pick(this.#random, 40))
    changelog.lag(changelog.end > missing ? changelog.end - missing : 0n)
    this.world.time.after(20 + this.#random.uniform() * 150, () => changelog.lag(null))
  }

  #start(): Process {
    const random = this.#random
    const { config: base } = this.#workload
    const config = {
      ...base,
      commit: { intervalMs: [1, 3, 20, 60][pick(random, 4)] as number },
      snapshot: { maxReplayMs: 1 + pick(random, 8) },
    }
    const seesResets = random.uniform() < 0.3
    const options: ProcessOptions = {
      config,
      // Small enough that partitions are paused and transactions cut off in the middle of it all.
      queueBounds: { highRecords: 8 + pick(random, 40), highBytes: 100 + pick(random, 2_000) },
      outputBounds: { maxRecords: 3 + pick(random, 30), maxBytes: 300 + pick(random, 8_000) },
      maxBatchRecords: 3 + pick(random, 20),
      maxChangelogRecords: 5 + pick(random, 60),
      random: new Random(pick(random, 1_000)),
      createProcessor: () => {
        const processor = new Processor(config)
        this.models.push(processor.model)
        return processor
      },
      createEncoder: (partition) => createOutputEncoder(config, partition),
      wrapEngines: (engines) =>
        new FragileEngines(
          engines,
          {
            send: (_partition, request) => {
              if (request.type === 'begin') this.#sawRestore(request.start)
              return request
            },
            isLost: () => {
              if (!this.#isFaulty || random.uniform() >= 0.002) return false
              this.#met('worker lost')
              return true
            },
          },
          this.world.time,
        ),
      wrapPorts: (ports) =>
        wrapCommits(ports, async (writer, transaction) => {
          const isMarker = transaction.nextOffset === null
          try {
            const answer = await writer.commit(transaction)
            if (isMarker && proved.has(writer)) this.coverage.add('proof after a rebalance')
            proved.add(writer)
            return answer
          } catch (error) {
            if (!seesResets || !isFenced(error)) throw error
            this.coverage.add('commit: a reset instead of an epoch error')
            throw new Error('The connection was reset')
          }
        }),
      atCall: this.#faults(),
    }
    /** Writers that have committed before: a further marker of theirs is a proof. */
    const proved = new WeakSet<object>()
    this.#met(`start ${this.processes.length}`)
    const process = this.world.start(this.#mutation(options, this.world))
    this.processes.push(process)
    return process
  }

  /** One fault at a step chosen beforehand, and others by chance. */
  #faults(): NonNullable<ProcessOptions['atCall']> {
    const random = this.#random
    const request = requests[pick(random, requests.length)] as string
    const target = random.uniform() < 0.5 ? request : `after ${request}`
    let left = 1 + pick(random, random.uniform() < 0.5 ? 2 : 12)
    const kinds = ['death', 'death', 'failure', 'late', 'stall', 'time out'] as const
    const planned = kinds[pick(random, kinds.length)] as FaultKind
    return async (_index, name, process, partition) => {
      if (!this.#isFaulty) return
      const isTarget = name === target && left-- === 1
      const focus = this.#focus
      const isInFocus = focus?.name === name && random.uniform() < focus.chance
      const what = isInFocus ? focus.what : isTarget ? planned : draw(random)
      if (what !== null) return this.#disturb(what, name, process, partition)
    }
  }

  async #disturb(
    what: FaultKind,
    name: string,
    process: Process,
    partition: number | null,
    // biome-ignore lint/suspicious/noConfusingVoidType: as `AtCall` has it.
  ): Promise<Late | void> {
    const { time, log } = this.world
    const random = this.#random
    if (what === 'wait') return sleep(time, random.uniform() * 50)
    const who = `process ${this.processes.indexOf(process)} partition ${partition}`
    if (what === 'death') {
      this.#met(`death at ${name}`, who)
      process.kill()
      // The others hear of it when its session has expired.
      time.after(random.uniform() * 300, () => this.world.expel(process))
    } else if (what === 'stall' || what === 'freeze') {
      this.#met(`${what} at ${name}`, who)
      const stallMs = 300 + random.uniform() * (stallMaxMs - 300)
      // Longer than its session: the others go on without it, and it does not know.
      const expelMs = random.uniform() * stallMs
      if (what === 'stall') time.after(expelMs, () => this.world.expel(process))
      await sleep(time, stallMs)
    } else if (what === 'time out' && partition !== null && !name.startsWith('after')) {
      this.#met(`time out at ${name}`, who)
      await sleep(time, 100 + random.uniform() * 400)
      log.timeOut(partition)
    } else if (what === 'late' && writes.has(name)) {
      this.#met(`late ${name}`, who)
      const error = new HeadraceError('HEADRACE_KAFKA_TIMEOUT', `no answer to ${name}`)
      return { lateMs: random.uniform() * lateMaxMs, error }
    } else if (!isOnce(name)) {
      this.#met(`failure at ${name}`, who)
      throw new Error(`no answer to ${name}`)
    }
  }

  #sawRestore({ snapshot, commit, slotNames }: RestoreStart): void {
    if (commit === null) this.coverage.add('restore: new')
    else if (snapshot === null) this.coverage.add('restore: no snapshot')
    else {
      const { slot, sequences } = snapshot.manifest
      this.coverage.add(`restore: slot ${slot}`)
      const other = slotNames[slot === 0 ? 1 : 0].length
      if (slotNames[slot].length > sequences || (other > 0 && snapshot.otherCut === null)) {
        this.coverage.add('restore: rows of an unsealed snapshot')
      }
    }
  }

  #lookForTombstones(partition: number): void {
    const isTombstone = this.world.log
      .records('changelog', partition)
      .some(({ key, value }) => value === null && key !== null && parseRowKey(key) !== null)
    if (isTombstone) this.coverage.add('snapshot: tombstones')
  }

  #met(what: string, who = ''): void {
    this.coverage.add(what)
    const at = Math.round(this.world.time.nowMs() % 1_000_000)
    this.log.push(`${at} ms: ${what}${who === '' ? '' : ` (${who})`}`)
  }
}

type RestoreStart = Extract<
  Parameters<ConstructorParameters<typeof FragileEngines>[1]['send']>[1],
  { type: 'begin' }
>['start']
