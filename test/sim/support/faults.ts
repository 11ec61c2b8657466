import type { Random } from '../../../src/random.ts'

/** Delayed; out of its group and unaware of it; slow; no answer; done later; and so on. */
export type FaultKind = 'wait' | 'stall' | 'freeze' | 'failure' | 'late' | 'time out' | 'death'

/** A fault that comes more often than others, for what shows only there. */
export interface Focus {
  readonly what: FaultKind
  readonly name: string
  /** At each call of that name. */
  readonly chance: number
}

/** Requests that change something at the other end, so that it matters when they arrive late. */
export const writes: ReadonlySet<string> = new Set([
  'init',
  'send predictions',
  'send deadLetters',
  'send changelog',
  'offsets',
  'end',
])

/** What happens at a call, by chance; mostly nothing. */
export function draw(random: Random): FaultKind | null {
  const chance = random.uniform()
  if (chance < 0.1) return 'wait'
  if (chance < 0.105) return 'stall'
  if (chance < 0.109) return 'freeze'
  if (chance < 0.12) return 'failure'
  if (chance < 0.125) return 'late'
  if (chance < 0.128) return 'time out'
  return chance < 0.1295 ? 'death' : null
}
