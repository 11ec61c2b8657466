import { describe, expect, test } from 'vitest'
import { ABSENT } from '../../../src/model/layout.ts'
import { Random } from '../../../src/random.ts'
import { openPool } from './support/pool.ts'

const rms = (list: readonly number[]) =>
  Math.sqrt(list.reduce((sum, value) => sum + value ** 2, 0) / list.length)

/** A target that turns negative at step 60, and a base for each of two slots. */
function open() {
  const { residuals, ...pool } = openPool({ horizons: [1, 3] })
  const sequence = pool.sequence()
  const random = new Random(4)
  const rows = Array.from({ length: 120 }, (_, t) => {
    const value = t === 60 ? -2 : 20 + 5 * random.normal()
    return { value, bases: [value + random.normal(), value + 3 * random.normal()] }
  })
  return { residuals, sequence, rows }
}

describe('Residuals', () => {
  test('are differences of roots over their usual size, of values from a negative one on', () => {
    const { residuals, sequence, rows } = open()
    const { core } = sequence
    const roots: number[][] = [[], []]
    const plain: number[][] = [[], []]
    rows.forEach(({ value, bases }, t) => {
      residuals.begin(core)
      expect(residuals.newestOf(core, 0)).toBe(0)
      bases.forEach((base, slot) => {
        const isRooted = t > 0 && t <= 60
        const left = isRooted
          ? Math.sqrt(Math.max(0, value)) - Math.sqrt(Math.max(0, base))
          : value - base
        const seen = (isRooted ? roots : plain)[slot]!
        // Before the first value no domain holds: what a value leaves then is of no use.
        if (t > 0) {
          const usual = seen.length === 0 ? null : rms(seen)
          const expected = usual === null ? 0 : Math.max(-8, Math.min(8, left / usual))
          const z = residuals.standardise(core, slot, base, value)
          expect(z).toBeCloseTo(expected, 9)
          const back = residuals.inUnits(core, slot, base, z)
          if (usual === null) expect(back).toBe(base)
          else if (Math.abs(z) < 8 && value >= 0) expect(back).toBeCloseTo(value, 9)
          residuals.learn(core, slot, base, value)
          if (!(isRooted && value < 0)) seen.push(left)
          if (slot === 0) expect(residuals.newestOf(core, 0)).toBeCloseTo(expected, 9)
        }
      })
      sequence.push([value])
    })
    expect(roots[0]!.length).toBe(59)
    expect(plain[0]!.length).toBe(59)
  })

  test('of a base that is not there are none, and it stays as it is', () => {
    const { residuals, sequence, rows } = open()
    const { core } = sequence
    for (const { value, bases } of rows.slice(0, 20)) {
      sequence.push([value])
      residuals.learn(core, 0, bases[0]!, value)
    }
    const before = [...core]
    residuals.learn(core, 0, ABSENT, 7)
    expect([...core]).toEqual(before)
    expect(residuals.standardise(core, 0, ABSENT, 7)).toBe(0)
    expect(residuals.inUnits(core, 0, ABSENT, 1)).toBe(ABSENT)
    expect(residuals.inUnits(core, 1, 7, 1)).toBe(7)
  })

  test('lead to no negative value while roots hold, and not further than eight usual ones', () => {
    const { residuals, sequence } = open()
    const { core } = sequence
    for (let t = 0; t < 20; t++) {
      sequence.push([4])
      residuals.learn(core, 0, 9, 4)
    }
    expect(residuals.inUnits(core, 0, 9, -1e9)).toBe(0)
    expect(residuals.inUnits(core, 0, 9, 1e9)).toBeCloseTo((3 + 8) ** 2, 9)
    expect(residuals.standardise(core, 0, 9, 1e15)).toBe(8)
  })

  test('only of the smallest horizon are what networks see of the newest value', () => {
    const { residuals, sequence } = open()
    const { core } = sequence
    sequence.push([4])
    residuals.learn(core, 1, 9, 4)
    residuals.learn(core, 1, 9, 4)
    expect(residuals.newestOf(core, 0)).toBe(0)
    residuals.learn(core, 0, 9, 4)
    residuals.learn(core, 0, 9, 4)
    expect(residuals.newestOf(core, 0)).toBeCloseTo(-1, 12)
  })
})
