import { describe, expect, test } from 'vitest'
import { Random } from '../../../../src/random.ts'
import { driverOf, type Entry, mean, supervised } from './support/driver.ts'
import { lateLabels } from './support/streams.ts'

const config = supervised({ categorical: ['colour'], id: 'id', labels: { maxPending: 100 } })

describe('the same records make the same model', () => {
  test.each([
    ['regression', lateLabels(1, 400), config],
    [
      'classification',
      lateLabels(2, 400, { classes: 3 }),
      supervised({ categorical: ['colour'], id: 'id', type: 'classification', maxClasses: 5 }),
    ],
    [
      'two targets',
      lateLabels(3, 300, { targets: 2 }),
      supervised({ categorical: ['colour'], id: 'id', targets: ['y', 'z'] }),
    ],
  ] as const)('%s', (_, stream, of) => {
    const one = driverOf(of).feed(stream)
    const other = driverOf(of).feed(stream)
    expect(one.hashes).toEqual(other.hashes)
    expect(one.model.updates).toBeGreaterThan(50)
    // What differs in one label differs ever after.
    const changed = stream.map((entry, i) =>
      i === 50 ? { ...entry, inputs: [9], id: 'another', values: [1], classes: ['c1'] } : entry,
    )
    expect(driverOf(of).feed(changed).hashes).not.toEqual(one.hashes)
  })
})

describe('a label in its own record', () => {
  test('is predicted before it is looked at', () => {
    const driver = driverOf(config)
    const random = new Random(1)
    for (let i = 0; i < 200; i++) {
      driver.step({ inputs: [random.normal()], values: [random.normal()] })
    }
    const twin = driverOf(config)
    const again = new Random(1)
    for (let i = 0; i < 200; i++) twin.step({ inputs: [again.normal()], values: [again.normal()] })
    driver.step({ inputs: [1], values: [1e6] })
    twin.step({ inputs: [1], values: [-5] })
    expect([...driver.model.forecast.means]).toEqual([...twin.model.forecast.means])
    expect([...driver.model.forecast.bounds]).toEqual([...twin.model.forecast.bounds])
    expect(driver.model.forecast.observed[0]).toEqual({
      present: true,
      value: 1e6,
      class: null,
      delay: 0,
      predicted: driver.model.forecast.means[0],
      predictedClass: null,
      corrected: false,
    })
    expect(driver.hashes).not.toEqual(twin.hashes)
  })

  test('teaches what it follows from, far better than the mean of all', () => {
    const driver = driverOf(supervised({ inputs: ['a', 'b'], categorical: ['c'] }))
    const random = new Random(2)
    const errors: number[] = []
    const naive: number[] = []
    for (let i = 0; i < 1500; i++) {
      const [a, b] = [random.normal(), random.normal()]
      const c = `${random.uint32() % 3}`
      const y = 2 * a - b + (c === '1' ? 4 : 0) + 0.2 * random.normal()
      driver.step({ inputs: [a, b], categories: [c], values: [y] })
      if (i < 500) continue
      errors.push(Math.abs(y - (driver.model.forecast.means[0] as number)))
      naive.push(Math.abs(y - (driver.model.scored.members[0] as number)))
    }
    expect(driver.model.memberNames[0]).toBe('mean')
    // The noise alone is 0.16.
    expect(mean(errors)).toBeLessThan(0.2)
    expect(mean(naive)).toBeGreaterThan(2)
  })
})

