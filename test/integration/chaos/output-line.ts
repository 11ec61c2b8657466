/** A record of an output topic, byte for byte. */
export interface OutputBytes {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: Readonly<Record<string, string>>
}

/** The header that depends on where the transactions were cut. */
export const commitHeaderName = 'headrace-commit'

/**
 * One line that two records share exactly when they are the same: key, value, headers but the one
 * that depends on where the transactions were cut.
 */
export function lineOf({ key, value, headers }: OutputBytes): string {
  const { [commitHeaderName]: _, ...others } = headers
  return JSON.stringify([hex(key), latin1(value), Object.entries(others).toSorted()])
}

function hex(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('hex')
}

/** Every byte is one character. */
function latin1(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('latin1')
}

/** The offset of the input record that an output came from. */
export function sourceOffsetOf(output: OutputBytes): number {
  const told = output.headers['headrace-source-offset']
  if (told !== undefined) return Number(told)
  return (JSON.parse(Buffer.from(output.value ?? []).toString()) as { offset: number }).offset
}
