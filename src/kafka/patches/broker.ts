/** kafkajs's `Broker`, as far as the patch uses it. */
export interface Broker {
  /** Until `connect` has found out which requests the broker knows, one that only throws. */
  readonly lookupRequest: (...args: never[]) => unknown
  isConnected(): boolean
}

/**
 * A broker of kafkajs counts as connected as soon as its connection is open, and whoever asks it
 * something before it has said which versions it speaks meets an error, *Broker not connected*,
 * that ends the consumer for good. Now it counts when `connect` is done, for which others wait.
 */
export function patchBroker(prototype: Pick<Broker, 'isConnected'>): void {
  const isOpen = prototype.isConnected
  prototype.isConnected = function (this: Broker): boolean {
    return this.lookupRequest.name !== 'notInitializedLookup' && isOpen.call(this)
  }
}
