import { describe, expect, test } from 'vitest'
import { Fourier } from '../../../src/model/fourier.ts'
import { Random } from '../../../src/random.ts'

describe('Fourier', () => {
  test('is the sum it stands for, for every size up to its own', () => {
    const fourier = new Fourier(64)
    const random = new Random(1)
    for (let size = 2; size <= 64; size *= 2) {
      const re = Float64Array.from({ length: size }, () => random.normal())
      const im = Float64Array.from({ length: size }, () => random.normal())
      const [real, imaginary] = [re.slice(), im.slice()]
      fourier.transform(real, imaginary, size)
      for (let k = 0; k < size; k++) {
        let [a, b] = [0, 0]
        for (let n = 0; n < size; n++) {
          const angle = (-2 * Math.PI * k * n) / size
          a += re[n]! * Math.cos(angle) - im[n]! * Math.sin(angle)
          b += re[n]! * Math.sin(angle) + im[n]! * Math.cos(angle)
        }
        expect(real[k]).toBeCloseTo(a, 10)
        expect(imaginary[k]).toBeCloseTo(b, 10)
      }
    }
  })

  test('takes the next power of two', () => {
    expect([1, 2, 3, 64, 65].map((n) => Fourier.sizeFor(n))).toEqual([2, 2, 4, 64, 128])
  })
})
