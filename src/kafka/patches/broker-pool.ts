import { randomInt } from 'node:crypto'

/** kafkajs's `BrokerPool`, as far as the patch uses it. */
export interface BrokerPool {
  /** By node id. */
  readonly brokers: Readonly<Record<string, unknown>>
  findBroker(of: { readonly nodeId: string }): Promise<unknown>
  withBroker<T>(call: (on: { nodeId: string; broker: unknown }) => Promise<T>): Promise<T>
}

/**
 * kafkajs asks one broker after the other and forgets why each has failed. Where all have, a lost
 * connection comes out as a group coordinator that does not exist, for which it ends the consumer
 * for good, or as a property of null; and nobody learns of a right that is missing. Now what the
 * last broker answered is thrown, with what kafkajs knows of it: whether trying again may help.
 */
export function patchBrokerPool(
  prototype: Pick<BrokerPool, 'withBroker'>,
  NoBroker: new (message: string) => Error,
): void {
  prototype.withBroker = async function <T>(
    this: BrokerPool,
    call: (on: { nodeId: string; broker: unknown }) => Promise<T>,
  ): Promise<T> {
    const nodeIds = Object.keys(this.brokers)
    // Not always the same one is asked first.
    const first = nodeIds.length === 0 ? 0 : randomInt(nodeIds.length)
    let newest: unknown = new NoBroker('No brokers in the broker pool')
    for (const nodeId of [...nodeIds.slice(first), ...nodeIds.slice(0, first)]) {
      const broker = await this.findBroker({ nodeId })
      try {
        return await call({ nodeId, broker })
      } catch (error) {
        newest = error
      }
    }
    throw newest
  }
}