describe('labels that come later', () => {
  const known = (entry: Entry[]) => driverOf(config).feed(entry)

  test('are scored by what was said then, whatever has been learnt since', () => {
    const driver = driverOf(config)
    const random = new Random(3)
    const said = new Map<string, number>()
    const records = new Map<string, number>()
    const errors: number[] = []
    for (let i = 0; i < 300; i++) {
      driver.step({ id: `${i}`, inputs: [random.normal()] })
      said.set(`${i}`, driver.model.forecast.means[0] as number)
      records.set(`${i}`, driver.model.records)
      if (i < 20) continue
      const id = `${i - 20}`
      driver.step({ id, values: [i % 7] })
      const { observed, isPrediction } = driver.model.forecast
      expect(isPrediction).toBe(false)
      expect(observed[0]).toMatchObject({ present: true, value: i % 7 })
      expect(observed[0]?.predicted).toEqual(said.get(id))
      const { mixture, atLabelTime, records: made } = driver.model.scored
      expect(mixture[0]).toEqual(said.get(id))
      expect(made[0]).toBe(records.get(id))
      expect(observed[0]?.delay).toBe(driver.model.records - (made[0] as number))
      if (!Number.isNaN(mixture[0])) {
        errors.push(Math.abs((mixture[0] as number) - (i % 7)))
        if (i > 60) expect(atLabelTime[0]).not.toEqual(mixture[0])
      }
    }
    const [row] = driver.model.scores.summary()
    expect(row).toMatchObject({ target: 'y', member: 'mixture', count: errors.length })
    expect(row?.mae).toBeCloseTo(mean(errors), 10)
  })

  test('teach as if they had come at once, where nothing else comes between', () => {
    // Of the cheap learners: networks learn at boundaries, which other records bring elsewhere.
    const cheap = supervised({ id: 'id' }, { model: { learningRates: [] } })
    const random = new Random(4)
    const rows = Array.from({ length: 80 }, () => [random.normal(), random.normal()] as const)
    const atOnce = driverOf(cheap)
    const later = driverOf(cheap)
    rows.forEach(([x, y], i) => {
      atOnce.step({ id: `${i}`, inputs: [x], values: [y] })
      later.feed([
        { id: `${i}`, inputs: [x] },
        { id: `${i}`, values: [y] },
      ])
      expect([...later.model.scored.members]).toEqual([...atOnce.model.scored.members])
    })
    atOnce.step({ inputs: [0.5] })
    later.step({ inputs: [0.5] })
    expect([...later.model.forecast.means]).toEqual([...atOnce.model.forecast.means])
    expect(later.model.scores.summary()).toEqual(atOnce.model.scores.summary())
  })

  test('are labels also where they repeat the inputs', () => {
    const driver = known([{ id: 'a', inputs: [1] }])
    driver.step({ id: 'a', inputs: [1], values: [2] })
    expect(driver.model.forecast).toMatchObject({ isPrediction: false })
    expect(driver.model.forecast.observed[0]).toMatchObject({ value: 2, delay: 1 })
    expect(driver.model.labelCounts).toMatchObject({ labels: 1, unmatched: 0 })
  })

  test('of several targets may come apart', () => {
    const driver = driverOf(supervised({ id: 'id', targets: ['y', 'z'] }))
    driver.step({ id: 'a', inputs: [1] })
    driver.step({ id: 'a', values: [Number.NaN, 5] })
    expect(driver.model.forecast.observed.map(({ present }) => present)).toEqual([false, true])
    driver.step({ id: 'a', values: [4, Number.NaN] })
    expect(driver.model.forecast.observed.map(({ present }) => present)).toEqual([true, false])
    expect(driver.model.labelCounts).toMatchObject({ labels: 2, corrected: 0 })
  })

  test('for nothing are counted, and change no prediction', () => {
    const stream: Entry[] = [
      { id: 'a', inputs: [1], values: [3] },
      { id: 'b', inputs: [2] },
    ]
    const driver = known(stream)
    driver.step({ id: 'nobody', values: [1000] })
    expect(driver.model.forecast.observed[0]).toMatchObject({ present: true, delay: -1 })
    expect(driver.model.forecast.observed[0]?.predicted).toBeNaN()
    driver.step({ values: [1000] })
    expect(driver.model.labelCounts).toMatchObject({ labels: 1, unmatched: 2 })
    expect(driver.model.liveSequences).toBe(1)
    const twin = known(stream).feed([{ id: 'nobody' }, {}])
    driver.step({ inputs: [3] })
    twin.step({ inputs: [3] })
    expect([...driver.model.forecast.means]).toEqual([...twin.model.forecast.means])
  })

  test('in any order leave the same scores of what was said', () => {
    const random = new Random(5)
    const rows = Array.from({ length: 40 }, (_, i) => ({ id: `${i}`, inputs: [random.normal()] }))
    const before = Array.from({ length: 50 }, () => ({ inputs: [1], values: [random.normal()] }))
    const labels = rows.map(({ id }, i) => ({ id, values: [i] }))
    const forward = known([...before, ...rows, ...labels])
    const backward = known([...before, ...rows, ...labels.toReversed()])
    const [one, other] = [forward, backward].map(({ model }) => model.scores.summary()[0])
    expect([one?.count, other?.count]).toEqual([89, 89])
    expect(other?.mae).toBeCloseTo(one?.mae as number, 9)
    expect(other?.rmse).toBeCloseTo(one?.rmse as number, 9)
    expect(forward.hashes.state).not.toBe(backward.hashes.state)
  })
})

