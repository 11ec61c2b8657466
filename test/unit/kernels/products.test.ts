import { expect, test } from 'vitest'
import {
  addOuterProducts,
  addSums,
  multiply,
  multiplyTransposed,
} from '../../../src/kernels/products.ts'
import { Random } from '../../../src/random.ts'
import { randomise } from './fixtures.ts'

// Blocked loops must give the bits of the plain ones, whatever is left over by fours.
const SHAPES = [1, 3, 4, 5, 8, 11].flatMap((rows) => [1, 4, 7].map((columns) => [rows, columns]))

test.each(SHAPES as [number, number][])('%d × %d: the bits of plain loops', (rows, columns) => {
  const random = new Random(rows * 100 + columns)
  const stride = columns + 2
  const steps = rows + 1
  const w = randomise(new Float32Array(3 + rows * stride), random)
  const x = randomise(new Float64Array(5 + steps * stride), random)
  const d = randomise(new Float64Array(2 + steps * (rows + 1)), random)
  const y = randomise(new Float64Array(1 + Math.max(rows, columns)), random)
  const g = randomise(new Float64Array(3 + rows * stride), random)

  const product = y.slice()
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) product[1 + i]! += w[3 + i * stride + j]! * x[5 + j]!
  }
  const multiplied = y.slice()
  multiply(multiplied, 1, w, 3, stride, x, 5, rows, columns)
  expect(multiplied).toEqual(product)

  const transposed = y.slice()
  for (let j = 0; j < columns; j++) {
    for (let i = 0; i < rows; i++) transposed[1 + j]! += w[3 + i * stride + j]! * d[2 + i]!
  }
  const back = y.slice()
  multiplyTransposed(back, 1, w, 3, stride, d, 2, rows, columns)
  expect(back).toEqual(transposed)

  const outer = g.slice()
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      for (let t = 0; t < steps; t++) {
        outer[3 + i * stride + j]! += d[2 + t * (rows + 1) + i]! * x[5 + t * stride + j]!
      }
    }
  }
  const summed = g.slice()
  addOuterProducts(summed, 3, stride, d, 2, rows + 1, x, 5, stride, steps, rows, columns)
  expect(summed).toEqual(outer)

  const sums = y.slice()
  for (let i = 0; i < rows; i++) {
    for (let t = 0; t < steps; t++) sums[1 + i]! += d[2 + t * (rows + 1) + i]!
  }
  const added = y.slice()
  addSums(added, 1, d, 2, rows + 1, steps, rows)
  expect(added).toEqual(sums)
})
