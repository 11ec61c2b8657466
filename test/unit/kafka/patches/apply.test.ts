import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import { HeadraceError } from '../../../../src/errors.ts'
import { filterAborted } from '../../../../src/kafka/patches/aborted.ts'
import { loadKafkajs, patchedSources, verifySources } from '../../../../src/kafka/patches/apply.ts'

const require = createRequire(import.meta.url)

describe('verifySources', () => {
  const read = (path: string): Buffer => readFileSync(require.resolve(`kafkajs/${path}`))

  test('accepts the installed kafkajs', () => {
    expect(() => verifySources(read)).not.toThrow()
  })

  test.each(Object.keys(patchedSources))('refuses another %s', (changed) => {
    const check = () =>
      verifySources((path) => (path === changed ? Buffer.from(`${read(path)}\n`) : read(path)))
    expect(check).toThrow(HeadraceError)
    expect(check).toThrow(expect.objectContaining({ code: 'HEADRACE_KAFKA_PATCH', exitCode: 70 }))
    expect(check).toThrow(changed)
  })
})

describe('loadKafkajs', () => {
  test('loads it anew where someone has loaded it as it is, and once', () => {
    const unpatched = require('kafkajs')
    const patched = loadKafkajs()
    expect(patched).not.toBe(unpatched)
    expect(loadKafkajs()).toBe(patched)
  })

  test('puts the corrections where kafkajs finds them', () => {
    loadKafkajs()
    expect(require('kafkajs/src/consumer/filterAbortedMessages.js')).toBe(filterAborted)
    const { recoverFromOffsetOutOfRange } = require('kafkajs/src/consumer/consumerGroup').prototype
    expect(String(recoverFromOffsetOutOfRange)).not.toContain('setDefaultOffset')
    const { scheduleCheckPendingRequests } = require('kafkajs/src/network/requestQueue').prototype
    expect(String(scheduleCheckPendingRequests)).not.toContain('scheduleAt')
    const decode = require('kafkajs/src/protocol/requests/fetch/v4/decodeMessages.js')
    expect(String(decode)).not.toContain('push(...')
  })
})
