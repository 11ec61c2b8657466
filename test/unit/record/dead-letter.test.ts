import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { deadLetter } from '../../../src/record/dead-letter.ts'

const source = { topic: 'rides', partition: 3 }
const failure = { code: 'HEADRACE_RECORD_WRONG_TYPE', message: 'The field "y" …' } as const
const where = {
  'headrace-source-topic': 'rides',
  'headrace-source-partition': '3',
  'headrace-source-offset': '9007199254740993',
  'headrace-error-code': 'HEADRACE_RECORD_WRONG_TYPE',
  'headrace-error-message': 'The field "y" …',
}
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

function letter(key: Uint8Array | null, value: Uint8Array | null, maxBytes: number) {
  return deadLetter({ key, value, offset: 9_007_199_254_740_993n }, source, failure, maxBytes)
}

describe('deadLetter', () => {
  const key = new Uint8Array([1, 2])
  const value = new Uint8Array([3, 4, 5])

  it('keeps key and value as they are up to the bound', () => {
    expect(letter(key, value, 5)).toEqual({ key, value, headers: where })
    expect(letter(null, null, 0)).toEqual({ key: null, value: null, headers: where })
    const empty = new Uint8Array(0)
    expect(letter(empty, empty, 0)).toEqual({ key: empty, value: empty, headers: where })
  })

  it('replaces a value that is too large by its length and hash', () => {
    expect(letter(key, value, 4)).toEqual({
      key,
      value: null,
      headers: {
        ...where,
        'headrace-value-bytes': '3',
        'headrace-value-sha256': sha256(value),
      },
    })
  })

  it('replaces a key that is too large likewise, and judges the value without it', () => {
    const large = new Uint8Array(10)
    expect(letter(large, value, 5)).toEqual({
      key: null,
      value,
      headers: { ...where, 'headrace-key-bytes': '10', 'headrace-key-sha256': sha256(large) },
    })
    expect(Object.keys(letter(large, large, 5).headers).slice(5)).toEqual([
      'headrace-key-bytes',
      'headrace-key-sha256',
      'headrace-value-bytes',
      'headrace-value-sha256',
    ])
  })
})
