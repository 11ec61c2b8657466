/** What of a decoded record the filter of aborted transactions looks at. */
export interface TransactionalRecord {
  readonly offset: string
  readonly key: Buffer | null
  readonly isControlRecord: boolean
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean }
}

export interface AbortedTransaction {
  readonly producerId: string
  readonly firstOffset: string
}

/** Keys of control records: version (int16), type (int16); 0 ends an aborted transaction. */
function isAbortMarker(record: TransactionalRecord): boolean {
  const { key } = record
  return record.isControlRecord && key !== null && key.length >= 4 && key.readInt16BE(2) === 0
}

/**
 * The records of one fetch without those of aborted transactions; control records stay in.
 *
 * kafkajs takes the broker's list for sorted by first offset, opens at most one transaction a
 * record and takes a user's key 00000000 for an abort marker: with two transactional producers on
 * a partition it delivers aborted records. The rule is that of Kafka's own consumer
 * (`CompletedFetch.java`): all transactions that begin at or before a record are open, until the
 * abort marker of their producer.
 */
export function filterAborted<R extends TransactionalRecord>(fetched: {
  readonly messages: readonly R[]
  readonly abortedTransactions?: readonly AbortedTransaction[] | null
}): readonly R[] {
  const { messages, abortedTransactions } = fetched
  if (!abortedTransactions || abortedTransactions.length === 0) return messages
  const pending = abortedTransactions
    .map(({ producerId, firstOffset }) => ({ producerId, firstOffset: BigInt(firstOffset) }))
    .sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : a.firstOffset > b.firstOffset ? 1 : 0))
  const open = new Set<string>()
  let next = 0
  return messages.filter((record) => {
    for (let first = pending[next]; first !== undefined; first = pending[next]) {
      if (first.firstOffset > BigInt(record.offset)) break
      open.add(first.producerId)
      next += 1
    }
    const { producerId, inTransaction } = record.batchContext
    if (record.isControlRecord) {
      if (isAbortMarker(record)) open.delete(producerId)
      return true
    }
    return !(inTransaction && open.has(producerId))
  })
}
