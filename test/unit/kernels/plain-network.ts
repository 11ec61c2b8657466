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
    const { cell, hidden: n, layers, inputs, outputs } = this.spec
    const raw = Array.from({ length: inputs }, (_, i) => this.constant(x[i]!))
    const features: Dual[] = []
    let below = raw
    let at = 0
    for (let l = 0; l < layers; l++) {
      const h = state.slice(l * n, (l + 1) * n)
      const c = state.slice((layers + l) * n, (layers + l + 1) * n)
      const width = below.length
      const gates = { rnn: 1, gru: 3, lstm: 4 }[cell]
      const biasesAt = at + gates * n * (width + n)
      const row = (gate: number, unit: number) => at + (gate * n + unit) * (width + n)
      const bias = (gate: number, unit: number) => this.parameters[biasesAt + gate * n + unit]!
      const ofInput = (gate: number, i: number) => this.dot(row(gate, i), below)
      const ofHidden = (gate: number, i: number) => this.dot(row(gate, i) + width, h)
      const sum = (gate: number, i: number) =>
        ofInput(gate, i).plus(ofHidden(gate, i)).plus(bias(gate, i))
      const next: Dual[] = []
      for (let i = 0; i < n; i++) {
        if (cell === 'rnn') next.push(sum(0, i).tanh())
        else if (cell === 'gru') {
          const r = sum(0, i).sigmoid()
          const z = sum(1, i).sigmoid()
          const recurrent = ofHidden(2, i).plus(bias(3, i))
          const m = ofInput(2, i).plus(bias(2, i)).plus(r.times(recurrent)).tanh()
          next.push(z.oneMinus().times(m).plus(z.times(h[i]!)))
        } else {
          const input = sum(0, i).sigmoid()
          const forget = sum(1, i).sigmoid()
          const cellNext = forget.times(c[i]!).plus(input.times(sum(2, i).tanh()))
          state[(layers + l) * n + i] = cellNext
          next.push(sum(3, i).sigmoid().times(cellNext.tanh()))
        }
      }
      next.forEach((v, i) => {
        state[l * n + i] = v
      })
      features.push(...next)
      below = next
      at = biasesAt + { rnn: 1, gru: 4, lstm: 4 }[cell] * n
    }
    features.push(...raw)
    const size = featureSize(this.spec)
    return Array.from({ length: outputs }, (_, o) =>
      this.dot(at + o * size, features).plus(this.parameters[at + outputs * size + o]!),
    )
  }

  private dot(at: number, x: readonly Dual[]): Dual {
    return x.reduce((sum, v, j) => sum.plus(this.parameters[at + j]!.times(v)), this.constant(0))
  }
}
