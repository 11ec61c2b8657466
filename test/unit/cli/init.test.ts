import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { demoFile } from '../../../src/cli/demo-data.ts'
import { command } from '../../../src/cli/init.ts'
import { command as replay } from '../../../src/cli/replay.ts'
import { loadConfig, loadServiceConfig } from '../../../src/config/load.ts'
import { testIo } from './replay-support.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'headrace-test-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function init(stdin: string, ...args: string[]): Promise<string> {
  const io = testIo({ stdin })
  expect(await command.run(['-', ...args], io)).toBe(0)
  return io.stdout.text
}

const config = (text: string) => loadConfig({ text, file: 'init', env: {} }).config

test('finds time, seasons and target of the bundled series; replay takes the result', async () => {
  const csv = fileURLToPath(demoFile('nyc_taxi.csv'))
  const output = join(folder, 'taxi.yaml')
  const io = testIo({})
  await command.run([csv, '--topic', 'rides', '--name', 'taxi', '--output', output], io)
  const { config: written } = loadServiceConfig({ file: output, env: {} })
  expect(written).toMatchObject({
    name: 'taxi',
    input: { topic: 'rides', format: 'csv', columns: ['timestamp', 'value'], time: 'timestamp' },
    task: { targets: ['value'], horizons: [1], seasons: [48, 336] },
  })
  expect(readFileSync(output, 'utf8')).toContain('# a step takes 30 min')
  const replayed = testIo({})
  await replay.run([csv, '-c', output, '--limit', '20', '--json'], replayed)
  expect(JSON.parse(replayed.stdout.text)).toMatchObject({ records: 20, deadLetters: 0 })
  await expect(command.run([csv, '--output', output], testIo({}))).rejects.toMatchObject({
    code: 'HEADRACE_OUTPUT_UNWRITABLE',
  })
})

test('JSON lines with a repeating text: it names the sequence', async () => {
  const lines = Array.from({ length: 40 }, (_, i) =>
    JSON.stringify({
      time: `2024-01-${String(1 + (i >> 1)).padStart(2, '0')}`,
      'shop: name': i % 2 === 0 ? 'a' : 'b',
      sales: i % 7 === 0 ? null : i,
      open: true,
      visitors: i * 2,
    }),
  )
  const text = await init(lines.join('\n'), '--target', 'visitors')
  expect(config(text)).toMatchObject({
    input: { format: 'json', time: 'time', key: 'shop: name' },
    task: { targets: ['visitors'], seasons: [7] },
  })
  expect(text).toContain('# inputs: [ sales ]')
  expect(config(await init(lines.join('\n')))).toMatchObject({ task: { targets: ['sales'] } })
})

test('many columns stay one line', async () => {
  const names = Array.from({ length: 60 }, (_, i) => `a rather long name ${i}`)
  const text = await init(`${names.join(',')}\n${names.map(() => 1).join(',')}\n`)
  expect(config(text).input.columns).toEqual(names)
  expect(text.split('\n').filter((line) => line.includes('name 59'))).toHaveLength(2)
})

test('no time, no seasons', async () => {
  expect(config(await init('a,b\n1,x\n2,y\n'))).toMatchObject({
    input: { format: 'csv', columns: ['a', 'b'] },
    task: { targets: ['a'], seasons: [] },
  })
})

test('says what it cannot do', async () => {
  const run = (stdin: string, ...args: string[]) => command.run(args, testIo({ stdin }))
  await expect(run('')).rejects.toThrow('Which file?')
  await expect(run('a\nx\n', '-')).rejects.toThrow('No field of the file holds numbers')
  await expect(run('a,b\n1,x\n', '-', '--target', 'b')).rejects.toThrow("'b' holds no numbers")
  await expect(run('a\n1\n', '-', '--name', 'a.b')).rejects.toMatchObject({
    code: 'HEADRACE_CONFIG_INVALID',
  })
  writeFileSync(join(folder, 'empty.csv'), '')
  await expect(run('', join(folder, 'empty.csv'))).rejects.toMatchObject({
    code: 'HEADRACE_INPUT_UNREADABLE',
  })
})
