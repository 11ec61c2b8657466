import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { command } from '../../../src/cli/topics.ts'
import { testIo } from './replay-support.ts'

let folder = ''
let file = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'headrace-topics-'))
  file = join(folder, 'taxi.yaml')
  writeFileSync(
    file,
    `name: taxi
kafka:
  brokers: 127.0.0.1:1
  sasl: { mechanism: plain, username: alice, password: \${PASSWORD} }
input: { topic: rides }
task: { targets: [passengers] }
`,
  )
})
afterAll(() => rmSync(folder, { recursive: true }))

const env = { PASSWORD: 'hunter2' }

describe('topics', () => {
  test('--acls prints a command for each right, for the user of the configuration', async () => {
    const io = testIo({ env })
    expect(await command.run(['-c', file, '--acls'], io)).toBe(0)
    const lines = io.stdout.text.trimEnd().split('\n')
    expect(lines[0]).toBe('# needed by headrace run')
    expect(lines.filter((line) => line.startsWith('#'))).toHaveLength(3)
    for (const line of lines.filter((text) => !text.startsWith('#'))) {
      expect(line).toMatch(
        /^kafka-acls\.sh --bootstrap-server 127\.0\.0\.1:1 --add --allow-principal User:alice --op/,
      )
    }
    expect(io.stdout.text).toContain('--topic rides\n')
    expect(io.stdout.text).not.toContain(env.PASSWORD)
  })

  test('--acls --json prints one object', async () => {
    const io = testIo({ env })
    expect(await command.run(['-c', file, '--acls', '--json'], io)).toBe(0)
    const { acls } = JSON.parse(io.stdout.text) as { acls: { name: string }[] }
    expect(acls.map(({ name }) => name)).toContain('taxi.changelog')
  })

  test.each([
    [['--check', '--reset'], /--check and --reset exclude each other/],
    [['--check', '--dry-run'], /--check and --dry-run exclude each other/],
    [['--yes'], /--yes goes with --reset/],
    [['--reset'], /there is no terminal to ask on: add --yes/],
    [['--create-input', '0'], /--create-input needs a whole number of at least 1/],
    [['--replication-factor', 'x'], /--replication-factor needs a whole number/],
    [['--chek'], /Did you mean --check/],
  ])('%j is a mistake in the command line', async (args, message) => {
    const running = command.run(['-c', file, ...args], testIo({ env }))
    await expect(running).rejects.toMatchObject({
      code: 'HEADRACE_USAGE',
      exitCode: 2,
      message: expect.stringMatching(message),
    })
  })

  test('needs a configuration with an input topic', async () => {
    await expect(command.run([], testIo({ env }))).rejects.toMatchObject({ exitCode: 2 })
    const running = command.run(['-c', file, '--set', 'input.topic='], testIo({ env }))
    await expect(running).rejects.toMatchObject({ exitCode: 78 })
  })

  test('says where it looked for a broker', async () => {
    await expect(command.run(['-c', file], testIo({ env }))).rejects.toMatchObject({
      code: 'HEADRACE_KAFKA_UNREACHABLE',
      exitCode: 69,
      message: expect.stringContaining('127.0.0.1:1'),
    })
  })
})
