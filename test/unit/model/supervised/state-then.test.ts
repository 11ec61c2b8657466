import { describe, expect, test } from 'vitest'
import type { SequenceTable } from '../../../../src/model/sequence.ts'
import type { Case } from '../../../../src/model/supervised/case.ts'
import type { Pending } from '../../../../src/model/supervised/pending.ts'
import { Random } from '../../../../src/random.ts'
import { driverOf, mean, supervised } from './support/driver.ts'

const COUNT = 8000
/** More than any window holds, so that the step is run from the state that its case has kept. */
const DELAY = 80
/** The label is what the input was so many steps before. */
const LAG = 2

/**
 * Mean error of the network over the later half of a stream whose label, which comes long after,
 * stands in no input of its own record; `spoil` puts the present state in place of the one kept.
 */
function errorOfNetwork(spoil: boolean): number {
  const driver = driverOf(
    supervised(
      { id: 'id', labels: { maxPending: 1000 } },
      { model: { hidden: 32, window: 8, updateEvery: 8, portfolio: 'network' } },
    ),
  )
  const { model } = driver
  const place = model.memberNames.indexOf('network:3e-3')
  const random = new Random(3)
  const xs = Array.from({ length: COUNT }, () => (random.uniform() < 0.5 ? -1 : 1))
  const errors: number[] = []
  for (let t = 0; t < COUNT; t++) {
    driver.step({ id: `${t}`, inputs: [xs[t] as number] })
    const past = t - DELAY
    if (past < LAG) continue
    if (spoil) forget(model, `${past}`)
    driver.step({ id: `${past}`, values: [xs[past - LAG] as number] })
    const { members, observed } = model.scored
    if (t > COUNT / 2) errors.push(Math.abs((members[place] as number) - (observed[0] as number)))
  }
  return mean(errors)
}

/** Puts the state that the sequence has now in place of the one before the step of a case. */
function forget(model: object, id: string): void {
  const inside = model as { pending: Pending; table: SequenceTable; steps: { past: Case } }
  const { past } = inside.steps
  const number = inside.pending.find(id)
  inside.pending.read(number, past)
  const sequence = inside.table.byName.get('')
  if (sequence === undefined) throw new Error('there is one sequence')
  const { home, statesAt } = sequence
  for (let i = 0; i < past.layout.states; i++) {
    past.float32[past.layout.statesAt + i] = home.float32[statesAt + i] as number
  }
  inside.pending.write(number, past)
}

describe('a late label whose answer stands in the state at its prediction alone', () => {
  test('is learnt, and would not be with the state at its arrival', () => {
    expect(errorOfNetwork(false)).toBeLessThan(0.5)
    expect(errorOfNetwork(true)).toBeGreaterThan(0.9)
  })
})
