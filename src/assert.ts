/**
 * A broken invariant: a defect of headrace itself, never of its input. Ends the process with exit
 * code 70.
 */
export class AssertionError extends Error {
  override name = 'AssertionError'
}

/** Throws `AssertionError` unless `condition` holds. `message` states what must be true. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message)
}
