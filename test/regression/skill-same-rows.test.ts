import { expect, test } from 'vitest'
import { Random } from '../../src/random.ts'
import { LearningWatch } from '../../src/task/engine/learning-watch.ts'
import { configOf, Driver } from '../unit/model/support/driver.ts'

const fading = (errors: readonly number[]) =>
  errors.reduce((mean, error, n) => mean + Math.max(1 / (n + 1), 1e-3) * (error - mean), 0)

/**
 * A small series that has its season, and large ones that end before they have one. The mixture's
 * error over all of them says nothing beside that of a seasonal forecast over the small one: the
 * skill was −600 where the mixture was the better.
 */
test.each(['full', 'network'] as const)(
  'the skill of a %s portfolio compares errors over the rows that both have',
  (portfolio) => {
    const model = { hidden: 3, window: 4, updateEvery: 2, learningRates: [1e-3], portfolio }
    const task = { targets: ['y'], horizons: [1], seasons: [12] }
    const driver = new Driver(configOf({ model, task }))
    const watch = new LearningWatch(driver.model)
    const random = new Random(4)
    const seasonal: number[] = []
    const mixture: number[] = []
    for (let i = 0; i < 4_000; i++) {
      const isSmall = i % 2 === 0
      const step = i >> 1
      const size = isSmall ? 10 : 10_000
      const value = size * (2 + Math.sin((2 * Math.PI * step) / 12) + 0.3 * random.normal())
      const sequence = isSmall ? 'small' : `large${step >> 3}`
      driver.step({ sequence, timeMs: i, values: [value] })
      const { scored, forecast } = driver.model
      watch.add(scored, forecast)
      if (scored.present[0] === 0 || Number.isNaN(scored.seasonal[0]!)) continue
      seasonal.push(Math.abs(scored.seasonal[0]! - value))
      mixture.push(Math.abs(scored.mixture[0]! - value))
    }
    expect(seasonal.length).toBeGreaterThan(1_900)
    const { skill } = watch.report().slots[0]!
    expect(skill.seasonal).toBeCloseTo(1 - fading(mixture) / fading(seasonal), 9)
    expect(skill.seasonal).toBeGreaterThan(-1)
  },
)
