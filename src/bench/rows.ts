import type { openKernel } from '../kernels/index.ts'
import type { Cell } from '../rnn/index.ts'
import type { MetricsRow } from './metrics-rows.ts'
import type { ServiceRow } from './service/rows.ts'

export type KernelName = Exclude<Parameters<typeof openKernel>[0], 'tensorflow'>

/** One network and the batch that it learns from, H = `hidden`. */
export interface UpdateCase {
  readonly cell: Cell
  readonly hidden: number
  /** Sequences that learn together, B. */
  readonly rows: number
  readonly window: number
}

/** One update: forward over the window, backward over it, clip, Adam. */
export interface UpdateRow extends UpdateCase {
  readonly bench: 'update'
  readonly kernel: KernelName
  readonly inputs: number
  readonly microseconds: number
  /** 6 × parameters × rows × window floating point operations an update. */
  readonly gigaflops: number
  /** Of the kernel's plain matrix product in the same run. */
  readonly ceilingShare: number
}

/** The matrix product of one live step: (rows, hidden) × (hidden, gates × hidden). */
export interface ProductRow extends Omit<UpdateCase, 'window'> {
  readonly bench: 'product'
  readonly kernel: KernelName
  readonly microseconds: number
  readonly gigaflops: number
  /** Of the kernel's best plain product in the same run. */
  readonly ceilingShare: number
}

/** The same update by the kernel and by the reference kernel in turn. */
export interface ReferenceRow extends UpdateCase {
  readonly bench: 'reference'
  readonly kernel: KernelName
  readonly inputs: number
  readonly microseconds: number
  readonly referenceMicroseconds: number
  /** How many times as fast as the reference. */
  readonly times: number
}

/** One step and one update of many sequences by the kernels wasm and tensorflow in turn. */
export interface TensorflowRow extends UpdateCase {
  readonly bench: 'tensorflow'
  readonly kernel: 'tensorflow'
  /** `cpu: …` or `gpu: …`, with its name. */
  readonly device: string
  readonly inputs: number
  readonly stepMicroseconds: number
  readonly wasmStepMicroseconds: number
  readonly updateMicroseconds: number
  readonly wasmUpdateMicroseconds: number
  /** Of a stream with one update for every `window` steps of all rows. */
  readonly recordsPerSecond: number
  readonly wasmRecordsPerSecond: number
  /** How many times as many records a second as wasm. */
  readonly times: number
}

/** The same update by headrace and by another library in turn. */
export interface PeerRow extends UpdateCase {
  readonly bench: 'peer'
  readonly kernel: KernelName
  /** `pytorch`, `tfjs cpu`, `tfjs wasm` */
  readonly peer: string
  readonly peerVersion: string
  readonly inputs: number
  readonly microseconds: number
  readonly peerMicroseconds: number
  /** How many times as fast as the peer. */
  readonly times: number
}

/** Which records a model learns from. */
export interface Data {
  readonly portfolio: 'network' | 'full'
  readonly sequences: number
  /** The bundled taxi series for one sequence, noisy waves for more. */
  readonly data: 'nyc_taxi' | 'synthetic'
  /** Fields beside the target. */
  readonly inputs: number
  readonly horizons: readonly number[]
  readonly seasons: readonly number[]
}

/** Bytes of a file → decoder → model → scoreboard, as `headrace replay` does it. */
export interface ReplayRow extends Data {
  readonly bench: 'replay'
  readonly kernel: KernelName
  readonly recordsPerSecond: number
  readonly bytesPerSequence: number
  readonly records: number
  /** Bytes of the JavaScript heap that decoder and model take, in the last quarter of the run. */
  readonly heapBytesPer1000Records: number
  /** The last quarter of the run as a multiple of the one before it: 1 = it does not grow. */
  readonly heapGrowth: number
}

/** Decoder and model over records in memory, as a backlog and one by one in turn. */
export interface BlockRow extends Data {
  readonly bench: 'block'
  readonly kernel: KernelName
  /** Of the processor, for one record of a backlog. */
  readonly microseconds: number
  /** For the same record by itself. */
  readonly singleMicroseconds: number
  /** How many times as fast a backlog is. */
  readonly times: number
}

/** How long one record's `step` takes in the model, decoded before. */
export interface LatencyRow extends Data {
  readonly bench: 'latency'
  readonly kernel: KernelName
  /** Records whose step ended a block and learnt from it, or all the others. */
  readonly boundary: boolean
  readonly records: number
  readonly p50Microseconds: number
  readonly p99Microseconds: number
}

/** The process's memory after so many records of one model. */
export interface MemoryRow extends Data {
  readonly bench: 'memory'
  readonly kernel: KernelName
  readonly records: number
  readonly residentBytes: number
}

export type BenchRow =
  | UpdateRow
  | ProductRow
  | ReferenceRow
  | TensorflowRow
  | PeerRow
  | ReplayRow
  | BlockRow
  | LatencyRow
  | MemoryRow
  | ServiceRow
  | MetricsRow
