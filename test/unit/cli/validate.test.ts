import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { command, type Inspectors, validateCommand } from '../../../src/cli/validate.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { HeadraceError } from '../../../src/errors.ts'
import { describeModel } from '../../../src/model/describe.ts'
import { testIo } from './replay-support.ts'

const secret = 'hunter2-very-secret'
let folder = ''
let file = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'headrace-validate-'))
  file = join(folder, 'taxi.yaml')
  const text = `name: taxi
kafka:
  ssl: true
  sasl: { mechanism: plain, username: u, password: \${PASSWORD} }
input: { topic: rides }
task: { targets: [passengers], horizons: [5, 1] }
`
  writeFileSync(file, text)
})
afterAll(() => rmSync(folder, { recursive: true }))

function withTopics(checkTopics: Inspectors['checkTopics']) {
  return validateCommand(async () => ({ describeModel, checkTopics }))
}

const fine = withTopics(async () => ({ problems: [], warnings: ['small segments'], partitions: 4 }))
const unreached = withTopics(async () => {
  throw new Error('brokers were asked although offline')
})

function io() {
  return testIo({ env: { PASSWORD: secret } })
}

describe('validate', () => {
  test('prints the effective configuration as YAML, sizes, and no secret', async () => {
    const out = io()
    expect(await unreached.run(['-c', file, '--offline', '--set', 'model.hidden=8'], out)).toBe(0)
    const shown = parse(out.stdout.text)
    expect(shown).toMatchObject({
      name: 'taxi',
      kafka: { brokers: ['127.0.0.1:9092'], sasl: { password: '[redacted]' } },
      task: { targets: ['passengers'], horizons: [1, 5] },
      model: { hidden: 8, cell: 'gru' },
    })
    expect(loadConfig({ text: out.stdout.text, env: {} }).config.model.hidden).toBe(8)
    expect(out.stdout.text).toMatch(/# parameters: [1-9]\d* \(2 networks of \d+\)/)
    expect(out.stdout.text).toMatch(/# memory of a sequence: [1-9][\d.]* (bytes|kB|MB)/)
    expect(out.stdout.text + out.stderr.text).not.toContain(secret)
  })

  test('--json prints one object with the same', async () => {
    const out = io()
    expect(await fine.run(['-c', file, '--json'], out)).toBe(0)
    const shown = JSON.parse(out.stdout.text)
    expect(shown).toMatchObject({
      valid: true,
      source: file,
      config: { kafka: { sasl: { password: '[redacted]' } } },
      topics: { partitions: 4, problems: [] },
      warnings: ['small segments'],
    })
    expect(shown.model.parameters).toBe(shown.model.networks * shown.model.parametersPerNetwork)
    expect(out.stdout.text).not.toContain(secret)
    expect(out.stderr.text).toBe('headrace: warning: small segments\n')
  })

  test('ends with 69 where topics are not as they must be, and says why', async () => {
    const problem = 'The input topic rides is compacted.'
    const bad = withTopics(async () => ({ problems: [problem], warnings: [], partitions: 1 }))
    const out = io()
    expect(await bad.run(['-c', file], out)).toBe(69)
    expect(out.stderr.text).toBe(`headrace: ${problem}\n`)
    expect(out.stdout.text).toContain('# topics: not as they must be')
  })

  test('prints what it knows before it fails for the brokers; a defect is not hidden', async () => {
    const failure = new HeadraceError('HEADRACE_USAGE', 'nobody there')
    const out = io()
    const failing = withTopics(() => Promise.reject(failure))
    await expect(failing.run(['-c', file, '--json'], out)).rejects.toBe(failure)
    expect(JSON.parse(out.stdout.text)).toMatchObject({
      valid: false,
      failure: { code: 'HEADRACE_USAGE', message: 'nobody there' },
    })
    await expect(unreached.run(['-c', file], io())).rejects.toThrow('although offline')
  })

  test('refuses mistakes with their places, with --json as data too', async () => {
    const out = io()
    const args = ['-c', file, '--offline', '--json', '--set', 'model.cell=gur']
    await expect(unreached.run(args, out)).rejects.toMatchObject({
      code: 'HEADRACE_CONFIG_INVALID',
    })
    expect(JSON.parse(out.stdout.text)).toEqual({
      valid: false,
      errors: [
        {
          option: '--set model.cell=gur',
          path: 'model.cell',
          message: 'expected one of rnn, gru, lstm, got "gur"; nearest known name: gru',
        },
      ],
    })
  })

  test('needs a topic for the brokers; offline its absence is a warning', async () => {
    const bare = join(folder, 'bare.yaml')
    writeFileSync(bare, 'task: { targets: [a] }\n')
    await expect(fine.run(['-c', bare], io())).rejects.toThrow('input.topic: required')
    const out = io()
    expect(await command.run(['-c', bare, '--offline'], out)).toBe(0)
    expect(out.stderr.text).toContain('input.topic is absent')
  })

  test('needs a configuration', async () => {
    await expect(fine.run([], io())).rejects.toMatchObject({ code: 'HEADRACE_USAGE' })
  })
})
