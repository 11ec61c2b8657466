import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { produce, readToEnd } from '../support/broker.ts'
import { type App, binary, createApp, learntUpTo, Run } from './support.ts'

/** JSON lines of two sequences: some useless, some out of order, some without the target. */
export function lines(count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const at = new Date(1_600_000_000_000 + (i % 11 === 5 ? i - 4 : i) * 60_000).toISOString()
    const station = `s${(i * 7) % 2}`
    const y = 50 + 9 * Math.sin(i / 4) + ((i * 31) % 7)
    if (i % 23 === 9) return `{"at":"${at}","station":"${station}","y":`
    if (i % 29 === 3) return JSON.stringify({ at, station, y: 'n/a' })
    if (i % 31 === 8) return JSON.stringify({ at, y })
    if (i % 17 === 2) return JSON.stringify({ at, station })
    return JSON.stringify({ at, station, y })
  })
}

/** What `headrace replay --predictions` writes for these lines with the same configuration. */
function replayed(app: App, records: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'headrace-replay-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [file, predictions] = [join(folder, 'in.jsonl'), join(folder, 'out.jsonl')]
  writeFileSync(file, `${records.join('\n')}\n`)
  const args = ['replay', file, '-c', app.file, '--predictions', predictions, '--json']
  const summary = execFileSync(process.execPath, [binary, ...args], { encoding: 'utf8' })
  return {
    predictions: readFileSync(predictions, 'utf8').trimEnd().split('\n'),
    deadLetters: (JSON.parse(summary) as { deadLetters: number }).deadLetters,
  }
}

/**
 * What is published is, byte for byte, what `headrace replay` writes, although a process dies on
 * the way. `overrides`: sections of the configuration.
 */
export async function checkReplayEquality(
  overrides: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const records = lines(400)
  const app = await createApp(1, { input: { key: 'station' }, ...overrides })
  const messages = records.map((value) => ({ partition: 0, value }))
  // In the middle of it the first process dies: no reader may see where.
  await produce(app.topics.input, messages.slice(0, 250))
  const first = new Run(app.file)
  await learntUpTo(app, [100], first)
  await first.kill()
  await produce(app.topics.input, messages.slice(250))
  const second = new Run(app.file)
  await learntUpTo(app, [400], second)
  expect((await second.terminate()).code).toBe(0)

  const expected = replayed(app, records)
  const published = await readToEnd(app.topics.predictions)
  expect(published.map(({ value }) => value)).toEqual(expected.predictions)
  const deadLetters = await readToEnd(app.topics.deadLetters)
  expect(deadLetters).toHaveLength(expected.deadLetters)
  expect(expected.deadLetters).toBeGreaterThan(30)
}
