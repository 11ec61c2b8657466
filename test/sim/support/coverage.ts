import type { Line } from '../../unit/task/support/world.ts'

/** How often schedules have met what they are to meet. */
export class Coverage {
  readonly counts = new Map<string, number>()

  add(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
  }

  merge(other: Coverage): void {
    for (const [what, count] of other.counts) {
      this.counts.set(what, (this.counts.get(what) ?? 0) + count)
    }
  }

  /** What a process has told of itself. */
  read(lines: readonly Line[]): void {
    let isStopping = false
    const doubts = new Map<unknown, string>()
    for (const { event, fields } of lines) {
      const { partition } = fields
      const code = (fields.error as { code?: string } | undefined)?.code
      if (event === 'service.stopping') isStopping = true
      if (event === 'snapshot.abandoned') this.add('snapshot: abandoned')
      if (event === 'commit.failed') this.add(`commit: ${code ?? 'failed'}`)
      if (event === 'commit.resolved') {
        this.add(`commit: ${fields.there === true ? 'was there' : 'sent again'}`)
        doubts.set(partition, fields.there === true ? 'in doubt' : 'at the second try')
      } else if (event === 'snapshot.sealed') {
        this.add(`snapshot: sealed ${doubts.get(partition) ?? 'at once'}`)
        if (isStopping) this.add('snapshot: the last one before the end')
      }
      if (event !== 'commit.resolved') doubts.delete(partition)
      if (event === 'task.restarting') this.add(`restart: ${code ?? 'another error'}`)
      if (event === 'task.failed') this.add(`failed: ${code ?? 'another error'}`)
      if (event === 'task.group-offset-ignored') this.add('restore: group offset ignored')
    }
  }
}

/** The protocol's requests, see `memory-ports.ts` and `memory-sink.ts`. */
export const requests = [
  'heartbeat',
  'connect',
  'init',
  'send predictions',
  'send deadLetters',
  'send changelog',
  'offsets',
  'end',
  'read changelog',
  'group offset',
  'input range',
  'has predictions',
] as const

/** Without all of these, thousands of schedules prove little. */
export const mustMeet: readonly string[] = [
  ...requests.flatMap((name) => [`death at ${name}`, `death at after ${name}`]),
  ...requests.flatMap((name) => [`failure at ${name}`, `failure at after ${name}`]),
  ...['init', 'send predictions', 'send changelog', 'offsets', 'end'].map((n) => `late ${n}`),
  'stall at end',
  'stall at after end',
  'stall at heartbeat',
  'stall at read changelog',
  'time out at end',
  'time out at offsets',
  'compaction',
  'retention',
  'rebalance',
  'group offset gone',
  'group offset moved',
  'leader behind',
  'worker lost',
  'calm',
  'commit: HEADRACE_KAFKA_FENCED',
  'commit: failed',
  'commit: was there',
  'commit: sent again',
  'commit: a reset instead of an epoch error',
  'proof after a rebalance',
  'restart: HEADRACE_TASK_FENCED',
  'restart: HEADRACE_TASK_WORKER_LOST',
  'restore: new',
  'restore: no snapshot',
  'restore: slot 0',
  'restore: slot 1',
  'restore: rows of an unsealed snapshot',
  'restore: group offset ignored',
  'snapshot: sealed at once',
  'snapshot: sealed in doubt',
  'snapshot: sealed at the second try',
  'snapshot: abandoned',
  'snapshot: the last one before the end',
  'snapshot: tombstones',
]
