import type { Clock } from '../clock.ts'
import { multiply } from '../kernels/products.ts'
import { Random } from '../random.ts'
import {
  type Cell,
  Network,
  type NetworkSpec,
  parameterCount,
  referenceKernel,
  stateSize,
  WindowBatch,
} from '../rnn/index.ts'

const INPUTS = 8
/** A round of one case takes at least this long, or one update. */
const MIN_ROUND_MS = 20
const PRODUCT_SIZE = 128

export interface UpdateCase {
  readonly cell: Cell
  readonly hidden: number
  /** Sequences that learn together. */
  readonly rows: number
  readonly window: number
}

/** One update = forward over the window, backward over it, clip, Adam. */
export interface UpdateRow extends UpdateCase {
  readonly bench: 'update'
  readonly kernel: 'reference'
  readonly inputs: number
  readonly microseconds: number
  /** 6 × parameters × rows × window floating point operations an update. */
  readonly gigaflops: number
  /** Of the fastest round of the kernel's plain matrix product in the same run. */
  readonly ceilingShare: number
}

/** Medians over rounds; each round runs every case once, so that a slow moment hits them alike. */
export function benchUpdates(
  cases: readonly UpdateCase[],
  rounds: number,
  clock: Clock,
): UpdateRow[] {
  const runs = cases.map((each) => prepare(each))
  const product = prepareProduct()
  for (const run of [...runs, product]) run()
  const times = cases.map((): number[] => [])
  const ceilings: number[] = []
  for (let round = 0; round < rounds; round++) {
    runs.forEach((run, i) => {
      times[i]?.push(microsecondsEach(run, clock))
    })
    ceilings.push((2 * PRODUCT_SIZE ** 2) / microsecondsEach(product, clock) / 1000)
  }
  const ceiling = Math.max(...ceilings)
  return cases.map((each, i) => {
    const microseconds = median(times[i] ?? [])
    const flops = 6 * parameterCount(specOf(each)) * each.rows * each.window
    const gigaflops = flops / microseconds / 1000
    return {
      bench: 'update',
      kernel: 'reference',
      cell: each.cell,
      hidden: each.hidden,
      inputs: INPUTS,
      rows: each.rows,
      window: each.window,
      microseconds,
      gigaflops,
      ceilingShare: gigaflops / ceiling,
    }
  })
}

/** The middle value; the mean of the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted[sorted.length >> 1] ?? Number.NaN
  const lower = sorted[(sorted.length - 1) >> 1] ?? Number.NaN
  return (lower + upper) / 2
}

function specOf({ cell, hidden }: UpdateCase): NetworkSpec {
  return { cell, inputs: INPUTS, hidden, layers: 1, outputs: 1 }
}

function prepare(each: UpdateCase): () => void {
  const { rows, window } = each
  const spec = specOf(each)
  const network = new Network(
    spec,
    {
      learningRate: 1e-3,
      beta2: 0.999,
      epsilon: 1e-5,
      clipNorm: 1,
      huberDelta: 1,
      window,
      runsMax: rows,
      warmupMax: 0,
      seed: 1,
    },
    referenceKernel,
  )
  const batch = new WindowBatch({ runsMax: rows, stepsMax: window, inputs: INPUTS, outputs: 1 })
  const random = new Random(1)
  for (let row = 0; row < rows; row++) {
    batch.add(0, window)
    for (let step = 0; step < window; step++) {
      const at = batch.inputsAt(row, step)
      for (let i = 0; i < INPUTS; i++) batch.inputs[at + i] = random.normal()
      batch.targets[batch.targetsAt(row, step)] = random.normal()
      batch.mask[batch.targetsAt(row, step)] = 1
    }
  }
  const states = new Float32Array(rows * stateSize(spec))
  return () => {
    network.accumulate(batch, states)
    network.finishUpdate()
  }
}

function prepareProduct(): () => void {
  const size = PRODUCT_SIZE
  const weights = new Float32Array(size * size).fill(0.01)
  const x = new Float64Array(size).fill(0.5)
  const y = new Float64Array(size)
  return () => multiply(y, 0, weights, 0, size, x, 0, size, size)
}

function microsecondsEach(run: () => void, clock: Clock): number {
  const startMs = clock.monotonicMs()
  let count = 0
  let elapsedMs = 0
  for (let step = 1; elapsedMs < MIN_ROUND_MS; step *= 2) {
    for (let i = 0; i < step; i++) run()
    count += step
    elapsedMs = clock.monotonicMs() - startMs
  }
  return (elapsedMs * 1000) / count
}
