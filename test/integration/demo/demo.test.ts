import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { readDemoRecords } from '../../../src/cli/demo-data.ts'
import type { ReplayReport } from '../../../src/cli/replay-report.ts'
import { brokers, deleteTopics, readToEnd, withAdmin } from '../support/broker.ts'

const bin = fileURLToPath(new URL('../../../bin/headrace.js', import.meta.url))

interface Run {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the demo on the shared broker; `interruptAt` sends Ctrl-C once stderr holds this text. */
function demo(args: readonly string[], interruptAt?: string): Promise<Run> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, KAFKA_BROKERS: brokers().join(',') }
    const child = spawn(process.execPath, [bin, 'demo', ...args], { stdio: 'pipe', env })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      const had = interruptAt !== undefined && stderr.includes(interruptAt)
      stderr += chunk
      if (interruptAt !== undefined && !had && stderr.includes(interruptAt)) child.kill('SIGINT')
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

function topicsOf(stderr: string): string {
  return /-t (\S+)\.predictions/.exec(stderr)?.[1] ?? ''
}

async function topics(name: string): Promise<string[]> {
  const all = await withAdmin((admin) => admin.listTopics())
  return all.filter((topic) => topic.startsWith(`${name}.`)).toSorted()
}

test('--until-end --json: the series is predicted and committed, as replay would', async () => {
  const args = ['--until-end', '--json', '--speed', '2000', '--limit', '600', '--keep']
  const { code, stdout, stderr } = await demo(args)
  const name = topicsOf(stderr)
  expect(name).toMatch(/^taxi-[0-9a-f]{8}$/)
  try {
    expect(code, stderr).toBe(0)
    const report = JSON.parse(stdout) as ReplayReport
    expect(report).toMatchObject({ records: 600, deadLetters: 0, sequences: 1, scoredFrom: 0 })
    // biome-ignore lint/suspicious/noControlCharactersInRegex: their absence is what is tested
    expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/)
    expect(await topics(name)).toEqual(
      ['changelog', 'dead-letters', 'predictions', 'rides'].map((role) => `${name}.${role}`),
    )
    const predictions = await readToEnd(`${name}.predictions`)
    expect(predictions.map(({ key }) => key)).toEqual(Array.from({ length: 600 }, () => 'nyc'))
    expect(report.scores).toEqual(await replayScores(600))
  } finally {
    await deleteTopics(await topics(name))
  }
})

test('Ctrl-C ends it cleanly, and nothing stays on a broker that others use', async () => {
  const { code, stdout, stderr } = await demo(['--speed', '200'], 'records/s, wMAPE')
  expect(code, stderr).toBe(0)
  expect(stdout).toMatch(/\d+ records, 0 dead letters, 1 sequence/)
  expect(await topics(topicsOf(stderr))).toEqual([])
  const groups = await withAdmin((admin) => admin.listGroups())
  expect(groups.groups.map(({ groupId }) => groupId)).not.toContain(topicsOf(stderr))
})

async function replayScores(count: number): Promise<ReplayReport['scores']> {
  const folder = mkdtempSync(join(tmpdir(), 'headrace-test-'))
  try {
    const file = join(folder, 'rides.jsonl')
    writeFileSync(
      file,
      readDemoRecords(count)
        .map(({ value }) => `${value}\n`)
        .join(''),
    )
    const config = fileURLToPath(new URL('../../../deploy/demo/taxi.yaml', import.meta.url))
    const child = spawn(process.execPath, [bin, 'replay', file, '-c', config, '--json'])
    let stdout = ''
    for await (const chunk of child.stdout) stdout += chunk
    return (JSON.parse(stdout) as ReplayReport).scores
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
