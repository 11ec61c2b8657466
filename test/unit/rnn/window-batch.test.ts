import { expect, test } from 'vitest'
import { AssertionError } from '../../../src/assert.ts'
import { WindowBatch } from '../../../src/rnn/index.ts'

const options = { runsMax: 2, stepsMax: 5, inputs: 3, outputs: 2 }

test('a run opened again has no loss left of the update before', () => {
  const batch = new WindowBatch(options)
  batch.mask.fill(1)
  expect(batch.add(1, 4)).toBe(0)
  expect(batch.mask.subarray(batch.targetsAt(0, 0), batch.targetsAt(0, 4))).toEqual(
    new Uint8Array(8),
  )
  expect(batch.add(0, 5)).toBe(1)
  expect([...batch.warmup, ...batch.steps]).toEqual([1, 0, 4, 5])
  batch.clear()
  expect(batch.add(0, 1)).toBe(0)
  expect(batch.runs).toBe(1)
})

test('offsets walk through runs, steps and numbers', () => {
  const batch = new WindowBatch(options)
  expect([batch.inputsAt(0, 2), batch.inputsAt(1, 0), batch.inputsAt(1, 4)]).toEqual([6, 15, 27])
  expect([batch.targetsAt(0, 2), batch.targetsAt(1, 0), batch.targetsAt(1, 4)]).toEqual([4, 10, 18])
  expect(batch.inputs.length).toBe(30)
  expect(batch.targets.length).toBe(20)
  expect(batch.mask.length).toBe(20)
})

test('what has no room is a broken invariant', () => {
  const batch = new WindowBatch(options)
  expect(() => batch.add(0, 6)).toThrow(AssertionError)
  expect(() => batch.add(3, 2)).toThrow(AssertionError)
  batch.add(0, 5)
  batch.add(0, 5)
  expect(() => batch.add(0, 1)).toThrow(AssertionError)
})