describe('a second label', () => {
  const rows: Entry[] = [
    ...Array.from({ length: 30 }, (_, i) => ({ inputs: [i % 5], values: [2 * (i % 5)] })),
    { id: 'a', inputs: [3] },
  ]

  test('is flagged, corrects the score and teaches nothing', () => {
    const driver = driverOf(config).feed(rows)
    driver.step({ id: 'a', values: [100] })
    const [wrong] = driver.model.scores.summary()
    const { weights } = driver.hashes
    driver.step({ id: 'a', values: [6] })
    expect(driver.model.forecast.observed[0]).toMatchObject({ corrected: true, value: 6, delay: 2 })
    expect(driver.model.scored.former[0]).toBe(100)
    expect(driver.model.labelCounts).toMatchObject({ labels: 31, corrected: 1 })
    const [right] = driver.model.scores.summary()
    expect(right?.count).toBe(wrong?.count)
    expect(right?.mae).toBeLessThan((wrong?.mae as number) - 2)
    const clean = driverOf(config).feed([...rows, { id: 'a', values: [6] }])
    expect(right?.mae).toBeCloseTo(clean.model.scores.summary()[0]?.mae as number, 9)
    expect(driver.hashes.weights).toBe(weights)
  })

  test('that says the same changes no score', () => {
    const driver = driverOf(config).feed([...rows, { id: 'a', values: [6] }])
    const before = driver.model.scores.summary()
    driver.step({ id: 'a', values: [6] })
    expect(driver.model.forecast.observed[0]).toMatchObject({ corrected: true })
    expect(driver.model.scores.summary()).toEqual(before)
    expect(driver.model.labelCounts).toMatchObject({ corrected: 0 })
  })
})

