import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { ReplayReport } from '../../../src/cli/replay-report.ts'
import { bin, headrace, waveCsv } from './replay-support.ts'

const options = ['--target', 'load', '--set', 'model.hidden=4', '--json']
const csv = waveCsv(200)
let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'headrace-test-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('file, standard input, gzip and zstd give the same model', async () => {
  const plain = join(folder, 'load.csv')
  const gz = join(folder, 'load.csv.gz')
  writeFileSync(plain, csv)
  writeFileSync(gz, gzipSync(csv))
  const runs = await Promise.all([
    headrace(['replay', plain, ...options]),
    headrace(['replay', '-', ...options], { stdin: csv }),
    headrace(['replay', gz, ...options]),
    headrace(['replay', '-', ...options], { stdin: zstdCompressSync(csv) }),
  ])
  for (const { code, stderr } of runs) expect([code, stderr]).toEqual([0, ''])
  const reports = runs.map(({ stdout }) => JSON.parse(stdout) as ReplayReport)
  for (const { records, stateHash } of reports) {
    expect([records, stateHash]).toEqual([200, reports[0]?.stateHash])
  }
})

test('a reader that goes away is no error', () => {
  const path = join(folder, 'quiet.csv')
  writeFileSync(path, csv)
  const script = `"${process.execPath}" "${bin}" replay "${path}" ${options.join(' ')} | head -1`
  const { status, stdout, stderr } = spawnSync('sh', ['-c', script], { encoding: 'utf8' })
  expect([status, stdout, stderr]).toEqual([0, '{\n', ''])
})

test('Ctrl-C prints the scoreboard of the records that have come', async () => {
  const path = join(folder, 'interrupted.jsonl')
  // The input stays open: only the signal can end the run.
  const run = await headrace(['replay', '-', ...options, '--predictions', path], {
    async onStart(child) {
      child.stdin?.write(waveCsv(2000))
      try {
        await vi.waitFor(() => expect(statSync(path).size).toBeGreaterThan(0), { timeout: 30_000 })
      } finally {
        child.kill('SIGINT')
      }
    },
  })
  expect(run.code).toBe(0)
  const report = JSON.parse(run.stdout) as ReplayReport
  expect(report.records).toBeGreaterThan(0)
  expect(readFileSync(path, 'utf8').trim().split('\n')).toHaveLength(report.records)
  expect(run.stderr).toContain('interrupted')
})

test('a misspelt option ends with 2 and the nearest name', async () => {
  const { code, stdout, stderr } = await headrace(['replay', 'x.csv', '--seasns', '24'])
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain('Did you mean --seasons?')
})
