import { createHash } from 'node:crypto'
import { examine, type Findings } from '../../../../src/cli/init/findings.ts'
import type { Sample } from '../../../../src/cli/init/sample.ts'

/** Numbers from 0 to 1 that look random and are the same in each run. */
export function noise(seed: number): () => number {
  let state = seed * 2 + 1
  return () => {
    state = Math.imul(state, 747796405) + 2891336453
    const word = Math.imul((state >>> ((state >>> 28) + 4)) ^ state, 277803737)
    return (((word >>> 22) ^ word) >>> 0) / 2 ** 32
  }
}

/** Roughly normal, variance one. */
export function gaussian(seed: number): () => number {
  const next = noise(seed)
  return () => Array.from({ length: 12 }, next).reduce((sum, value) => sum + value, 0) - 6
}

export interface TestRecord {
  readonly value: object | string
  readonly key?: string | Uint8Array | null
  readonly timestampMs?: number
  readonly partition?: number
}

/** A sample as it comes from a topic of JSON. */
export function topicSample(records: readonly TestRecord[]): Sample {
  const bytes = (text: string) => new TextEncoder().encode(text)
  const rows = records.map(({ value, key = null, timestampMs, partition = 0 }) => ({
    value: bytes(typeof value === 'string' ? value : JSON.stringify(value)),
    key: typeof key === 'string' ? bytes(key) : key,
    timestampMs: timestampMs ?? null,
    partition,
  }))
  const objects = records.map(({ value }) => value).filter((value) => typeof value === 'object')
  const names = [...new Set(objects.flatMap((value) => Object.keys(value)))]
  return {
    source: { kind: 'topic', name: 'rides', partitions: 1 },
    format: 'json',
    rows,
    names,
    naming: null,
    unreachable: new Set(),
    headerFault: null,
    isCut: false,
    remarks: [],
  }
}

/** What is found in JSON objects. */
export function examined(values: readonly object[], targets?: readonly string[]): Findings {
  return examine(topicSample(values.map((value) => ({ value }))), targets)
}

/** A text that never comes twice. */
export function unique(i: number): string {
  return createHash('sha256').update(String(i)).digest('hex').slice(0, 16)
}

export const hourMs = 3_600_000

/** ISO 8601, `hour` hours into 2024. */
export function atHour(hour: number): string {
  return new Date(Date.UTC(2024, 0, 1) + hour * hourMs).toISOString()
}
