import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { HeadraceError } from '../errors.ts'
import { Arena } from './arena.ts'

/** What `assembly/index.ts` exports; addresses are bytes, counts are 32-bit integers. */
export interface KernelExports {
  heapBase(): number
  networkBytes(): number
  layerBytes(): number
  step(network: number, rows: number): void
  accumulate(network: number, runs: number): void
  lagNorms(network: number): void
  transposeWeights(network: number): void
  /** See `assembly/symbols.ts`. */
  symbolStep(network: number): void
  symbolDistribution(network: number): void
  symbolLearn(
    network: number,
    rate: number,
    gain: number,
    correction: number,
    epsilon: number,
  ): void
  symbolAccumulate(network: number, runs: number): void
  transposeReadOut(network: number): void
  gradientNorm(gradient: number, bytes: number): number
  adam(
    parameters: number,
    bytes: number,
    momentsShift: number,
    gradientShift: number,
    scale: number,
    learningRate: number,
    beta2: number,
    correction: number,
    epsilon: number,
    decay: number,
  ): void
  /** See `assembly/product.ts`. */
  product(
    rows: number,
    index: number,
    a: number,
    aStride: number,
    depth: number,
    weights: number,
    panels: number,
    from: number,
    c: number,
    cStride: number,
  ): void
  /** See `assembly/least-squares.ts`; 1 where it has learnt. */
  updateLeastSquares(
    features: number,
    outputs: number,
    x: number,
    targets: number,
    present: number,
    weights: number,
    covariance: number,
    gain: number,
    forgetting: number,
    traceMax: number,
  ): number
  /** a · b over n doubles. */
  dot(n: number, a: number, b: number): number
  /** e^x of `count` floats, a multiple of 4, and so with the three below. */
  mapExp(from: number, to: number, count: number): void
  mapLog(from: number, to: number, count: number): void
  mapSigmoid(from: number, to: number, count: number): void
  mapTanh(from: number, to: number, count: number): void
}

/** One instance of the compiled kernel and the memory that it works on. */
export interface KernelModule {
  readonly exports: KernelExports
  readonly arena: Arena
}

/**
 * Loads the module that lies beside this file, in a checkout and in the package alike. Throws
 * `HeadraceError` where it does not.
 * @param path of another one
 */
export function instantiate(
  path = fileURLToPath(new URL('./kernel.wasm', import.meta.url)),
): KernelModule {
  if (!existsSync(path)) {
    throw new HeadraceError(
      'HEADRACE_KERNEL_MISSING',
      `The wasm kernel has not been compiled: there is no ${path}.`,
    )
  }
  const memory = new WebAssembly.Memory({ initial: 1 })
  const module = compile(path)
  const instance = new WebAssembly.Instance(module, { env: { memory } })
  const exports = instance.exports as unknown as KernelExports
  return { exports, arena: new Arena(memory, exports.heapBase()) }
}

/**
 * The whole module by V8's optimising compiler at once. Left alone, V8 begins with quick and slow
 * code and compiles function by function beside the first records: a tenth of a second that is
 * slower and never the same, against 15 ms here. Its code for equal bytes is kept, so a second
 * instance costs next to nothing.
 */
function compile(path: string): WebAssembly.Module {
  const bytes = readFileSync(path)
  setFlagsFromString('--no-liftoff')
  setFlagsFromString('--no-wasm-lazy-compilation')
  try {
    return new WebAssembly.Module(bytes)
  } catch (cause) {
    const message = `The wasm kernel is damaged: ${path}.`
    throw new HeadraceError('HEADRACE_KERNEL_MISSING', message, { cause })
  } finally {
    setFlagsFromString('--liftoff')
    setFlagsFromString('--wasm-lazy-compilation')
  }
}
