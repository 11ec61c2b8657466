/**
 * Seeded generator sfc32 (Doty-Humphrey, PractRand): 128 bits of state, passes BigCrush, and uses
 * integer arithmetic alone, so the same seed gives the same numbers on every machine.
 */
export class Random {
  /** The whole state: four 32-bit words, part of the model's state. */
  readonly state: Uint32Array

  constructor(seed: number) {
    this.state = new Uint32Array([seed >>> 0, Math.floor(seed / 4294967296) >>> 0, 0x9e3779b9, 1])
    for (let i = 0; i < 15; i++) this.uint32()
  }

  /** A uniform 32-bit integer. */
  uint32(): number {
    const s = this.state
    const a = s[0] as number
    const b = s[1] as number
    const c = s[2] as number
    const counter = s[3] as number
    const result = (a + b + counter) >>> 0
    s[3] = (counter + 1) >>> 0
    s[0] = b ^ (b >>> 9)
    s[1] = (c + (c << 3)) >>> 0
    s[2] = (((c << 21) | (c >>> 11)) + result) >>> 0
    return result
  }

  /** Uniform in [0, 1), with 32 bits. */
  uniform(): number {
    return this.uint32() / 4294967296
  }

  /**
   * Standard normal to about three decimals: the sum of twelve uniforms, which needs no logarithm.
   */
  normal(): number {
    let sum = -6
    for (let i = 0; i < 12; i++) sum += this.uniform()
    return sum
  }
}
