/**
 * The outcome of `promise`, or a rejection with `expired()` when that has not come after
 * `timeoutMs`. A late rejection of `promise` is then of no interest to anyone.
 */
export async function withDeadline<T>(
  promise: Promise<T>,
  timeoutMs: number,
  expired: () => Error,
): Promise<T> {
  let handle: NodeJS.Timeout | undefined
  const deadline = new Promise<never>((_, reject) => {
    handle = setTimeout(() => reject(expired()), timeoutMs)
  })
  try {
    return await Promise.race([promise, deadline])
  } finally {
    clearTimeout(handle)
  }
}

export function delay(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs))
}
