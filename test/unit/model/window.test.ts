import { describe, expect, test } from 'vitest'
import { dimensionsOf } from '../../../src/model/dimensions.ts'
import { HEADER, Sequence } from '../../../src/model/sequence.ts'
import { Windows } from '../../../src/model/window.ts'
import { WindowBatch } from '../../../src/rnn/index.ts'
import { configOf } from './support/driver.ts'

const INPUTS = 2
const STATES = 3
const FEATURES = 2

function open(window: number, updateEvery: number, horizons: number[]) {
  const d = dimensionsOf(
    configOf({ task: { targets: ['y'], horizons }, model: { window, updateEvery } }),
  )
  const windows = new Windows(d, INPUTS, STATES, FEATURES)
  const sequence = new Sequence('a', HEADER.size, STATES)
  const buffer = windows.open(sequence)
  /** Own step t: inputs (t, −t), states before it (t, t, t). */
  const step = (t: number) => {
    sequence.states.fill(t)
    windows.beginStep(sequence, buffer, t, 1000 + t)
    buffer.float32.set([t, -t], windows.inputsOf(t))
    sequence.core[HEADER.steps] = t + 1
  }
  const batch = new WindowBatch({
    runsMax: 4,
    stepsMax: window + updateEvery,
    inputs: INPUTS,
    outputs: d.slots,
  })
  return { d, windows, sequence, buffer, step, batch }
}

describe('Windows', () => {
  test('holds inputs, record counts and stored states as far back as any run reaches', () => {
    for (const [window, updateEvery] of [
      [16, 8],
      [1, 3],
      [4, 1],
      [5, 7],
    ] as const) {
      const { d, windows, buffer, step } = open(window, updateEvery, [1, 9])
      for (let t = 0; t < 100; t++) {
        step(t)
        const reach = window + 9 + 3 * updateEvery
        expect(d.windowCapacity).toBe(reach)
        for (let back = 0; back < Math.min(reach, t + 1); back++) {
          const at = windows.inputsOf(t - back)
          expect([buffer.float32[at], buffer.float32[at + 1]]).toEqual([t - back, -(t - back)])
          expect(windows.recordOf(buffer, t - back)).toBe(1000 + t - back)
          if ((t - back) % updateEvery !== 0) continue
          expect(buffer.float32[windows.checkpointOf(t - back)]).toBe(t - back)
        }
      }
    }
  })

  test('writes a run from the nearest stored state, with each loss once', () => {
    const { windows, sequence, buffer, step, batch } = open(6, 4, [1])
    for (let t = 0; t < 20; t++) step(t)
    for (const loss of [10, 14, 15, 17]) windows.arrive(buffer, loss, 0, loss / 10)
    expect(windows.newestUnlearnt(sequence, 19)).toBe(17)
    // Window 12 … 17, begun at the state before step 12, which is stored.
    expect(windows.writeRun(sequence, buffer, 17, batch)).toBe(12)
    expect([batch.warmup[0], batch.steps[0]]).toEqual([0, 6])
    expect([...batch.mask.subarray(0, 6)]).toEqual([0, 0, 1, 1, 0, 1])
    expect([...batch.targets.subarray(2, 4)]).toEqual([Math.fround(1.4), 1.5])
    expect(windows.newestUnlearnt(sequence, 13)).toBe(10)
    // Window 5 … 10: steps 4 … 10 with one step forward only.
    expect(windows.writeRun(sequence, buffer, 10, batch)).toBe(4)
    expect([batch.warmup[1], batch.steps[1]]).toEqual([1, 7])
    const inputs = batch.inputs.subarray(batch.inputsAt(1, 0), batch.inputsAt(1, 7))
    expect([...inputs]).toEqual([4, 5, 6, 7, 8, 9, 10].flatMap((t) => [t, -t]))
    expect(windows.newestUnlearnt(sequence, 19)).toBe(-1)
  })

  test('a look at the newest losses learns nothing', () => {
    const { windows, sequence, buffer, step, batch } = open(6, 4, [1])
    for (let t = 0; t < 9; t++) step(t)
    windows.arrive(buffer, 7, 0, 3)
    windows.writeProbe(sequence, buffer, 7, batch)
    expect(windows.newestUnlearnt(sequence, 8)).toBe(7)
    expect(batch.mask[batch.targetsAt(0, batch.steps[0]! - 1)]).toBe(1)
  })

  test('opened anew it begins at the next stored state', () => {
    const { windows, sequence, step } = open(6, 4, [1])
    for (let t = 0; t < 9; t++) step(t)
    sequence.window = null
    windows.open(sequence)
    expect(sequence.core[HEADER.windowStart]).toBe(12)
    expect([11, 12, 13].map((t) => windows.holds(sequence, t))).toEqual([false, true, true])
  })

  test('a step knows whether any of its losses has arrived', () => {
    const { windows, buffer, step } = open(4, 4, [1, 2])
    step(0)
    expect(windows.anyArrived(buffer, 0)).toBe(false)
    windows.arrive(buffer, 0, 1, 0)
    expect(windows.anyArrived(buffer, 0)).toBe(true)
  })
})
