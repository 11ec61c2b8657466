import { assert } from '../assert.ts'
import { HeadraceError } from '../errors.ts'

const PAGE_BYTES = 65536
const GIBIBYTE = 1024 * 1024 * 1024
/** A cache line, so that no row of eight floats is torn. */
const ALIGN_BYTES = 64

/**
 * The linear memory of one WebAssembly kernel, laid out front to back while things are opened.
 * Afterwards it neither grows nor moves. Growing replaces the views, so whoever keeps one of its
 * own asks to be told.
 */
export class Arena {
  readonly memory: WebAssembly.Memory
  /** The whole memory as single precision floats; a byte address ÷ 4 is an index. */
  float32: Float32Array
  float64: Float64Array
  int32: Int32Array
  uint8: Uint8Array
  private top: number
  private readonly listeners: (() => void)[] = []

  /** Bytes laid out so far, with those that came with the module. */
  get bytes(): number {
    return this.top
  }

  /** `base`: the first free byte. */
  constructor(memory: WebAssembly.Memory, base: number) {
    this.memory = memory
    this.top = base
    this.float32 = new Float32Array(memory.buffer)
    this.float64 = new Float64Array(memory.buffer)
    this.int32 = new Int32Array(memory.buffer)
    this.uint8 = new Uint8Array(memory.buffer)
  }

  /**
   * Address of `bytes` zeroed bytes, at the start of a cache line. Throws `HeadraceError` where the
   * memory cannot grow as far: it ends at 4 GiB, the machine may have less.
   */
  allocate(bytes: number): number {
    assert(Number.isInteger(bytes) && bytes >= 0, 'an arena hands out whole bytes')
    const at = Math.ceil(this.top / ALIGN_BYTES) * ALIGN_BYTES
    const missing = at + bytes - this.memory.buffer.byteLength
    if (missing > 0) this.grow(Math.ceil(missing / PAGE_BYTES))
    this.top = at + bytes
    return at
  }

  /** Calls `listener` now, and again whenever the views have been replaced. */
  whenMoved(listener: () => void): void {
    this.listeners.push(listener)
    listener()
  }

  private grow(pages: number): void {
    try {
      this.memory.grow(pages)
    } catch (cause) {
      throw tooLarge(this.memory.buffer.byteLength + pages * PAGE_BYTES, cause)
    }
    const { buffer } = this.memory
    this.float32 = new Float32Array(buffer)
    this.float64 = new Float64Array(buffer)
    this.int32 = new Int32Array(buffer)
    this.uint8 = new Uint8Array(buffer)
    for (const listener of this.listeners) listener()
  }
}

function tooLarge(bytes: number, cause: unknown): HeadraceError {
  const gibibytes = (bytes / GIBIBYTE).toFixed(1)
  return new HeadraceError(
    'HEADRACE_MODEL_TOO_LARGE',
    `The networks and lines of the model need ${gibibytes} GiB or more of the wasm kernel's ` +
      'memory, which has room for 4 GiB or for what this machine has left.',
    { cause },
  )
}
