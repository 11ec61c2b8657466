import { GCProfiler, getHeapStatistics } from 'node:v8'
import { Processor } from '../task/processor.ts'
import { breathe } from './rounds.ts'
import { readAll, type Workload } from './workload.ts'

/** Records between two looks at the signal. */
const sliceRecords = 1000
const parts = 4

export interface Allocations {
  readonly bytesPerSequence: number
  readonly heapBytesPer1000Records: number
  readonly heapGrowth: number
}

/**
 * What decoder and model take from the JavaScript heap. In the first half of the run sequences
 * begin and code is compiled; the last quarter is compared with the one before it.
 */
export async function measureAllocations(
  workload: Workload,
  signal: AbortSignal,
): Promise<Allocations> {
  const { records, decoder } = await readAll(workload)
  const processor = new Processor(workload.config, decoder)
  const heapBytes: number[] = []
  for (let part = 0; part < parts; part++) {
    const from = Math.floor((part * records.length) / parts)
    const until = Math.floor(((part + 1) * records.length) / parts)
    const counter = new HeapCounter()
    for (const [i, { key, value, timestampMs }] of records.slice(from, until).entries()) {
      if (i % sliceRecords === 0) await breathe(signal)
      processor.process(key, value, timestampMs)
    }
    heapBytes.push((counter.stop() * 1000) / Math.max(1, until - from))
  }
  const [, , third = 0, last = 0] = heapBytes
  return {
    bytesPerSequence: processor.model.bytesPerSequence,
    heapBytesPer1000Records: last,
    heapGrowth: last / Math.max(1, third),
  }
}

/**
 * Counts the bytes taken from the JavaScript heap since it was made, those that were collected
 * meanwhile included: what the heap grew by between collections, each of which says what it began
 * and ended with.
 */
export class HeapCounter {
  readonly #profiler = new GCProfiler()
  readonly #startBytes: number

  constructor() {
    this.#profiler.start()
    this.#startBytes = getHeapStatistics().used_heap_size
  }

  /** Ends the count and returns it. */
  stop(): number {
    const endBytes = getHeapStatistics().used_heap_size
    let taken = 0
    let before = this.#startBytes
    for (const { beforeGC, afterGC } of this.#profiler.stop()?.statistics ?? []) {
      taken += beforeGC.heapStatistics.usedHeapSize - before
      before = afterGC.heapStatistics.usedHeapSize
    }
    return taken + endBytes - before
  }
}
