import { hash } from 'node:crypto'
import type { DecodeFailure } from './types.ts'

/** What is written to the dead-letter topic for a record that cannot be used. */
export interface DeadLetter {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Keeps key and value unchanged while both together have at most `maxBytes` bytes. Else the value
 * is null and the headers `headrace-value-bytes` and `headrace-value-sha256` hold its length and
 * hash; likewise `headrace-key-bytes` and `headrace-key-sha256` for a key above `maxBytes` alone,
 * which then does not count towards the sum.
 */
export function deadLetter(
  record: {
    readonly key: Uint8Array | null
    readonly value: Uint8Array | null
    readonly offset: bigint
  },
  source: { readonly topic: string; readonly partition: number },
  failure: DecodeFailure,
  maxBytes: number,
): DeadLetter {
  const headers: Record<string, string> = {
    'headrace-source-topic': source.topic,
    'headrace-source-partition': String(source.partition),
    'headrace-source-offset': String(record.offset),
    'headrace-error-code': failure.code,
    'headrace-error-message': failure.message,
  }
  const key = keep('key', record.key, maxBytes, headers)
  const value = keep('value', record.value, maxBytes - (key?.length ?? 0), headers)
  return { key, value, headers }
}

function keep(
  part: 'key' | 'value',
  bytes: Uint8Array | null,
  maxBytes: number,
  headers: Record<string, string>,
): Uint8Array | null {
  if (bytes === null || bytes.length <= maxBytes) return bytes
  headers[`headrace-${part}-bytes`] = String(bytes.length)
  headers[`headrace-${part}-sha256`] = hash('sha256', bytes, 'hex')
  return null
}
