import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkReplayEquality, lines } from '../../integration/service/replay-equality.ts'
import { binary } from '../../integration/service/support.ts'

const model = {
  ...{ kernel: 'tensorflow', hidden: 6, learningRates: [0.001] },
  ...{ window: 8, updateEvery: 4, block: 32 },
}
let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'headrace-tensorflow-'))
  writeFileSync(join(folder, 'in.jsonl'), `${lines(400).join('\n')}\n`)
  const task = { targets: ['y'], horizons: [1, 3], seasons: [7] }
  const input = { time: 'at', key: 'station' }
  // JSON is YAML too.
  writeFileSync(join(folder, 'app.yaml'), JSON.stringify({ name: 'tf', input, task, model }))
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** `headrace` with the packages of `modules` beside its own; it finds none in its own folder. */
function headrace(args: readonly string[], modules = process.env.NODE_PATH) {
  const env = { ...process.env, NODE_PATH: modules }
  const all = [binary, ...args]
  return spawnSync(process.execPath, all, { cwd: folder, env, encoding: 'utf8', timeout: 60_000 })
}

const replay = ['replay', 'in.jsonl', '-c', 'app.yaml', '--json']

describe('the command line', () => {
  test.each([
    ['replay', replay],
    ['validate', ['validate', '-c', 'app.yaml', '--offline']],
  ])('%s says what to install where there is no TensorFlow.js', (_name, args) => {
    const { status, stderr } = headrace(args, '')
    expect(status).toBe(78)
    expect(stderr).toContain('run npm install @tensorflow/tfjs-node@4.22.0')
  })

  test('replays twice to the same bits, and nothing is deprecated', () => {
    const [first, second] = [headrace(replay), headrace(replay)]
    expect(first.stderr).not.toMatch(/deprecat|is not a function|warning/i)
    expect(first.status, first.stderr).toBe(0)
    const hashes = ({ stdout }: typeof first) => {
      const { stateHash, chainHash } = JSON.parse(stdout) as Record<string, string>
      return { stateHash, chainHash }
    }
    expect(hashes(first).stateHash).toMatch(/^[0-9a-f]{16,}$/)
    expect(hashes(second)).toEqual(hashes(first))
  })

  test('states the memory that sequences take on the device', () => {
    const { status, stdout } = headrace(['validate', '-c', 'app.yaml', '--offline'])
    expect(status).toBe(0)
    expect(stdout).toMatch(/# memory on the device: [\d.]+ [kMG]B a partition/)
  })
})

test('what is published is, byte for byte, what `headrace replay` writes', () =>
  checkReplayEquality({ model }))
