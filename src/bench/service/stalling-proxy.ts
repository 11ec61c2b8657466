import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import {
  type Address,
  apis,
  Framer,
  readCorrelationId,
  readRequestHeader,
  withAddresses,
} from './frames.ts'

const host = '127.0.0.1'

/** All that a transaction needs. */
export const transactionApis: ReadonlySet<number> = new Set([
  apis.produce,
  apis.initProducerId,
  apis.addPartitionsToTxn,
  apis.addOffsetsToTxn,
  apis.endTxn,
  apis.txnOffsetCommit,
])

/** The answers that tell a client where to connect to. */
const addressApis: ReadonlySet<number> = new Set([apis.metadata, apis.findCoordinator])

/**
 * Stands between clients and the brokers of a cluster, one port for each, and can hold back the
 * answers to chosen requests. Clients stay with it: the addresses in answers become its own.
 */
export class StallingProxy {
  readonly #servers: readonly Server[]
  readonly #nodes: readonly Address[]
  readonly #links = new Set<() => void>()
  #stalled: ReadonlySet<number> = new Set()
  #stallEnded: Promise<void> = Promise.resolve()

  private constructor(servers: readonly Server[], nodes: readonly Address[]) {
    this.#servers = servers
    this.#nodes = nodes
    for (const [i, server] of servers.entries()) {
      const node = nodes[i] as Address
      server.on('connection', (client) => this.#accept(client, node))
    }
  }

  /** @param nodes addresses that the brokers tell their clients */
  static async listen(nodes: readonly Address[]): Promise<StallingProxy> {
    const servers = nodes.map(() => createServer())
    for (const server of servers) {
      server.listen(0, host)
      await once(server, 'listening')
    }
    return new StallingProxy(servers, nodes)
  }

  /** host:port of each broker behind the proxy. */
  get addresses(): readonly string[] {
    return this.#ports().map((port) => `${host}:${port}`)
  }

  /** From now on the answers to these requests wait, until the function is called. */
  stall(requests: ReadonlySet<number>): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#stalled = requests
    this.#stallEnded = promise
    return () => {
      this.#stalled = new Set()
      resolve()
    }
  }

  async close(): Promise<void> {
    const closed = this.#servers.map((server) => {
      server.close()
      return once(server, 'close')
    })
    for (const end of this.#links) end()
    await Promise.all(closed)
  }

  #ports(): number[] {
    return this.#servers.map((server) => {
      const address = server.address()
      return address === null || typeof address === 'string' ? 0 : address.port
    })
  }

  #accept(client: Socket, node: Address): void {
    const broker = connect(node.port, node.host)
    const end = (): void => {
      client.destroy()
      broker.destroy()
    }
    this.#links.add(end)
    for (const socket of [client, broker]) {
      socket.setNoDelay(true)
      // Both loops below end with it.
      socket.on('error', () => {})
      socket.on('close', () => {
        end()
        this.#links.delete(end)
      })
    }
    // The api of each request that is not yet answered, by its number.
    const asked = new Map<number, number>()
    void carry(client, broker, async (frame) => {
      const { api, correlationId } = readRequestHeader(frame)
      asked.set(correlationId, api)
      return frame
    })
    void carry(broker, client, async (frame) => {
      const id = readCorrelationId(frame)
      const api = asked.get(id) ?? -1
      asked.delete(id)
      if (this.#stalled.has(api)) await this.#stallEnded
      return addressApis.has(api) ? this.#ours(frame) : frame
    })
  }

  #ours(frame: Buffer): Buffer {
    const ports = this.#ports()
    const others = this.#nodes.map((from, i) => ({ from, to: { host, port: ports[i] ?? 0 } }))
    return withAddresses(frame, others)
  }
}

/** Takes the frames of one connection to another in order. */
async function carry(
  from: Socket,
  to: Socket,
  passed: (frame: Buffer) => Promise<Buffer>,
): Promise<void> {
  const framer = new Framer()
  try {
    for await (const piece of from) {
      for (const frame of framer.push(piece as Buffer)) {
        const out = await passed(frame)
        if (to.destroyed) return
        if (!to.write(out)) await once(to, 'drain')
      }
    }
  } catch {
    // A connection that ends in the middle: its other half ends with it.
  }
}
