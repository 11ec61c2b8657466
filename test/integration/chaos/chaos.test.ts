import { expect, onTestFinished, test } from 'vitest'
import { canStartBroker } from '../service/mortal-broker.ts'
import { zeroKeyPartitions } from './app.ts'
import { wreakHavoc } from './chaos.ts'
import { kafkajsReader, ownReader } from './readers.ts'
import { table } from './report.ts'
import { changelogOnDisk, judge } from './settle.ts'

const { env } = process
const seed = Number(env.HEADRACE_CHAOS_SEED ?? Math.floor(performance.timeOrigin) % 100_000)
/** So many that every kind of fault is among them, and half of the crash points. */
const wholeDeck = 34
const faults = Number(env.HEADRACE_CHAOS_FAULTS ?? wholeDeck)
const records = Number(env.HEADRACE_CHAOS_RECORDS ?? Math.max(200_000, faults * 6_000))

// A machine that reaches Kafka by another way cannot kill it; CI has to have both.
const testWithBroker = test.runIf(canStartBroker || process.env.CI !== undefined)

testWithBroker(
  'whatever happens to processes, connections and broker, each record has its one output',
  { timeout: 180_000 + faults * 15_000 },
  async () => {
    const log = (line: string): void => void process.stderr.write(`chaos ${seed}: ${line}\n`)
    const havoc = await wreakHavoc({ seed, faults, records, recordsPerSecond: 1_500, log })
    const { world, befallen } = havoc
    let isClean = false
    onTestFinished(() => world.close(!isClean))
    const verdict = await judge(havoc, [ownReader, kafkajsReader])
    log(`\n${table(havoc, verdict)}`)

    const context = `seed ${seed}, logs and expected outputs in ${world.folder}`
    const { fleet, oracles, upstream } = world
    // As text: of a list the summary of a failure says only how long it is.
    expect(verdict.problems.join('\n'), context).toBe('')
    for (const { lost, duplicated, reordered, different } of verdict.readings) {
      expect([lost, duplicated, reordered, different], context).toEqual([0, 0, 0, 0])
    }
    expect(verdict.readings[0]?.published).toBe(verdict.records)
    expect(verdict.records).toBeGreaterThanOrEqual(records)
    // What the run is to have met: else it has proved nothing.
    expect(befallen.length, context).toBeGreaterThanOrEqual(Math.floor(faults * 0.9))
    expect(fleet.restores, context).toBeGreaterThan(faults / 2)
    expect(fleet.snapshotRestores, context).toBeGreaterThan(faults / 4)
    if (faults >= wholeDeck) {
      expect(changelogOnDisk(world).emptyBatches, context).toBeGreaterThan(0)
    }
    const withZeroKeys = oracles.filter(({ int32ZeroKeys }) => int32ZeroKeys > 0)
    expect(withZeroKeys).toHaveLength(zeroKeyPartitions)
    expect([...upstream.verdicts.values()]).toContain('aborted')
    isClean = true
  },
)
