import {
  type NetworkSpec,
  type ParameterLayout,
  parameterLayout,
  type RecurrentSpec,
} from '../kernels/network-spec.ts'
import type { Random } from '../random.ts'

/**
 * Fills `parameters` for a start: the layers as `initialiseLayers` does and the whole read-out
 * zero, so that the first prediction is 0.
 */
export function initialise(spec: NetworkSpec, parameters: Float32Array, random: Random): void {
  parameters.fill(0)
  initialiseLayers(spec, parameterLayout(spec), parameters, random)
}

/**
 * The layers of zeroed `parameters`: orthogonal recurrent matrices, one per gate (Saxe et al.
 * 2014); input weights normal with variance 1 / fan-in; an lstm's forget bias 1 (Jozefowicz et al.
 * 2015); gains of normalised gates 1; all other biases stay zero.
 */
export function initialiseLayers(
  { cell, hidden }: RecurrentSpec,
  layout: Pick<ParameterLayout, 'gates' | 'biases' | 'layers'>,
  parameters: Float32Array,
  random: Random,
): void {
  const { gates, biases, layers } = layout
  for (const { inputs, weightsAt, biasesAt, gainsAt } of layers) {
    const stride = inputs + hidden
    const scale = 1 / Math.sqrt(inputs)
    for (let gate = 0; gate < gates; gate++) {
      const orthogonal = randomOrthogonal(hidden, random)
      for (let i = 0; i < hidden; i++) {
        const row = weightsAt + (gate * hidden + i) * stride
        for (let j = 0; j < inputs; j++) parameters[row + j] = scale * random.normal()
        for (let j = 0; j < hidden; j++) {
          parameters[row + inputs + j] = orthogonal[i * hidden + j]!
        }
      }
    }
    if (cell === 'lstm') parameters.fill(1, biasesAt + hidden, biasesAt + 2 * hidden)
    if (gainsAt >= 0) parameters.fill(1, gainsAt, gainsAt + biases * hidden)
  }
}

/** (n, n), uniform among orthogonal matrices: normal rows made orthonormal one after another. */
function randomOrthogonal(n: number, random: Random): Float64Array {
  const q = new Float64Array(n * n)
  for (let i = 0; i < n; ) {
    const row = q.subarray(i * n, (i + 1) * n)
    for (let j = 0; j < n; j++) row[j] = random.normal()
    const drawn = norm(row)
    // Twice is enough for orthogonality to rounding; a row that all but vanishes is drawn again.
    removeProjections(row, q, i)
    removeProjections(row, q, i)
    const length = norm(row)
    if (!(length > 1e-6 * drawn)) continue
    for (let j = 0; j < n; j++) row[j] = row[j]! / length
    i++
  }
  return q
}

function removeProjections(row: Float64Array, q: Float64Array, rows: number): void {
  const n = row.length
  for (let k = 0; k < rows; k++) {
    let dot = 0
    for (let j = 0; j < n; j++) dot += row[j]! * q[k * n + j]!
    for (let j = 0; j < n; j++) row[j] = row[j]! - dot * q[k * n + j]!
  }
}

function norm(row: Float64Array): number {
  let sum = 0
  for (const v of row) sum += v * v
  return Math.sqrt(sum)
}
