import type { Stage, StageApp } from './stage.ts'

/** What a reader has seen of one partition's predictions. */
export interface Watch {
  /** Predictions read. */
  readonly count: number
  /** The incarnation of the newest transaction; null before the first. */
  readonly bootId: string | null
  /** When that incarnation's first predictions came. */
  readonly bootMs: number
  /** When predictions came, ascending; since the last call of `forget`. */
  readonly arrivalsMs: readonly number[]
  /** Forgets the arrivals. */
  forget(): void
  stop(): Promise<void>
}

/** Watches a partition's predictions from their present end on. */
export async function watchPredictions(
  stage: Stage,
  app: StageApp,
  partition: number,
): Promise<Watch> {
  const watch = {
    count: 0,
    bootId: null as string | null,
    bootMs: Number.NaN,
    arrivalsMs: [] as number[],
    forget() {
      watch.arrivalsMs.length = 0
    },
    stop: async () => {},
  }
  watch.stop = await stage.follow(app, partition, (messages, nowMs) => {
    watch.count += messages.length
    watch.arrivalsMs.push(nowMs)
    for (const { bootId } of messages) {
      if (bootId === null || bootId === watch.bootId) continue
      watch.bootId = bootId
      watch.bootMs = nowMs
    }
  })
  return watch
}

/** The longest time between two arrivals, from the last one before `fromMs` on until `untilMs`. */
export function longestGapMs(
  arrivalsMs: readonly number[],
  fromMs: number,
  untilMs: number,
): number {
  let lastMs = arrivalsMs.findLast((ms) => ms <= fromMs) ?? fromMs
  let longest = 0
  for (const ms of [...arrivalsMs.filter((each) => each > fromMs && each < untilMs), untilMs]) {
    longest = Math.max(longest, ms - lastMs)
    lastMs = ms
  }
  return longest
}
