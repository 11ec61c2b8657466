import { openProduct } from './plain-product.ts'
import { type BenchRun, measureInRounds, microsecondsEach } from './rounds.ts'
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

/** Microseconds of each case, round by round. */
export interface BesideCeiling {
  readonly times: readonly (readonly number[])[]
  /** Gigaflops of the kernel's plain product in the friendliest shape, measured alike. */
  readonly ceiling: number
}

/** Measures cases, and in each round beside them the kernel's plain product in friendly shapes. */
export async function measureBesideCeiling(
  kernel: KernelName,
  cases: readonly (() => number)[],
  run: BenchRun,
): Promise<BesideCeiling> {
  const products = shapes.map(([rows, depth, columns]) => {
    const product = openProduct[kernel](rows, depth, columns)
    return () => microsecondsEach(product.run, run)
  })
  const found = await measureInRounds([...products, ...cases], run)
  const gigaflops = shapes.map(([rows, depth, columns], i) => {
    return (2 * rows * depth * columns) / median(found[i] ?? []) / 1000
  })
  return { times: found.slice(shapes.length), ceiling: Math.max(...gigaflops) }
}
