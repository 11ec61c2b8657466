import { expect, onTestFinished, test } from 'vitest'
import { wreakHavoc } from '../integration/chaos/chaos.ts'
import { kcatReader } from '../integration/chaos/readers.ts'
import { table } from '../integration/chaos/report.ts'
import { judge } from '../integration/chaos/settle.ts'

const faults = 10
const records = 40_000

test('librdkafka reads what the oracle expects, one to one, after faults', async () => {
  const seed = Number(process.env.HEADRACE_CHAOS_SEED ?? Math.floor(performance.timeOrigin) % 1e5)
  const log = (line: string): void => void process.stderr.write(`chaos ${seed}: ${line}\n`)
  const havoc = await wreakHavoc({ seed, faults, records, recordsPerSecond: 1_500, log })
  const { world } = havoc
  let isClean = false
  onTestFinished(() => world.close(!isClean))
  const verdict = await judge(havoc, [kcatReader])
  log(`\n${table(havoc, verdict)}`)

  const context = `seed ${seed}, logs and expected outputs in ${world.folder}`
  expect(verdict.problems, context).toEqual([])
  expect(verdict.records).toBeGreaterThanOrEqual(records)
  const [reading] = verdict.readings
  expect(reading, context).toMatchObject({ lost: 0, duplicated: 0, reordered: 0, different: 0 })
  expect(reading?.published, context).toBe(verdict.records)
  isClean = true
})
