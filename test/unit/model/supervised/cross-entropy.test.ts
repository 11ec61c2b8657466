import { describe, expect, test } from 'vitest'
import { openKernel } from '../../../../src/kernels/index.ts'
import type { NetworkMember } from '../../../../src/model/networks.ts'
import { CrossEntropy, SQUARE_EVERYWHERE } from '../../../../src/model/supervised/cross-entropy.ts'
import { CaseNetworks } from '../../../../src/model/supervised/networks.ts'
import { shapeOf } from '../../../../src/model/supervised/shape.ts'
import { Random } from '../../../../src/random.ts'
import { WindowBatch } from '../../../../src/rnn/index.ts'
import { supervised } from './support/driver.ts'

const CLASSES = 3
const TARGETS = 2
const WARMUP = 1
const STEPS = 5
/** Class of each target at each step; −1: none has come. */
const LABELS = [
  [-1, -1],
  [-1, 2],
  [0, -1],
  [-1, -1],
  [1, 2],
] as const

function open(cell: 'gru' | 'lstm') {
  const config = supervised(
    {
      inputs: ['a'],
      categorical: ['c', 'd'],
      targets: ['y', 'z'],
      type: 'classification',
      maxClasses: CLASSES,
    },
    { model: { cell, hidden: 4, window: 4, kernel: 'reference', diagnostics: false } },
  )
  const needs = {
    inputs: 2,
    outputs: TARGETS * CLASSES,
    huberDelta: SQUARE_EVERYWHERE,
    clipNorm: 4,
    readOut: false,
  }
  return new CaseNetworks(config, openKernel('reference'), shapeOf(config), needs, true)
}

/** A run with names among its inputs, written as the model does. */
function runOf(networks: CaseNetworks): WindowBatch {
  const random = new Random(5)
  const { inputs, outputs, kept } = networks
  const batch = new WindowBatch({ runsMax: 1, stepsMax: STEPS, inputs, outputs })
  const run = batch.add(WARMUP, STEPS)
  const row = new Float32Array(kept)
  for (let step = 0; step < STEPS; step++) {
    for (let i = 0; i < kept - 2; i++) row[i] = random.normal()
    row[kept - 2] = [4, 0, 4, 7, -1][step] as number
    row[kept - 1] = step
    networks.expand(row, 0, batch.inputs, batch.inputsAt(run, step))
  }
  return batch
}

/** The state behind the warm-up, which is a constant of the gradient. */
function stateBefore({ network, stateSize }: NetworkMember, batch: WindowBatch): Float32Array {
  const state = new Float32Array(stateSize).fill(0.1)
  network.forward(1, batch.inputs, 0, state, 0, new Float64Array(TARGETS * CLASSES), 0)
  return state
}

/** −ln p of all labels, by a softmax of plain JavaScript over the outputs of a run forward. */
function lossOf({ network }: NetworkMember, batch: WindowBatch, before: Float32Array): number {
  const state = before.slice()
  const outputs = new Float64Array(TARGETS * CLASSES)
  let loss = 0
  LABELS.forEach((labels, step) => {
    if (step < WARMUP) return
    network.forward(1, batch.inputs, batch.inputsAt(0, step), state, 0, outputs, 0)
    labels.forEach((label, d) => {
      if (label < 0) return
      const logits = [...outputs.subarray(d * CLASSES, (d + 1) * CLASSES)]
      const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0)
      loss += Math.log(sum) - (logits[label] as number)
    })
  })
  return loss
}

/** The gradient of all parameters, as an update would sum it. */
function gradientOf(member: NetworkMember, batch: WindowBatch): Float64Array {
  const { network, stateSize } = member
  const states = new Float32Array(stateSize).fill(0.1)
  const entropy = new CrossEntropy(
    TARGETS,
    CLASSES,
    { stepsMax: STEPS, state: stateSize },
    () => CLASSES,
  )
  LABELS.forEach((labels, step) => {
    labels.forEach((label, d) => {
      if (label >= 0) entropy.aim(batch, batch.targetsAt(0, step), d, label)
    })
  })
  entropy.prepare(member, batch, states)
  network.accumulate(batch, states)
  const kernel = Reflect.get(network, 'kernel') as { gradient: Float64Array }
  return kernel.gradient.slice()
}

describe('the gradient of the cross-entropy through softmax, cells and names', () => {
  test.each(['gru', 'lstm'] as const)('%s: is that of finite differences', (cell) => {
    const networks = open(cell)
    const member = networks.list[0]!
    const { network } = member
    const random = new Random(9)
    for (let i = 0; i < network.parameters.length; i++) {
      network.parameters[i]! += 0.2 * random.normal()
    }
    network.stateWritten()
    const batch = runOf(networks)
    const gradient = gradientOf(member, batch)
    const { parameters } = network
    const state = stateBefore(member, batch)
    let checked = 0
    let moving = 0
    for (let i = 0; i < parameters.length; i += 3) {
      const before = parameters[i] as number
      const h = 2 ** -8
      const at = (value: number) => {
        parameters[i] = value
        network.stateWritten()
        return lossOf(member, batch, state)
      }
      const slope = (at(before + h) - at(before - h)) / (2 * h)
      at(before)
      if (Math.abs(slope) > 1e-3) moving++
      checked++
      expect(Math.abs((gradient[i] as number) - slope)).toBeLessThan(1e-4 * (1 + Math.abs(slope)))
    }
    expect(checked).toBeGreaterThan(200)
    expect(moving).toBeGreaterThan(60)
  })

  test('the names of a run have weights of their own, which move with it alone', () => {
    const networks = open('gru')
    const member = networks.list[0]!
    const random = new Random(9)
    const { network } = member
    for (let i = 0; i < network.parameters.length; i++) {
      network.parameters[i]! += 0.2 * random.normal()
    }
    network.stateWritten()
    const gradient = gradientOf(member, runOf(networks))
    const { inputs } = networks
    const stride = inputs + 4
    const names = inputs - 64
    const isMoved = (name: number) =>
      Array.from({ length: 12 }, (_, row) => gradient[row * stride + names + name]).some(
        (slope) => slope !== 0,
      )
    // Names 4, 0 and 7 of the first field; of the warm-up's step 0 nothing flows back.
    expect([0, 4, 7].map(isMoved)).toEqual([true, true, true])
    expect([1, 2, 3, 5, 6, 8].map(isMoved)).toEqual(new Array(6).fill(false))
  })
})
