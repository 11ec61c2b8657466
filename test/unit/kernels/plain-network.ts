/**
 * The cells once more, written down from their definitions on numbers that carry their derivatives
 * along (forward mode). Carried over a whole sequence, those derivatives are real-time recurrent
 * learning; with a constant start state they are the truncated gradient by definition. Shares no
 * line with the kernels.
 */

import { featureSize, type NetworkSpec, stateSize } from '../../../src/rnn/index.ts'

/** A number and its derivatives with respect to all parameters; none for a constant. */
export class Dual {
  readonly value: number
  readonly slope: Float64Array

  constructor(value: number, slope: Float64Array) {
    this.value = value
    this.slope = slope
  }

  /** The function's value and, by the chain rule, its derivatives over both arguments. */
  private static of(value: number, a: Dual, da: number, b?: Dual, db = 0): Dual {
    const slope = new Float64Array(a.slope.length)
    for (let i = 0; i < slope.length; i++) {
      slope[i] = da * a.slope[i]! + (b === undefined ? 0 : db * b.slope[i]!)
    }
    return new Dual(value, slope)
  }

  plus(b: Dual): Dual {
    return Dual.of(this.value + b.value, this, 1, b, 1)
  }

  times(b: Dual): Dual {
    return Dual.of(this.value * b.value, this, b.value, b, this.value)
  }

  oneMinus(): Dual {
    return Dual.of(1 - this.value, this, -1)
  }

  inverseRoot(): Dual {
    const y = 1 / Math.sqrt(this.value)
    return Dual.of(y, this, (-0.5 * y) / this.value)
  }

  tanh(): Dual {
    const y = Math.tanh(this.value)
    return Dual.of(y, this, 1 - y * y)
  }

  sigmoid(): Dual {
    const y = 1 / (1 + Math.exp(-this.value))
    return Dual.of(y, this, y * (1 - y))
  }

  huber(target: number, delta: number): Dual {
    const e = this.value - target
    const inside = Math.abs(e) <= delta
    const value = inside ? 0.5 * e ** 2 : delta * (Math.abs(e) - 0.5 * delta)
    return Dual.of(value, this, inside ? e : delta * Math.sign(e))
  }
}

const GATES = { rnn: 1, gru: 3, lstm: 4 }
const BLOCKS = { rnn: 1, gru: 4, lstm: 4 }

export class PlainNetwork {
  readonly spec: NetworkSpec
  private readonly slopes: number
  private readonly parameters: readonly Dual[]

  /** With `differentiate` every result carries its derivatives, without it none. */
  constructor(spec: NetworkSpec, parameters: ArrayLike<number>, differentiate: boolean) {
    this.spec = spec
    this.slopes = differentiate ? parameters.length : 0
    this.parameters = Array.from(parameters, (value, i) => {
      const slope = new Float64Array(this.slopes)
      if (differentiate) slope[i] = 1
      return new Dual(value, slope)
    })
  }

  constant(value: number): Dual {
    return new Dual(value, new Float64Array(this.slopes))
  }

  /** A state that is held fixed. */
  startState(values: ArrayLike<number>): Dual[] {
    return Array.from({ length: stateSize(this.spec) }, (_, i) => this.constant(values[i]!))
  }

  /** Advances `state` by one step and returns the outputs. */
  step(state: Dual[], x: ArrayLike<number>): Dual[] {
    const { cell, hidden: n, layers, inputs, outputs, normalise } = this.spec
    const raw = Array.from({ length: inputs }, (_, i) => this.constant(x[i]!))
    const features: Dual[] = []
    let below = raw
    let at = 0
    for (let l = 0; l < layers; l++) {
      const h = state.slice(l * n, (l + 1) * n)
      const c = state.slice((layers + l) * n, (layers + l + 1) * n)
      const pre = this.preActivations(at, below, h)
      const next: Dual[] = []
      for (let i = 0; i < n; i++) {
        const a = (block: number) => pre[block]![i]!
        if (cell === 'rnn') next.push(a(0).tanh())
        else if (cell === 'gru') {
          const z = a(1).sigmoid()
          const m = a(2)
            .plus(a(0).sigmoid().times(a(3)))
            .tanh()
          next.push(z.oneMinus().times(m).plus(z.times(h[i]!)))
        } else {
          const cellNext = a(1)
            .sigmoid()
            .times(c[i]!)
            .plus(a(0).sigmoid().times(a(2).tanh()))
          state[(layers + l) * n + i] = cellNext
          next.push(a(3).sigmoid().times(cellNext.tanh()))
        }
      }
      next.forEach((v, i) => {
        state[l * n + i] = v
      })
      features.push(...next)
      const vectors = BLOCKS[cell] * (normalise ? 2 : 1)
      at += GATES[cell] * n * (below.length + n) + vectors * n
      below = next
    }
    features.push(...raw)
    const size = featureSize(this.spec)
    return Array.from({ length: outputs }, (_, o) =>
      this.dot(at + o * size, features).plus(this.parameters[at + outputs * size + o]!),
    )
  }

  /**
   * What each unit of each block takes, for a layer whose parameters begin at `at`; a gru's
   * candidate is two blocks, the half of the input and the half of h.
   */
  private preActivations(at: number, below: readonly Dual[], h: readonly Dual[]): Dual[][] {
    const { cell, hidden: n, normalise } = this.spec
    const width = below.length
    const biasesAt = at + GATES[cell] * n * (width + n)
    const gainsAt = biasesAt + BLOCKS[cell] * n
    return Array.from({ length: BLOCKS[cell] }, (_, block) => {
      const products = Array.from({ length: n }, (_, i) => {
        const row = at + (Math.min(block, GATES[cell] - 1) * n + i) * (width + n)
        const ofInput = this.dot(row, below)
        const ofHidden = this.dot(row + width, h)
        if (cell === 'gru' && block >= 2) return block === 2 ? ofInput : ofHidden
        return ofInput.plus(ofHidden)
      })
      const scaled = normalise ? this.overRootMeanSquare(products) : products
      return scaled.map((a, i) => {
        const gained = normalise ? a.times(this.parameters[gainsAt + block * n + i]!) : a
        return gained.plus(this.parameters[biasesAt + block * n + i]!)
      })
    })
  }

  private overRootMeanSquare(a: readonly Dual[]): Dual[] {
    const squares = a.reduce((sum, v) => sum.plus(v.times(v)), this.constant(0))
    const mean = squares.times(this.constant(1 / a.length))
    const inverse = mean.plus(this.constant(1e-5)).inverseRoot()
    return a.map((v) => v.times(inverse))
  }

  private dot(at: number, x: readonly Dual[]): Dual {
    return x.reduce((sum, v, j) => sum.plus(this.parameters[at + j]!.times(v)), this.constant(0))
  }
}
