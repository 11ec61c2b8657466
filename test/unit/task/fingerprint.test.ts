import { expect, test } from 'vitest'
import { differences, fingerprint } from '../../../src/task/fingerprint.ts'
import { testConfig } from './support/world.ts'

test('what decides predictions decides the fingerprint, and nothing else does', () => {
  const base = fingerprint(testConfig(), 1, 'host').hash
  const same = [
    { name: 'other' },
    { commit: { intervalMs: 7 } },
    { kafka: { brokers: ['elsewhere:9092'] } },
    { http: { port: 1 } },
    { shutdown: { timeoutMs: 5 } },
    { input: { topic: 'another' } },
  ]
  for (const change of same) expect(fingerprint(testConfig(change), 1, 'host').hash).toBe(base)
  const others = [
    { task: { targets: ['x'] } },
    { model: { seed: 2 } },
    { model: { learn: false } },
    { sequences: { max: 5, keep: 10 } },
    { deadLetters: { maxBytes: 5 } },
    { input: { topic: 'input', from: 'latest' } },
    { input: { topic: 'input', time: 'at' } },
  ]
  const hashes = others.map((change) => fingerprint(testConfig(change), 1, 'host').hash)
  expect(new Set([base, fingerprint(testConfig(), 2, 'host').hash, ...hashes]).size).toBe(
    others.length + 2,
  )
})

test('differences name the path and both values', () => {
  const stored = { a: { b: 1, c: [1, 2] }, d: 'x' }
  expect(differences(stored, { a: { b: 1, c: [1] }, e: true })).toEqual([
    'a.c: [1,2], now [1]',
    'd: "x", now absent',
    'e: absent, now true',
  ])
  expect(differences(stored, structuredClone(stored))).toEqual([])
})
