import { openProduct } from './plain-product.ts'
import { type BenchRun, microsecondsEach } from './rounds.ts'
import type { KernelName } from './rows.ts'
import { median } from './statistics.ts'

/**
 * Rows, depth and columns that suit a blocked product: multiples of every block, and operands that
 * stay in the caches next to the core.
 */
const shapes = [
  [8, 64, 64],
  [8, 64, 128],
  [16, 64, 128],
  [32, 64, 64],
  [64, 32, 128],
  [16, 128, 128],
  [64, 128, 128],
  [8, 64, 256],
  [64, 64, 192],
] as const

/** What the kernel's plain products reach in friendly shapes. */
export interface Ceiling {
  /** Measurements to run in each round beside the cases that are compared with them. */
  readonly measures: readonly (() => number)[]
  /** The gigaflops of the best shape, from its measurements like any other row. */
  of(rounds: readonly (readonly number[])[]): number
}

/** Opens the kernel's plain product in several friendly shapes. */
export function openCeiling(kernel: KernelName, run: BenchRun): Ceiling {
  return {
    measures: shapes.map(([rows, depth, columns]) => {
      const product = openProduct[kernel](rows, depth, columns)
      return () => microsecondsEach(product.run, run)
    }),
    of: (rounds) =>
      Math.max(
        ...shapes.map(([rows, depth, columns], i) => {
          return (2 * rows * depth * columns) / median(rounds[i] ?? []) / 1000
        }),
      ),
  }
}
