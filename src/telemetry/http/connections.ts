import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { rawText, refusal } from './answer.ts'

/** Requests that may wait on one connection for the answers before theirs. */
const waitingMax = 32

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** Has to end the response, now or later. */
type Handler = (request: IncomingMessage, response: ServerResponse) => void

/**
 * The requests of a server, connection by connection. Node hands over all that lie in one packet at
 * once, up to thousands; here each begins when the answer before it has left, so that a client that
 * does not read holds one answer at most.
 */
export class Connections {
  readonly #server: Server
  readonly #handle: Handler
  /** What each connection waits for; the first of a line is being answered. */
  readonly #lines = new Map<Duplex, Exchange[]>()
  readonly #drained = Promise.withResolvers<void>()
  #closed: Promise<void> | null = null

  constructor(server: Server, handle: Handler) {
    this.#server = server
    this.#handle = handle
    const take = (request: IncomingMessage, response: ServerResponse): void =>
      this.#take({ request, response })
    server.on('request', take)
    server.on('checkExpectation', take)
    server.on('clientError', (error, socket) => this.#refuse(error, socket))
  }

  /** Takes nothing new, gives what is under way `timeoutMs` at most to leave, and ends the rest. */
  close(timeoutMs: number): Promise<void> {
    this.#closed ??= this.#close(timeoutMs)
    return this.#closed
  }

  async #close(timeoutMs: number): Promise<void> {
    // Server.close would cut answers that are still leaving: it takes their connections for idle.
    this.#server.maxConnections = 0
    const timer = setTimeout(this.#drained.resolve, timeoutMs)
    if (this.#lines.size > 0) await this.#drained.promise
    clearTimeout(timer)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#server.close(() => resolve())
    this.#server.closeAllConnections()
    await promise
  }

  #take(exchange: Exchange): void {
    const { socket } = exchange.request
    // What comes after the end in the same packet.
    if (socket.destroyed) return
    const line = this.#lines.get(socket)
    if (this.#closed !== null || (line?.length ?? 0) > waitingMax) socket.destroy()
    else if (line !== undefined) line.push(exchange)
    else {
      const begun = [exchange]
      this.#lines.set(socket, begun)
      this.#begin(socket, begun)
    }
  }

  #begin(socket: Duplex, line: Exchange[]): void {
    const [{ request, response }] = line as [Exchange]
    response.once('close', () => {
      line.shift()
      // After an answer that was the connection's last, nothing more can be said.
      if (line.length > 0 && socket.writable) this.#begin(socket, line)
      else this.#end(socket)
    })
    this.#handle(request, response)
  }

  #end(socket: Duplex): void {
    this.#lines.delete(socket)
    if (this.#closed !== null && this.#lines.size === 0) this.#drained.resolve()
  }

  /** What came is no request, or took too long. */
  #refuse(error: Error, socket: Duplex): void {
    // Within an answer there is no place for another one.
    if (socket.writable && !this.#lines.has(socket)) socket.write(rawText(problemOf(error)))
    socket.destroy()
  }
}

function problemOf({ code }: NodeJS.ErrnoException) {
  if (code === 'HPE_HEADER_OVERFLOW') return refusal(431, 'The headers are too long')
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return refusal(408, 'The request took too long')
  return refusal(400, 'This is no request of HTTP')
}
