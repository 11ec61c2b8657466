import type { Arena } from './arena.ts'
import type { LeastSquares, LeastSquaresOptions } from './kernel.ts'
import { checkLeastSquares, setDiagonal, triangleSize } from './least-squares.ts'
import type { KernelExports, KernelModule } from './module.ts'

/** Addresses of what one instance keeps in its arena, in bytes. */
interface Addresses {
  readonly x: number
  readonly targets: number
  readonly present: number
  readonly weights: number
  readonly covariance: number
  /** (p): P x of the last update. */
  readonly gain: number
}

/**
 * Recursive least squares in WebAssembly, with the packing of the reference. Its sums go in another
 * order, so the two agree to rounding; it agrees with itself to the bit.
 */
export class WasmLeastSquares implements LeastSquares {
  readonly features: number
  readonly outputs: number
  used: number
  forgetting: number
  weights = new Float64Array(0)
  covariance = new Float64Array(0)
  x = new Float64Array(0)
  targets = new Float64Array(0)
  present = new Uint8Array(0)
  private readonly traceCap: number
  private readonly at: Addresses
  private readonly exports: KernelExports

  /** Throws an assertion on options without a meaning, and what `Arena.allocate` throws. */
  constructor({ exports, arena }: KernelModule, options: LeastSquaresOptions) {
    checkLeastSquares(options)
    const { features, outputs } = options
    this.features = features
    this.outputs = outputs
    this.used = features
    this.forgetting = options.forgetting
    this.traceCap = options.traceCap
    this.exports = exports
    this.at = layOut(arena, features, outputs)
    arena.whenMoved(() => this.view(arena))
    setDiagonal(this.covariance, features, options.initialVariance)
  }

  update(): boolean {
    const { at, used } = this
    const learnt = this.exports.updateLeastSquares(
      used,
      this.outputs,
      at.x,
      at.targets,
      at.present,
      at.weights,
      at.covariance,
      at.gain,
      this.forgetting,
      this.traceCap * used,
    )
    return learnt !== 0
  }

  predict(output: number): number {
    const { at, used } = this
    return this.exports.dot(used, at.weights + output * used * 8, at.x)
  }

  private view(arena: Arena): void {
    const { at, features, outputs } = this
    const { buffer } = arena.memory
    this.x = new Float64Array(buffer, at.x, features)
    this.targets = new Float64Array(buffer, at.targets, outputs)
    this.present = new Uint8Array(buffer, at.present, outputs)
    this.weights = new Float64Array(buffer, at.weights, outputs * features)
    this.covariance = new Float64Array(buffer, at.covariance, triangleSize(features))
  }
}

function layOut(arena: Arena, features: number, outputs: number): Addresses {
  return {
    x: arena.allocate(features * 8),
    targets: arena.allocate(outputs * 8),
    present: arena.allocate(outputs),
    weights: arena.allocate(outputs * features * 8),
    covariance: arena.allocate(triangleSize(features) * 8),
    gain: arena.allocate(features * 8),
  }
}
