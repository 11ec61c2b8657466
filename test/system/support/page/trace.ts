import type { Browser, Page } from 'playwright-core'

/** One entry of Chromium's trace; times in microseconds. */
interface TraceEvent {
  readonly name: string
  readonly ph: string
  readonly pid: number
  readonly tid: number
  readonly ts: number
  readonly dur?: number
  /** Time of the processor: other processes of the machine do not count. */
  readonly tdur?: number
}

/** What the main thread of a page did while it was traced, in time of the processor. */
export interface Work {
  /** From the first frame to the last. */
  readonly seconds: number
  readonly frames: number
  /** Script between one frame and the next, milliseconds, ascending. */
  readonly scriptMs: readonly number[]
  /** Tasks of the main thread, milliseconds, ascending. */
  readonly taskMs: readonly number[]
}

const categories = ['toplevel', 'devtools.timeline', 'blink', 'v8']

/** Names of entries that hold script, wherever they lie in each other. */
const scripts = new Set([
  // Where a promise goes on: what reads the stream runs there.
  'BlinkScheduler_PerformMicrotaskCheckpoint',
  'EvaluateScript',
  'FireAnimationFrame',
  'FunctionCall',
  'MajorGC',
  'MinorGC',
  'TimerFire',
  'v8.callFunction',
])

const tasks = new Set(['RunTask', 'ThreadControllerImpl::RunTask'])

/** Traces the page while `during` runs. */
export async function traceWork(
  browser: Browser,
  page: Page,
  during: () => Promise<void>,
): Promise<Work> {
  await browser.startTracing(page, { categories })
  await during()
  const { traceEvents } = JSON.parse(String(await browser.stopTracing())) as {
    traceEvents: TraceEvent[]
  }
  return workOf(traceEvents)
}

/** Throws where the trace has no frame of a page. */
function workOf(events: readonly TraceEvent[]): Work {
  const main = mainThreadOf(events)
  const ofMain = events.filter(({ pid, tid }) => pid === main.pid && tid === main.tid)
  const frames = ofMain
    .filter(({ name }) => name === 'FireAnimationFrame')
    .map(({ ts }) => ts)
    .sort((a, b) => a - b)
  const outermost = outermostOf(ofMain.filter(({ name, ph }) => ph === 'X' && scripts.has(name)))
  const perFrame = new Map<number, number>()
  for (const event of outermost) {
    // Script belongs to the frame that it leads to; the frame's own callbacks end it.
    const frame = frames.findIndex((ts) => ts >= event.ts)
    perFrame.set(frame, (perFrame.get(frame) ?? 0) + timeOf(event))
  }
  const outerTasks = outermostOf(ofMain.filter(({ name, ph }) => ph === 'X' && tasks.has(name)))
  return {
    seconds: ((frames.at(-1) ?? 0) - (frames[0] ?? 0)) / 1e6,
    frames: frames.length,
    scriptMs: ascending([...perFrame.values()]),
    taskMs: ascending(outerTasks.map(timeOf)),
  }
}

/** The thread that draws: the one with the most frames. */
function mainThreadOf(events: readonly TraceEvent[]): { pid: number; tid: number } {
  const counts = new Map<string, { pid: number; tid: number; count: number }>()
  for (const { name, pid, tid } of events) {
    if (name !== 'FireAnimationFrame') continue
    const key = `${pid}:${tid}`
    const entry = counts.get(key) ?? { pid, tid, count: 0 }
    entry.count++
    counts.set(key, entry)
  }
  const [most] = [...counts.values()].sort((a, b) => b.count - a.count)
  if (most === undefined) throw new Error('the trace has no frame')
  return most
}

/** Those that lie in no other one. */
function outermostOf(events: readonly TraceEvent[]): TraceEvent[] {
  const sorted = [...events].sort((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0))
  let end = Number.NEGATIVE_INFINITY
  return sorted.filter((event) => {
    if (event.ts < end) return false
    end = event.ts + (event.dur ?? 0)
    return true
  })
}

function timeOf({ dur = 0, tdur }: TraceEvent): number {
  return (tdur ?? dur) / 1_000
}

function ascending(numbers: number[]): number[] {
  return numbers.sort((a, b) => a - b)
}

/** Value that so great a share of the ascending numbers does not exceed; NaN of none. */
export function quantile(ascending: readonly number[], share: number): number {
  const at = Math.ceil(share * ascending.length) - 1
  return ascending[Math.max(0, at)] ?? Number.NaN
}
