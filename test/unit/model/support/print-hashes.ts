import { Random } from '../../../../src/random.ts'
import { configOf, Driver } from './driver.ts'

/** For a child process: learns a fixed log with calendar and seasons, prints both hashes. */
const driver = new Driver(
  configOf({
    task: { targets: ['y'], horizons: [1, 5], seasons: [6] },
    model: { hidden: 4, learningRates: [1e-3] },
  }),
)
const random = new Random(12)
for (let i = 0; i < 400; i++) {
  const timeMs = 1_394_300_000_000 + 1_800_000 * i
  const sequence = i % 3 === 0 ? 'a' : 'é'
  driver.step({ sequence, timeMs, values: [random.normal() + Math.floor(i / 40)] })
}
process.stdout.write(`${driver.model.chainHash()} ${driver.model.stateHash()}`)
