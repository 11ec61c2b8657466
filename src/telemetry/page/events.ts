import type { Bounds, Next, Point } from './client/protocol.ts'
import type { FeedPoints } from './feed.ts'

/** Digits of a prediction, as in the topic: a network in single precision knows no more. */
const digits = 9
/** Numbers of a point and of a forecast before their bounds. */
const pointHead = 4
const nextHead = 2

/** One server-sent event; the data is one line of JSON, in which unknown numbers are null. */
export function eventText(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}

/** The data of a `points` event. */
export function pointsData({ choice, isReset, skipped, points, next }: FeedPoints): object {
  return {
    choice,
    isReset,
    skipped,
    points: next === null ? [] : pointRows(points, pointHead + next.length - nextHead),
    next: next === null ? null : nextOf(next),
  }
}

function pointRows(points: Float64Array, width: number): Point[] {
  return Array.from({ length: points.length / width }, (_, i) => {
    const [records = 0, timeMs = 0, observed = 0, predicted = 0, ...bounds] = points.subarray(
      i * width,
      (i + 1) * width,
    )
    return [records, timeMs, observed, rounded(predicted), boundsOf(bounds)]
  })
}

function nextOf([timeMs = 0, mean = 0, ...bounds]: Float64Array): Next {
  return { timeMs, mean: rounded(mean), bounds: boundsOf(bounds) }
}

/** Pairs of lower and upper bound; null where there are none. */
function boundsOf(numbers: readonly number[]): Bounds | null {
  if (Number.isNaN(numbers[0] ?? Number.NaN)) return null
  return Array.from({ length: numbers.length / 2 }, (_, l) => {
    return [rounded(numbers[2 * l] as number), rounded(numbers[2 * l + 1] as number)]
  })
}

function rounded(value: number): number {
  return Number(value.toPrecision(digits))
}
