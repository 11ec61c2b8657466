import { describe, expect, test } from 'vitest'
import { openKernel } from '../../../src/kernels/index.ts'
import { CrossLines, hasCrossLines } from '../../../src/model/cross-lines.ts'
import { ABSENT } from '../../../src/model/layout.ts'
import { Random } from '../../../src/random.ts'
import { DenseSquares, openPool } from './support/pool.ts'

const names = (count: number) => Array.from({ length: count }, (_, i) => `y${i}`)

describe('CrossLines', () => {
  test('see the newest three values of all targets and what is usual, by brute force', () => {
    const pool = openPool({ targets: names(3), horizons: [2, 9], seasons: [4, 7] })
    const cross = new CrossLines(pool.kernel, pool)
    const sequence = pool.sequence()
    const random = new Random(10)
    for (let t = 0; t < 100; t++) {
      sequence.push(names(3).map(() => (random.uniform() < 0.2 ? null : random.normal() - 1)))
      pool.d.horizons.forEach((horizon, k) => {
        cross.take(sequence.at(t), k)
        const of = (i: number) => {
          const z = (value: number | null) => sequence.standard(value, t, i)
          const lags = [0, 1, 2].map((lag) => z(sequence.value(t - lag, i)))
          const ahead = sequence.usual(t + horizon, t, i)
          const now = sequence.usual(t, t - 1, i)
          return [...lags, ...ahead.flatMap((usual, table) => [z(usual), z(now[table]!)])]
        }
        const expected = [1, ...of(0), ...of(1), ...of(2)]
        const { x } = cross.squares[k]!.rls
        expect(x.length).toBe(expected.length)
        expected.forEach((value, i) => {
          expect(x[i]).toBeCloseTo(value, 8)
        })
      })
    }
  })

  test.each(['reference', 'wasm'] as const)(
    'are one least squares for all targets, those that are there, %s kernel',
    (kernel) => {
      const pool = openPool({ targets: names(2) }, openKernel(kernel))
      const cross = new CrossLines(pool.kernel, pool)
      const { rls } = cross.squares[0]!
      const squares = [0, 1].map(() => new DenseSquares(rls.x.length, 0.9998, 0.3))
      const sequence = pool.sequence()
      const random = new Random(11)
      let last = [0, 0]
      for (let t = 0; t < 300; t++) {
        // Each target is the other one's last value: nothing that a line of its own could see.
        const next = [0.9 * last[1]! + random.normal(), 0.9 * last[0]! + random.normal()]
        const row = next.map((value) => (random.uniform() < 0.2 ? null : value))
        const { core } = sequence
        const predicted = t === 0 ? [] : [...rls.x]
        sequence.push(row)
        if (t > 0) {
          const from = sequence.at(t - 1)
          const observed = Float64Array.from(row, (value) => value ?? NaN)
          const present = Uint8Array.from(row, (value) => (value === null ? 0 : 1))
          cross.learn(from, 0, observed, present)
          expect([...rls.x]).toEqual(predicted)
          squares.forEach((each, i) => {
            const z = row[i] === null ? null : sequence.standard(row[i]!, t - 1, i)
            each.learn([...rls.x], z)
          })
        }
        const now = sequence.at(t)
        cross.take(now, 0)
        squares.forEach((each, i) => {
          const forecast = cross.predict(now, 0, i)
          if (pool.history.newest(core, i) === ABSENT) expect(forecast).toBe(ABSENT)
          else {
            const z = Math.max(-10, Math.min(10, each.predict([...rls.x])))
            const scale = pool.history.scale(core, 0, i, t)
            expect(forecast).toBeCloseTo(pool.history.mean(core, 0, i, t) + z * scale, 8)
          }
        })
        last = next
      }
      // [1, y0 three times, y1 three times]
      expect(squares[0]!.weights[4]).toBeGreaterThan(0.6)
      expect(squares[1]!.weights[1]).toBeGreaterThan(0.6)
    },
  )

  test('see less of many targets, and are not there for one or for too many', () => {
    const of = (targets: number, seasons: number[]) => {
      const pool = openPool({ targets: names(targets), seasons })
      const { squares } = new CrossLines(pool.kernel, pool)
      return squares.map(({ rls }) => rls.x.length)
    }
    expect(of(1, [4])).toEqual([])
    expect(of(18, [4, 7])).toEqual([1 + 18 * 7])
    expect(of(19, [4, 7])).toEqual([1 + 19])
    expect([hasCrossLines(127, false), hasCrossLines(128, false)]).toEqual([true, false])
    expect([hasCrossLines(121, true), hasCrossLines(122, true)]).toEqual([true, false])
  })
})