describe('predictions that wait', () => {
  test('expire after maxPending records, counted', () => {
    const driver = driverOf(supervised({ id: 'id', labels: { maxPending: 5 } }))
    driver.step({ id: 'a', inputs: [1] })
    for (let i = 0; i < 4; i++) driver.model.skip()
    expect(driver.model.pendingPredictions).toBe(1)
    driver.model.skip()
    expect(driver.model.pendingPredictions).toBe(0)
    expect(driver.model.labelCounts).toMatchObject({ expired: 1 })
    driver.step({ id: 'a', values: [1] })
    expect(driver.model.labelCounts).toMatchObject({ unmatched: 1, labels: 0 })
  })

  test('that have had their labels do not count as expired', () => {
    const driver = driverOf(supervised({ id: 'id', labels: { maxPending: 5 } }))
    driver.feed([
      { id: 'a', inputs: [1] },
      { id: 'a', values: [1] },
    ])
    for (let i = 0; i < 9; i++) driver.model.skip()
    expect(driver.model.labelCounts).toMatchObject({ expired: 0, labels: 1 })
  })

  test('are replaced by a newer one of the same id', () => {
    const driver = driverOf(config)
    driver.feed([
      { id: 'a', inputs: [1] },
      { id: 'a', inputs: [2] },
      { id: 'a', values: [1] },
    ])
    expect(driver.model.scored.records[0]).toBe(2)
    expect(driver.model.labelCounts).toMatchObject({ replaced: 1, labels: 1 })
  })

  test('cost memory as they come, within what is stated', () => {
    const driver = driverOf(supervised({ id: 'id', labels: { maxPending: 1_000_000 } }))
    const inside = driver.model as unknown as { pending: { bytesNow: number; byteLength: number } }
    expect(inside.pending.bytesNow).toBe(0)
    for (let i = 0; i < 100; i++) driver.step({ id: `${i}`, inputs: [i] })
    expect(inside.pending.bytesNow).toBeLessThan(1e6)
    expect(driver.model.bytesShared).toBeGreaterThan(inside.pending.byteLength)
    const small = driverOf(supervised({ id: 'id', labels: { maxPending: 10 } }))
    for (let i = 0; i < 300; i++) small.step({ id: `${i}`, inputs: [i] })
    const held = small.model as unknown as { pending: { bytesNow: number; byteLength: number } }
    expect(held.pending.bytesNow).toBe(held.pending.byteLength)
    expect(small.model.pendingPredictions).toBe(10)
  })

  test('outlive their sequence, and teach what all sequences share', () => {
    const bounded = supervised({ id: 'id' }, { sequences: { max: 2, keep: 2 } })
    const driver = driverOf(bounded)
    driver.step({ id: 'a', sequence: 'gone', inputs: [1], values: [3] })
    driver.step({ id: 'b', sequence: 'gone', inputs: [1] })
    for (let i = 0; i < 40; i++) {
      driver.step({ sequence: `${i}`, inputs: [i % 3], values: [i % 3] })
    }
    expect(driver.model.liveSequences).toBeLessThanOrEqual(2 + 8)
    const { state } = driver.hashes
    driver.step({ id: 'b', values: [2] })
    expect(driver.model.labelCounts).toMatchObject({ labels: 42 })
    expect(driver.hashes.state).not.toBe(state)
  })

  test('are never confused, whatever their ids', () => {
    const ids = ['a', 'b', 'ab', 'a\u0000', '\ud800', 'ä', '😀', 'x'.repeat(128)]
    const driver = driverOf(config)
    ids.forEach((id, i) => {
      driver.step({ id, inputs: [i] })
    })
    ids.forEach((id, i) => {
      driver.step({ id, values: [i] })
      expect(driver.model.scored.records[0]).toBe(i + 1)
    })
    driver.step({ id: 'x'.repeat(129), inputs: [1] })
    driver.step({ id: 'x'.repeat(129), values: [1] })
    expect(driver.model.labelCounts).toMatchObject({ longIds: 2, unmatched: 1 })
  })
})

describe('those who watch', () => {
  test('are told how networks fare, what is held and which sequences there are', () => {
    const stream = lateLabels(7, 200)
    const driver = driverOf(config).feed(stream)
    const { health, view } = driver.model
    const before = driver.hashes
    expect(view.mostRecent()).toMatch(/^key \d$/)
    expect([...view.search('KEY', 9).names].sort()).toEqual(['key 0', 'key 1', 'key 2'])
    expect(health.windows).toBe(3)
    expect(health.sequenceBytes).toBe(3 * driver.model.bytesPerSequence)
    expect(health.kernelBytes).toBeGreaterThan(10_000)
    const [network] = health.networks()
    expect(network).toMatchObject({ network: 'network:3e-3', learningRate: 3e-3, rollbacks: 0 })
    expect(network?.gradientNorm).toBeGreaterThan(0)
    expect(network?.updateSize).toBeNaN()
    expect(driver.hashes).toEqual(before)
    health.measureNext()
    driver.feed(lateLabels(8, 40))
    expect(health.networks()[0]?.updateSize).toBeGreaterThan(0)
  })
})
