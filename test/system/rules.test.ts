import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { type Mutant, mutantsOf } from '../unit/prometheus/mutants.ts'
import {
  type Alert,
  alertCases,
  alerts,
  casesOf,
  folder,
  readText,
  recordings,
} from '../unit/prometheus/rules.ts'

interface Outcome {
  readonly status: number
  readonly text: string
}

let scratch = ''

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'headrace-rules-'))
})

afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** What promtool says, and how it ends; throws where it cannot be started or takes two minutes. */
function promtool(...args: string[]): Promise<Outcome> {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>()
  execFile('promtool', args, { timeout: 120_000 }, (error, stdout, stderr) => {
    const status = error === null ? 0 : error.code
    if (typeof status === 'number') resolve({ status, text: `${stdout}${stderr}` })
    else reject(error)
  })
  return promise
}

/** Runs the cases of one alert on some form of it, beside the recordings that it reads. */
async function judge(alert: Alert, name: string): Promise<Outcome> {
  const needed = recordings.filter(({ record }) => alert.expr.includes(record))
  const groups = [
    { name: 'recordings', rules: needed },
    { name: 'alerts', rules: [alert] },
  ]
  const rulesFile = join(scratch, `${name}.rules.yaml`)
  writeFileSync(rulesFile, stringify({ groups: groups.filter(({ rules }) => rules.length > 0) }))
  const casesFile = join(scratch, `${name}.test.yaml`)
  const cases = { ...alertCases, rule_files: [rulesFile], tests: casesOf(alert.alert) }
  writeFileSync(casesFile, stringify(cases))
  return await promtool('test', 'rules', casesFile)
}

test('the rules are sound', async () => {
  for (const name of ['recording.rules.yaml', 'alerts.rules.yaml']) {
    const { status, text } = await promtool('check', 'rules', '--lint-fatal', join(folder, name))
    expect(status, text).toBe(0)
    const count = name.startsWith('alerts') ? alerts.length : recordings.length
    expect(text).toContain(`SUCCESS: ${count} rules found`)
  }
})

test('the configuration is sound, with the rules where it looks for them', async () => {
  const moved = readText('prometheus.yaml').replace('/etc/prometheus', folder)
  const file = join(scratch, 'prometheus.yaml')
  writeFileSync(file, moved)
  const { status, text } = await promtool('check', 'config', file)
  expect(status, text).toBe(0)
  expect(text).toContain('2 rule files found')
})

test.each(['recording.test.yaml', 'alerts.test.yaml'])('%s', async (name) => {
  const { status, text } = await promtool('test', 'rules', join(folder, name))
  expect(status, text).toBe(0)
  expect(text).toContain('SUCCESS')
})

describe('the cases notice when an alert has another threshold, condition or wait', () => {
  test.each(alerts.map((alert) => [alert.alert, alert] as const))('%s', async (name, alert) => {
    const asItIs = await judge(alert, name)
    expect(asItIs.status, asItIs.text).toBe(0)
    const waiting = mutantsOf(alert).map((mutant, i) => [`${name}-${i}`, mutant] as const)
    expect(waiting.length).toBeGreaterThan(0)
    const survivors: string[] = []
    const work = async (): Promise<void> => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        const [file, mutant]: readonly [string, Mutant] = next
        const { status } = await judge(mutant.alert, file)
        if (status === 0) survivors.push(mutant.what)
      }
    }
    await Promise.all(Array.from({ length: availableParallelism() }, work))
    expect(survivors).toEqual([])
  })
})
