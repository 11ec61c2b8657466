/** kafkajs's `Connection`, as far as the patch uses it. */
export interface Connection {
  connect(): Promise<unknown>
}

/**
 * A connection of kafkajs that is asked to connect while it is connecting opens a second socket and
 * forgets the first, which nothing closes any more: the process never ends. Two tasks that restore
 * at once do that. Now all who ask meanwhile wait for the one attempt.
 */
export function patchConnection(prototype: Connection): void {
  const attempts = new WeakMap<Connection, Promise<unknown>>()
  const connect = prototype.connect
  prototype.connect = function (this: Connection): Promise<unknown> {
    const under = attempts.get(this)
    if (under !== undefined) return under
    const attempt = connect.call(this).finally(() => attempts.delete(this))
    attempts.set(this, attempt)
    return attempt
  }
}
