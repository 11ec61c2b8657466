/** A record for the input topic. */
export interface InputMessage {
  readonly key: string | null
  readonly value: string
}

/** A record that a read_committed reader sees. */
export interface OutputMessage {
  readonly value: Uint8Array
  /** Of the incarnation whose transaction ends with this record; null within a transaction. */
  readonly bootId: string | null
}

/** The end of a transaction. */
export interface Commit {
  /** Records of the input that the application has learnt by then. */
  readonly records: number
  /** When the broker appended the last prediction, by its clock. */
  readonly appendedMs: number
}

export interface InputProducer {
  /** Resolves with the offset of the first message once the brokers have them all. */
  send(partition: number, messages: readonly InputMessage[]): Promise<bigint>
  close(): Promise<void>
}

/** The names that a bench gives an application. */
export interface AppNames {
  readonly name: string
  readonly input: string
}

/** What the benches of the service need of Kafka. */
export interface Cluster {
  /** Where a service connects to. */
  readonly brokers: readonly string[]
  /** The brokers under the addresses that they tell their clients. */
  nodes(): Promise<readonly { readonly host: string; readonly port: number }[]>
  /** Creates the input topic where it is missing, and the application's own topics. */
  createTopics(app: AppNames, partitions: number): Promise<void>
  producer(topic: string): Promise<InputProducer>
  /**
   * Reads the application's predictions read_committed on a connection of its own, from their
   * present end on, until the function that it resolves with is called.
   */
  followPredictions(
    app: AppNames,
    partition: number,
    listener: {
      /** As soon as they are readable; never empty. */
      onMessages(messages: readonly OutputMessage[]): void
      onError(error: unknown): void
    },
  ): Promise<() => Promise<void>>
  /** Every transaction whose predictions a partition holds, in order. */
  commits(app: AppNames, partition: number): Promise<readonly Commit[]>
  /** The committed offset of the application's group; 0n where there is none. */
  groupOffset(app: AppNames, partition: number): Promise<bigint>
  /** Deletes the topics and groups of everything that was created, and closes the connections. */
  close(): Promise<void>
}
