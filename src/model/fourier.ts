import { cosTurns, sinTurns } from '../kernels/transcendental.ts'

/**
 * Discrete Fourier transform of complex numbers in place, for lengths that are powers of two up to
 * `sizeMax` (Cooley & Tukey 1965, radix 2), from our own sines: the same bits on every machine.
 */
export class Fourier {
  readonly sizeMax: number
  /** cos and sin of −k / sizeMax turns, k < sizeMax / 2. */
  private readonly cosines: Float64Array
  private readonly sines: Float64Array

  constructor(sizeMax: number) {
    this.sizeMax = sizeMax
    this.cosines = Float64Array.from({ length: sizeMax / 2 }, (_, k) => cosTurns(k / sizeMax))
    this.sines = Float64Array.from({ length: sizeMax / 2 }, (_, k) => -sinTurns(k / sizeMax))
  }

  /** The smallest power of two that is at least `length`. */
  static sizeFor(length: number): number {
    let size = 2
    while (size < length) size *= 2
    return size
  }

  /** Transforms the first `size` elements, a power of two: X_k = Σ x_n e^(−2πi kn / size). */
  transform(real: Float64Array, imaginary: Float64Array, size: number): void {
    reverseBits(real, imaginary, size)
    const { cosines, sines, sizeMax } = this
    for (let half = 1; half < size; half *= 2) {
      const stride = sizeMax / (2 * half)
      for (let k = 0; k < half; k++) {
        const c = cosines[k * stride]!
        const s = sines[k * stride]!
        for (let i = k; i < size; i += 2 * half) {
          const j = i + half
          const re = real[j]! * c - imaginary[j]! * s
          const im = real[j]! * s + imaginary[j]! * c
          real[j] = real[i]! - re
          imaginary[j] = imaginary[i]! - im
          real[i] = real[i]! + re
          imaginary[i] = imaginary[i]! + im
        }
      }
    }
  }
}

function reverseBits(real: Float64Array, imaginary: Float64Array, size: number): void {
  for (let i = 1, j = 0; i < size; i++) {
    let bit = size >> 1
    for (; j & bit; bit >>= 1) j ^= bit
    j |= bit
    if (i >= j) continue
    const re = real[i]!
    const im = imaginary[i]!
    real[i] = real[j]!
    imaginary[i] = imaginary[j]!
    real[j] = re
    imaginary[j] = im
  }
}
