import { parameterLayout } from '../rnn/index.ts'
import { measureBesideCeiling } from './ceiling.ts'
import { updateSpec } from './open-update.ts'
import { openProduct } from './plain-product.ts'
import { type BenchRun, breathe, microsecondsEach } from './rounds.ts'
import type { KernelName, ProductRow, UpdateCase } from './rows.ts'
import { median } from './statistics.ts'

/**
 * The product that a live step of each case spends its time in: h of all rows (B, H) by the
 * recurrent weights of all gates (H, gates H), and its share of the ceiling in the same run.
 */
export async function benchProducts(
  kernel: KernelName,
  cases: readonly UpdateCase[],
  run: BenchRun,
): Promise<ProductRow[]> {
  const measures: (() => number)[] = []
  for (const each of cases) {
    await breathe(run.signal)
    const product = openProduct[kernel](each.rows, each.hidden, columnsOf(each))
    measures.push(() => microsecondsEach(product.run, run))
  }
  const { times, ceiling } = await measureBesideCeiling(kernel, measures, run)
  return cases.map((each, i) => {
    const microseconds = median(times[i] ?? [])
    const gigaflops = (2 * each.rows * each.hidden * columnsOf(each)) / microseconds / 1000
    return {
      bench: 'product',
      kernel,
      cell: each.cell,
      hidden: each.hidden,
      rows: each.rows,
      microseconds,
      gigaflops,
      ceilingShare: gigaflops / ceiling,
    }
  })
}

function columnsOf(each: UpdateCase): number {
  return parameterLayout(updateSpec(each)).gates * each.hidden
}
