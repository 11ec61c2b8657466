import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { redact } from '../../../src/telemetry/redact.ts'

describe('redact', () => {
  test('masks by the name of the field, at any depth, and leaves the rest', () => {
    const fields = {
      topic: 'rides',
      kafka: {
        sasl: { mechanism: 'plain', username: 'u', password: 'p' },
        ssl: { ca: 'public', key: 'k', passphrase: 'q' },
      },
      headers: [{ authorization: 'Bearer x' }, { apiKey: 'y' }],
      key: 'nyc',
    }
    expect(redact(fields)).toEqual({
      topic: 'rides',
      kafka: {
        sasl: '[redacted]',
        ssl: { ca: 'public', key: '[redacted]', passphrase: '[redacted]' },
      },
      headers: [{ authorization: '[redacted]' }, { apiKey: '[redacted]' }],
      key: 'nyc',
    })
  })

  test('masks by form: private keys and users in URLs', () => {
    const pem = '-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----'
    expect(redact(`before ${pem} after`)).toBe('before [redacted] after')
    expect(redact('-----BEGIN PRIVATE KEY-----\ncut off')).toBe('[redacted]')
    expect(redact('see https://user:pw@host/x')).toBe('see https://[redacted]@host/x')
    expect(redact('mail a@b.example')).toBe('mail a@b.example')
  })

  test('a known secret turns up nowhere, whatever it stands in', () => {
    const secret = fc.string({ minLength: 4, maxLength: 20 }).filter((s) => s.trim().length >= 4)
    const frame = /redacted|name|message|stack|cause|error|nested|more|text|list|Error/
    fc.assert(
      fc.property(secret, fc.string(), (value, around) => {
        fc.pre(!'[redacted]'.includes(value) && !frame.test(value) && !around.includes('['))
        const error = new Error(`said ${value}`, { cause: new Error(value) })
        error.stack = `at ${value}`
        const text = `${around}${value}${around}`
        const clean = redact({ text, list: [text, { text }], error }, [value])
        const leaves = JSON.stringify(clean, (_, leaf: unknown) =>
          typeof leaf === 'string' ? leaf.replaceAll('[redacted]', '\u0000') : leaf,
        )
        const strings: string[] = []
        JSON.parse(leaves, (_, leaf: unknown) => {
          if (typeof leaf === 'string') strings.push(leaf)
          return leaf
        })
        for (const string of strings) expect(string.includes(value)).toBe(false)
      }),
    )
  })

  test('tells errors whole, with code and cause', () => {
    const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
    const error = Object.assign(new Error('no broker', { cause }), { code: 'HEADRACE_X' })
    expect(redact(error)).toMatchObject({
      name: 'Error',
      message: 'no broker',
      code: 'HEADRACE_X',
      stack: expect.stringContaining('no broker'),
      cause: { message: 'refused', code: 'ECONNREFUSED' },
    })
  })

  test('makes every value fit for JSON, and bounded', () => {
    const loop: Record<string, unknown> = {}
    loop.self = loop
    const clean = redact({
      offset: 12n,
      value: new Uint8Array(5),
      text: 'x'.repeat(10_000),
      list: Array.from({ length: 100 }, (_, i) => i),
      call: () => 1,
      loop,
      nothing: null,
    }) as Record<string, unknown>
    expect(clean).toMatchObject({ offset: '12', value: '[5 bytes]', nothing: null })
    expect((clean.text as string).length).toBeLessThan(4_200)
    expect(clean.list).toHaveLength(65)
    expect((clean.list as unknown[]).at(-1)).toBe('[36 more]')
    expect(JSON.stringify(clean).length).toBeLessThan(6_000)
  })
})
