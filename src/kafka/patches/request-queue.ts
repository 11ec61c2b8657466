/** kafkajs's `RequestQueue`, as far as the patch uses it. */
export interface RequestQueue {
  readonly pending: readonly unknown[]
  readonly throttledUntil: number
  throttleCheckTimeoutId: NodeJS.Timeout | null
  checkPendingRequests(): void
  scheduleCheckPendingRequests(): void
}

const checkIntervalMs = 10

/**
 * kafkajs looks for pending requests after `throttledUntil − now` milliseconds, a negative number
 * unless the broker throttles, and does so again after each look: a timer every millisecond for
 * every connection, a tenth of a core when idle. Now there is a timer only while requests wait.
 */
export function patchRequestQueue(
  prototype: Pick<RequestQueue, 'scheduleCheckPendingRequests'>,
  nowMs: () => number,
): void {
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    if (this.pending.length === 0 || this.throttleCheckTimeoutId !== null) return
    const waitMs = Math.max(this.throttledUntil - nowMs(), checkIntervalMs)
    this.throttleCheckTimeoutId = setTimeout(() => {
      this.throttleCheckTimeoutId = null
      this.checkPendingRequests()
    }, waitMs)
  }
}
