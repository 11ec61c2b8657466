import { bothKernels, type ModelOptions, RECORDS, taxi } from './taxi.ts'

/** Prints how far the kernels drift apart as they learn nyc_taxi, in deviations of the target. */
const AT = [100, 1000, 3000, RECORDS]
const PORTFOLIOS: readonly (readonly [string, ModelOptions])[] = [
  ['rnn alone', { cell: 'rnn', portfolio: 'network' }],
  ['gru alone', { cell: 'gru', portfolio: 'network' }],
  ['lstm alone', { cell: 'lstm', portfolio: 'network' }],
  ['full portfolio', { learningRates: [3e-4, 1e-3, 3e-3] }],
]

for (const [name, model] of PORTFOLIOS) {
  let most = 0
  bothKernels(taxi(model), RECORDS, {
    watch: (count, { members, means }) => {
      most = Math.max(most, members, means)
      if (!AT.includes(count)) return
      process.stdout.write(`${name}, ${count} records: ${most.toExponential(1)}\n`)
    },
  })
}
