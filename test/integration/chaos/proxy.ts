import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import {
  apis,
  Framer,
  readCorrelationId,
  readRequestHeader,
  readTransactionalId,
} from './frames.ts'

/** The request at which something is to happen. */
export interface Trap {
  readonly api: number
  /** Before the broker gets the request, or after it has answered: the answer is swallowed then. */
  readonly side: 'before' | 'after'
  /** Bytes that the request holds, such as the name of a topic. */
  readonly contains?: string | undefined
  /** Only the end of a transaction that moves the group on, and so carries outputs. */
  readonly withOffsets?: boolean | undefined
  /** Only requests of this client; of any by default. */
  readonly client?: string | undefined
  /** What happens; the connection is reset right behind it. */
  spring(client: string): void
}

/**
 * Stands between clients and a broker and knows the frames of Kafka's protocol: it resets, stalls
 * and delays connections, and springs traps at single requests.
 */
export class KafkaProxy {
  readonly address: string
  /** Waits before each frame, in both directions. */
  delayMs = 0
  readonly #server: Server
  readonly #links = new Set<Link>()
  readonly #traps = new Set<Trap>()
  #targetPort = 0
  readonly #stalls = new Set<Stall>()
  /** Clients and transactional ids of the open transactions that have got their group offset. */
  readonly #withOffsets = new Set<string>()

  private constructor(server: Server, port: number) {
    this.#server = server
    this.address = `127.0.0.1:${port}`
    server.on('connection', (client) => this.#accept(client))
  }

  static async listen(): Promise<KafkaProxy> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port was given')
    return new KafkaProxy(server, address.port)
  }

  /** Leads new connections to a port of the loopback interface. */
  leadTo(port: number): void {
    this.#targetPort = port
  }

  /** Ends every connection of a client, or of all, with a reset; returns how many there were. */
  reset(client?: string): number {
    const links = [...this.#links].filter((link) => client === undefined || link.client === client)
    for (const link of links) link.reset()
    return links.length
  }

  /** From now on nothing passes, of one client or of all, until the function is called. */
  stall(client?: string): () => void {
    const { promise: over, resolve } = Promise.withResolvers<void>()
    const stall = { client, over }
    this.#stalls.add(stall)
    return () => {
      this.#stalls.delete(stall)
      resolve()
    }
  }

  /** Sets a trap, which springs once; the function takes it away again. */
  set(trap: Trap): () => void {
    this.#traps.add(trap)
    return () => void this.#traps.delete(trap)
  }

  async close(): Promise<void> {
    this.#server.close()
    this.reset()
    if (this.#server.listening) await once(this.#server, 'close')
  }

  /** Holds a frame up for as long as the weather wants it. */
  async passage(link: Link): Promise<void> {
    if (this.delayMs > 0) await delay(this.delayMs)
    for (;;) {
      const stall = [...this.#stalls].find(
        ({ client }) => client === undefined || client === link.client,
      )
      if (stall === undefined) return
      await stall.over
    }
  }

  /** The trap that a request runs into, taken away with that. */
  trapFor(api: number, client: string, frame: Buffer): Trap | undefined {
    const withOffsets = this.#hasOffsets(api, client, frame)
    for (const trap of this.#traps) {
      if (trap.api !== api || (trap.client ?? client) !== client) continue
      if (trap.withOffsets && !withOffsets) continue
      if (trap.contains !== undefined && !frame.includes(trap.contains)) continue
      this.#traps.delete(trap)
      return trap
    }
    return undefined
  }

  #hasOffsets(api: number, client: string, frame: Buffer): boolean {
    if (api !== apis.txnOffsetCommit && api !== apis.endTxn) return false
    const transaction = `${client} ${readTransactionalId(frame)}`
    if (api === apis.endTxn) return this.#withOffsets.delete(transaction)
    this.#withOffsets.add(transaction)
    return true
  }

  #accept(client: Socket): void {
    const broker = connect(this.#targetPort, '127.0.0.1')
    const link = new Link(this, client, broker)
    this.#links.add(link)
    void link.run().finally(() => this.#links.delete(link))
  }
}

interface Stall {
  readonly client: string | undefined
  readonly over: Promise<void>
}

/** One connection of a client, and ours to the broker for it. */
class Link {
  /** Its client id, known from the first request on. */
  client = ''
  readonly #proxy: KafkaProxy
  readonly #toClient: Socket
  readonly #toBroker: Socket
  /** What happens when the answer to the request with this number comes. */
  readonly #awaited = new Map<number, Trap>()

  constructor(proxy: KafkaProxy, toClient: Socket, toBroker: Socket) {
    this.#proxy = proxy
    this.#toClient = toClient
    this.#toBroker = toBroker
    for (const socket of [toClient, toBroker]) {
      socket.setNoDelay(true)
      // The ends of both loops say the same.
      socket.on('error', () => {})
    }
  }

  /** Resolves when both connections are over. */
  async run(): Promise<void> {
    const requests = this.#carry(this.#toClient, this.#toBroker, (frame) => this.#request(frame))
    const answers = this.#carry(this.#toBroker, this.#toClient, (frame) => this.#answer(frame))
    await Promise.all([requests, answers])
  }

  reset(): void {
    this.#toClient.resetAndDestroy()
    this.#toBroker.destroy()
  }

  async #carry(from: Socket, to: Socket, passes: (frame: Buffer) => boolean): Promise<void> {
    const framer = new Framer()
    try {
      for await (const piece of from) {
        for (const frame of framer.push(piece as Buffer)) {
          await this.#proxy.passage(this)
          if (to.destroyed) return
          if (passes(frame) && !to.write(frame)) await once(to, 'drain')
        }
      }
    } catch {
      // A connection that ends in the middle: its other half ends with it.
    } finally {
      from.destroy()
      to.destroy()
    }
  }

  #request(frame: Buffer): boolean {
    const { api, correlationId, client } = readRequestHeader(frame)
    this.client = client
    const trap = this.#proxy.trapFor(api, client, frame)
    if (trap === undefined) return true
    if (trap.side === 'after') {
      this.#awaited.set(correlationId, trap)
      return true
    }
    this.#spring(trap)
    return false
  }

  #answer(frame: Buffer): boolean {
    const trap = this.#awaited.get(readCorrelationId(frame))
    if (trap === undefined) return true
    this.#spring(trap)
    return false
  }

  #spring(trap: Trap): void {
    trap.spring(this.client)
    this.reset()
  }
}
