import { tanh } from '../../kernels/transcendental.ts'
import { Random } from '../../random.ts'
import type { SharedArray } from '../state.ts'
import { LEAST, logOf, softmax } from './probabilities.ts'

/** Step of AdaGrad, of the weights of features. */
const RATE = 0.1
/** What each label leaves of the squares of gradients before it, so that learning never ends. */
const KEPT = 0.9999
const EPSILON = 1e-3
/** Places of a field's names. */
const NAMES = 32
/** Weights stay within ±. */
const WEIGHT_MAX = 20
const LOGIT_MAX = 30

export interface LogisticShape {
  readonly targets: number
  /** C */
  readonly classes: number
  /** Dense features; 1 is beside them. */
  readonly dense: number
  /** F: names, each seen as one of a few places. */
  readonly fields: number
  /** E: experts whose ln p of a class is a feature of it, with weights that classes share. */
  readonly experts: number
  /** Random tanh features of the dense ones. */
  readonly random: number
  readonly seed: number
  /** Step of the experts' weights. */
  readonly expertRate: number
}

/** What a logistic regression reads. */
export interface LogisticInput {
  readonly dense: Float64Array
  readonly denseAt: number
  readonly names: Float64Array
  readonly namesAt: number
  /** (E, C) */
  readonly experts: Float64Array
  readonly expertsAt: number
}

/**
 * Multinomial logistic regression learnt online by AdaGrad (Duchi, Hazan & Singer 2011). The logit
 * of class c is v · ln p(c) over the experts + w_c · x; it starts as the experts' geometric mean.
 */
export class Logistic {
  /** P of a class: 1, dense, random, names. */
  private readonly size: number
  private readonly shape: LogisticShape
  /** (D, C, P), then (D, E); sums of squares of gradients in the same order. */
  private readonly weights: Float64Array
  private readonly squares: Float64Array
  private readonly expertsAt: number
  /** Features but names, (1 + dense + random), filled last. */
  private readonly x: Float64Array
  private readonly p: Float64Array
  /** (random, dense) */
  private readonly directions: Float64Array

  constructor(shape: LogisticShape) {
    const { targets, classes, dense, fields, experts, random, seed } = shape
    this.shape = shape
    this.size = 1 + dense + random + fields * NAMES
    this.expertsAt = targets * classes * this.size
    this.weights = new Float64Array(this.expertsAt + targets * experts)
    this.weights.fill(1 / Math.max(1, experts), this.expertsAt)
    this.squares = new Float64Array(this.weights.length)
    this.x = new Float64Array(1 + dense + random)
    this.p = new Float64Array(classes)
    const draw = new Random(seed)
    const scale = 1 / Math.sqrt(Math.max(1, dense / 2))
    this.directions = Float64Array.from({ length: random * dense }, () => scale * draw.normal())
  }

  arrays(name: string): SharedArray[] {
    return [
      { name: `${name}/weights`, array: this.weights },
      { name: `${name}/squares`, array: this.squares },
    ]
  }

  /** Writes the probabilities of the first `count` classes of target d to `out[at…]`. */
  predict(d: number, count: number, from: LogisticInput, out: Float64Array, at: number): void {
    this.fill(from)
    for (let c = 0; c < count; c++) out[at + c] = this.logit(d, c, from)
    softmax(out, at, count)
  }

  /** Learns the class of what it reads. */
  learn(d: number, count: number, from: LogisticInput, label: number): void {
    const { p, x, size, shape } = this
    this.predict(d, count, from, p, 0)
    for (let c = 0; c < count; c++) {
      const slope = p[c]! - (c === label ? 1 : 0)
      if (Math.abs(slope) < LEAST) continue
      const at = (d * shape.classes + c) * size
      for (let i = 0; i < x.length; i++) this.move(at + i, slope * x[i]!, RATE)
      for (let f = 0; f < shape.fields; f++) {
        const name = from.names[from.namesAt + f]!
        if (name >= 0) this.move(at + x.length + f * NAMES + (name % NAMES), slope, RATE)
      }
    }
    for (let e = 0; e < shape.experts; e++) {
      const expert = from.expertsAt + e * shape.classes
      let slope = 0
      for (let c = 0; c < count; c++) {
        slope += (p[c]! - (c === label ? 1 : 0)) * logOf(from.experts[expert + c]!)
      }
      this.move(this.expertsAt + d * shape.experts + e, slope, shape.expertRate)
    }
  }

  private fill({ dense, denseAt }: LogisticInput): void {
    const { x, shape, directions } = this
    x[0] = 1
    for (let i = 0; i < shape.dense; i++) x[1 + i] = dense[denseAt + i]!
    for (let r = 0; r < shape.random; r++) {
      let sum = 0
      for (let i = 0; i < shape.dense; i++) sum += directions[r * shape.dense + i]! * x[1 + i]!
      x[1 + shape.dense + r] = tanh(sum)
    }
  }

  private logit(d: number, c: number, from: LogisticInput): number {
    const { weights, x, shape } = this
    const at = (d * shape.classes + c) * this.size
    let sum = 0
    for (let i = 0; i < x.length; i++) sum += weights[at + i]! * x[i]!
    for (let f = 0; f < shape.fields; f++) {
      const name = from.names[from.namesAt + f]!
      if (name >= 0) sum += weights[at + x.length + f * NAMES + (name % NAMES)]!
    }
    const experts = this.expertsAt + d * shape.experts
    for (let e = 0; e < shape.experts; e++) {
      const p = from.experts[from.expertsAt + e * shape.classes + c]!
      sum += weights[experts + e]! * logOf(p)
    }
    return Math.max(-LOGIT_MAX, Math.min(sum, LOGIT_MAX))
  }

  private move(i: number, slope: number, rate: number): void {
    if (slope === 0) return
    const square = KEPT * this.squares[i]! + slope * slope
    this.squares[i] = square
    const weight = this.weights[i]! - (rate * slope) / (EPSILON + Math.sqrt(square))
    this.weights[i] = Math.max(-WEIGHT_MAX, Math.min(weight, WEIGHT_MAX))
  }
}
