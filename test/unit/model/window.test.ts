import { describe, expect, test } from 'vitest'
import { dimensionsOf } from '../../../src/model/dimensions.ts'
import { PackedInputs } from '../../../src/model/packed-inputs.ts'
import { HEADER, NO_WINDOW, SequenceTable } from '../../../src/model/sequence.ts'
import { Windows } from '../../../src/model/window.ts'
import { WindowBatch } from '../../../src/rnn/index.ts'
import { configOf } from './support/driver.ts'

const INPUTS = 2
const STATES = 3

function open(window: number, updateEvery: number, horizons: number[]) {
  const d = dimensionsOf(
    configOf({ task: { targets: ['y'], horizons }, model: { window, updateEvery } }),
  )
  const inputs = new PackedInputs({ flagged: 0, plain: INPUTS, flaggedAhead: 0, plainRest: 0 })
  const windows = new Windows(d, inputs, { states: STATES, features: 2 })
  const sequence = new SequenceTable(HEADER.size, STATES).use('a', 1)
  windows.open(sequence)
  /** Own step t: inputs (t, −t) / 64, states before it (t, t, t). */
  const step = (t: number) => {
    sequence.home.float32.fill(t, sequence.statesAt, sequence.statesAt + STATES)
    windows.beginStep(sequence, t, 1000 + t)
    windows.keepStates(sequence, t)
    windows.keepInputs(sequence, t, Float32Array.of(t / 64, -t / 64))
    sequence.core[HEADER.steps] = t + 1
  }
  const inputsOf = (t: number) => {
    const x = new Float32Array(INPUTS)
    windows.readInputs(sequence, t, x, 0)
    return [...x]
  }
  const stateOf = (t: number) =>
    windows.memoryOf(sequence).float32[windows.checkpointOf(sequence, t) + STATES - 1]
  const batch = new WindowBatch({
    runsMax: 4,
    stepsMax: window + updateEvery,
    inputs: INPUTS,
    outputs: d.slots,
  })
  return { d, windows, sequence, step, inputsOf, stateOf, batch }
}

describe('Windows', () => {
  test('holds inputs, record counts and stored states as far back as any run reaches', () => {
    for (const [window, updateEvery] of [
      [16, 8],
      [1, 3],
      [4, 1],
      [5, 7],
    ] as const) {
      const { d, windows, sequence, step, inputsOf, stateOf } = open(window, updateEvery, [1, 9])
      // The oldest loss that can still join, and the oldest start of its run.
      const losses = 2 * updateEvery + 9
      const reach = losses + (window - 1) + (updateEvery - 1)
      expect(d.windowCapacity).toBe(reach)
      for (let t = 0; t < 100; t++) {
        step(t)
        for (let back = 0; back < Math.min(reach, t + 1); back++) {
          const then = t - back
          expect(inputsOf(then)).toEqual([then / 64, 0 - then / 64])
          if (back < losses) expect(windows.recordOf(sequence, then)).toBe(1000 + then)
          if (then % updateEvery === 0) expect(stateOf(then)).toBe(then)
        }
      }
    }
  })

  test('writes a run from the nearest stored state, with each loss once', () => {
    const { windows, sequence, step, inputsOf, batch } = open(6, 4, [1, 6])
    for (let t = 0; t < 20; t++) step(t)
    for (const loss of [10, 14, 15, 17]) windows.arrive(sequence, loss, 0, loss / 10)
    expect(windows.newestUnlearnt(sequence, 19)).toBe(17)
    // Window 12 … 17, begun at the state before step 12, which is stored.
    expect(windows.writeRun(sequence, 17, batch, true)).toBe(12)
    expect([batch.warmup[0], batch.steps[0]]).toEqual([0, 6])
    const arrived = (run: number, steps: number) =>
      Array.from({ length: steps }, (_, s) => batch.mask[batch.targetsAt(run, s)])
    expect(arrived(0, 6)).toEqual([0, 0, 1, 1, 0, 1])
    const targets = [2, 3].map((s) => batch.targets[batch.targetsAt(0, s)])
    expect(targets).toEqual([Math.fround(1.4), 1.5])
    expect(windows.newestUnlearnt(sequence, 13)).toBe(10)
    // Window 5 … 10: steps 4 … 10 with one step forward only.
    expect(windows.writeRun(sequence, 10, batch, true)).toBe(4)
    expect([batch.warmup[1], batch.steps[1]]).toEqual([1, 7])
    const inputs = batch.inputs.subarray(batch.inputsAt(1, 0), batch.inputsAt(1, 7))
    expect([...inputs]).toEqual([4, 5, 6, 7, 8, 9, 10].flatMap(inputsOf))
    expect(windows.newestUnlearnt(sequence, 19)).toBe(-1)
  })

  test('a look at the newest losses learns nothing', () => {
    const { windows, sequence, step, batch } = open(6, 4, [1])
    for (let t = 0; t < 9; t++) step(t)
    windows.arrive(sequence, 7, 0, 3)
    windows.writeProbe(sequence, 7, batch)
    expect(windows.newestUnlearnt(sequence, 8)).toBe(7)
    expect(batch.mask[batch.targetsAt(0, batch.steps[0]! - 1)]).toBe(1)
  })

  test('opened anew it begins at the next stored state, with nothing of the former in it', () => {
    const { windows, sequence, step } = open(6, 4, [1])
    for (let t = 0; t < 9; t++) step(t)
    windows.arrive(sequence, 8, 0, 5)
    windows.close(sequence)
    expect(sequence.window).toBe(NO_WINDOW)
    expect(windows.newestUnlearnt(sequence, 8)).toBe(-1)
    windows.open(sequence)
    expect(sequence.core[HEADER.windowStart]).toBe(12)
    expect([11, 12, 13].map((t) => windows.holds(sequence, t))).toEqual([false, true, true])
    expect(new Set(windows.floatsOf(sequence))).toEqual(new Set([0]))
    expect(windows.anyArrived(sequence, 8)).toBe(false)
  })

  test('a step knows whether any of its losses has arrived', () => {
    const { windows, sequence, step } = open(4, 4, [1, 2])
    step(0)
    expect(windows.anyArrived(sequence, 0)).toBe(false)
    windows.arrive(sequence, 0, 1, 0)
    expect(windows.anyArrived(sequence, 0)).toBe(true)
  })
})
