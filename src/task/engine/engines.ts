import type { EngineReply, EngineRequest } from './messages.ts'

/** `T` but for the number of the incarnation, which the link knows. */
type Bare<T> = T extends { readonly task: number } ? Omit<T, 'task'> : never
export type BareRequest = Bare<Exclude<EngineRequest, { type: 'open' | 'close' }>>

/** One incarnation's way to its engine, wherever that runs. */
export interface EngineLink {
  /** `transfer`: buffers of the request that the sender gives away. */
  send(request: BareRequest, transfer?: ArrayBuffer[]): void
  /** No call of the listener comes afterwards. */
  close(): void
}

export interface EngineListener {
  onReply(reply: EngineReply): void
  /** The engine is gone with all that it held: its thread has crashed, or was ended. */
  onLost(error: Error): void
}

/** Where models live: in worker threads, or in this one. */
export interface Engines {
  /** An engine for one partition, with a model at record 0. */
  open(partition: number, listener: EngineListener): EngineLink
  close(): Promise<void>
}
