import type { Tensor, Tf } from './peers/tfjs-network.ts'

/** A matrix that stands in for a tensor of TensorFlow.js. */
class Matrix implements Tensor {
  readonly rows: number
  readonly columns: number
  readonly values: readonly number[]

  constructor(rows: number, columns: number, at: (row: number, column: number) => number) {
    this.rows = rows
    this.columns = columns
    this.values = Array.from({ length: rows * columns }, (_, i) =>
      at(Math.floor(i / columns), i % columns),
    )
  }

  /** A single row, or column, stands for all. */
  at(row: number, column: number): number {
    const i = (this.rows === 1 ? 0 : row) * this.columns + (this.columns === 1 ? 0 : column)
    return this.values[i] ?? Number.NaN
  }

  dataSync(): ArrayLike<number> {
    return this.values
  }

  dispose(): void {}
}

const matrix = (tensor: Tensor) => tensor as Matrix

function each(a: Tensor, f: (value: number) => number): Matrix {
  const { rows, columns } = matrix(a)
  return new Matrix(rows, columns, (i, j) => f(matrix(a).at(i, j)))
}

function both(a: Tensor, b: Tensor | number, f: (x: number, y: number) => number): Matrix {
  if (typeof b === 'number') return each(a, (x) => f(x, b))
  const [left, right] = [matrix(a), matrix(b)]
  const rows = Math.max(left.rows, right.rows)
  const columns = Math.max(left.columns, right.columns)
  return new Matrix(rows, columns, (i, j) => f(left.at(i, j), right.at(i, j)))
}

function product(a: Tensor, b: Tensor): Matrix {
  const [left, right] = [matrix(a), matrix(b)]
  if (left.columns !== right.rows) throw new Error(`${left.columns} columns by ${right.rows} rows`)
  return new Matrix(left.rows, right.columns, (i, j) => {
    let sum = 0
    for (let k = 0; k < left.columns; k++) sum += left.at(i, k) * right.at(k, j)
    return sum
  })
}

function split(a: Tensor, parts: number, axis: number): Matrix[] {
  const { rows, columns } = matrix(a)
  return Array.from({ length: parts }, (_, part) =>
    axis === 0
      ? new Matrix(rows / parts, columns, (i, j) => matrix(a).at((part * rows) / parts + i, j))
      : new Matrix(rows, columns / parts, (i, j) => matrix(a).at(i, (part * columns) / parts + j)),
  )
}

function concat(parts: readonly Tensor[], axis: number): Matrix {
  return parts
    .map(matrix)
    .reduce((a, b) =>
      axis === 0
        ? new Matrix(a.rows + b.rows, a.columns, (i, j) =>
            i < a.rows ? a.at(i, j) : b.at(i - a.rows, j),
          )
        : new Matrix(a.rows, a.columns + b.columns, (i, j) =>
            j < a.columns ? a.at(i, j) : b.at(i, j - a.columns),
          ),
    )
}

/** What the network needs of TensorFlow.js, forward only: no gradients, and nothing learns. */
export function standInTf(): Tf {
  return {
    version: { tfjs: 'stand-in' },
    train: { adam: () => ({ applyGradients: () => {} }) },
    setBackend: async () => true,
    enableProdMode: () => {},
    tensor2d: (values, [rows, columns]) =>
      new Matrix(rows, columns, (i, j) => values[i * columns + j] ?? Number.NaN),
    variable: (initial) => initial,
    tidy: (action) => action(),
    variableGrads: (loss) => ({ value: loss(), grads: {} }),
    matMul: product,
    add: (a, b) => both(a, b, (x, y) => x + y),
    sub: (a, b) => both(a, b, (x, y) => x - y),
    mul: (a, b) => both(a, b, (x, y) => x * y),
    abs: (a) => each(a, Math.abs),
    minimum: (a, b) => each(a, (x) => Math.min(x, b)),
    mean: (a) => {
      const { values } = matrix(a)
      return new Matrix(1, 1, () => values.reduce((sum, x) => sum + x, 0) / values.length)
    },
    sigmoid: (a) => each(a, (x) => 1 / (1 + Math.exp(-x))),
    tanh: (a) => each(a, Math.tanh),
    split,
    concat,
  }
}
