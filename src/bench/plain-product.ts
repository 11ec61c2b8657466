import { instantiate } from '../kernels/module.ts'
import { matrixBytes, PANEL, panelPlace, panelsOf } from '../kernels/panels.ts'
import { multiply } from '../kernels/products.ts'
import { Random } from '../random.ts'
import type { KernelName } from './rows.ts'

/** (rows, depth) × (depth, columns); both factors are noise, the same for every kernel. */
export interface PlainProduct {
  /** Multiplies; what was there before is overwritten. */
  run(): void
  /** The newest product, (rows, columns). */
  result(): Float64Array
}

type OpenProduct = (rows: number, depth: number, columns: number) => PlainProduct

/**
 * The plain matrix product of each kernel, operands already where and how the kernel wants them:
 * nothing is copied or packed when it runs.
 */
export const openProduct: Readonly<Record<KernelName, OpenProduct>> = {
  wasm: wasmProduct,
  reference: referenceProduct,
}

/** A (rows, depth) and W (columns, depth). */
function factors(rows: number, depth: number, columns: number) {
  const random = new Random(1)
  const noise = (count: number) => Float32Array.from({ length: count }, () => random.normal())
  return { a: noise(rows * depth), w: noise(columns * depth) }
}

/** Each row of W is a column of the panels that the kernel multiplies by. */
function wasmProduct(rows: number, depth: number, columns: number): PlainProduct {
  const { a, w } = factors(rows, depth, columns)
  const { arena, exports } = instantiate()
  const panels = panelsOf(columns)
  const aAt = arena.allocate(4 * a.length)
  const wAt = arena.allocate(matrixBytes(depth, columns))
  const width = panels * PANEL
  const zeroAt = arena.allocate(4 * width)
  const cAt = arena.allocate(4 * rows * width)
  arena.float32.set(a, aAt / 4)
  for (let column = 0; column < columns; column++) {
    for (let k = 0; k < depth; k++) {
      arena.float32[panelPlace(wAt, depth, k, column) / 4] = w[column * depth + k] ?? 0
    }
  }
  const c = arena.float32.subarray(cAt / 4, cAt / 4 + rows * width)
  return {
    run: () => exports.product(rows, 0, aAt, 4 * depth, depth, wAt, panels, zeroAt, cAt, 4 * width),
    result: () => Float64Array.from(c).filter((_, i) => i % width < columns),
  }
}

function referenceProduct(rows: number, depth: number, columns: number): PlainProduct {
  const { a, w } = factors(rows, depth, columns)
  const x = Float64Array.from(a)
  const y = new Float64Array(rows * columns)
  return {
    run: () => {
      y.fill(0)
      for (let row = 0; row < rows; row++) {
        multiply(y, row * columns, w, 0, depth, x, row * depth, columns, depth)
      }
    },
    result: () => y,
  }
}
