/** Bytes of key and value of a record, be it of the input or of an output. */
export function bytesOf(record: {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
}): number {
  return (record.key?.byteLength ?? 0) + (record.value?.byteLength ?? 0)
}
