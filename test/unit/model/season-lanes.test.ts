import { describe, expect, test } from 'vitest'
import { LANES, SeasonLanes } from '../../../src/model/season-lanes.ts'

const capacity = 64

function open() {
  const state = new Float64Array(SeasonLanes.sizeFor(capacity))
  return { state, lanes: new SeasonLanes(state, capacity) }
}

/** Values that the log holds of each lane, the oldest first. */
function held(lanes: SeasonLanes): number[][] {
  const byLane: number[][] = Array.from({ length: LANES }, () => [])
  for (let i = 0; i < lanes.held; i++) {
    const place = (lanes.oldest + i) % capacity
    byLane[lanes.codes[place]!]?.push(lanes.values[place]!)
  }
  return byLane.filter((values) => values.length > 0)
}

describe('SeasonLanes', () => {
  test('one sequence has the whole log, and what is oldest goes first', () => {
    const { lanes } = open()
    const core = new Float64Array(3)
    for (let t = 0; t < 100; t++) expect(lanes.push(core, 2, t)).toBe(true)
    expect(held(lanes)).toEqual([Array.from({ length: capacity }, (_, i) => 36 + i)])
    expect(lanes.pushes).toBe(100)
  })

  test('missing values stand in the log as absent, never as NaN', () => {
    const { lanes, state } = open()
    const core = new Float64Array(1)
    for (const value of [1, NaN, 3]) lanes.push(core, 0, value)
    expect(held(lanes)).toEqual([[1, Infinity, 3]])
    expect(state.some(Number.isNaN)).toBe(false)
  })

  test('those recorded are spread over all sequences that came', () => {
    const { lanes } = open()
    const cores = Array.from({ length: 400 }, () => new Float64Array(1))
    for (const [i, core] of cores.entries()) lanes.push(core, 0, i)
    const recorded = cores.flatMap((core, i) => (lanes.push(core, 0, i) ? [i] : []))
    expect(recorded.length).toBeGreaterThan(LANES / 2)
    expect(recorded.length).toBeLessThanOrEqual(LANES)
    expect(recorded.filter((i) => i >= 200).length).toBeGreaterThanOrEqual(LANES / 4)
    // Each lane holds one sequence and nothing of those that had it before.
    for (const values of held(lanes)) expect(new Set(values).size).toBe(1)
  })

  test('the lane of a sequence that ended is given to another', () => {
    const { lanes } = open()
    const dying = Array.from({ length: LANES }, () => new Float64Array(1))
    for (let t = 0; t < 50; t++) for (const core of dying) lanes.push(core, 0, t)
    const late = new Float64Array(1)
    // Not the turn of this one when it came.
    const other = new Float64Array(1)
    lanes.push(other, 0, 0)
    let recorded = 0
    for (let t = 0; t < 10_000; t++) if (lanes.push(late, 0, t)) recorded++
    expect(recorded).toBeGreaterThan(0)
    expect(lanes.push(late, 0, 0)).toBe(true)
  })
})
