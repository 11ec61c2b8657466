import { expect, test } from 'vitest'
import { command } from '../../../src/cli/inspect.ts'
import { testIo, waveCsv } from './replay-support.ts'

const small = ['--set', 'model.hidden=4', '--set', 'model.window=6', '--seasons', '24']
const args = ['-', '--target', 'load', ...small]

async function json(...more: string[]) {
  const io = testIo({ stdin: waveCsv(200) })
  expect(await command.run([...args, '--json', ...more], io)).toBe(0)
  return JSON.parse(io.stdout.text)
}

test('tells counts, sizes, scores and how the gradient fades with the lag', async () => {
  const inspection = await json()
  expect(inspection).toMatchObject({
    records: 200,
    deadLetters: 0,
    sequences: 1,
    networks: 2,
    stateHash: expect.stringMatching(/^[0-9a-f]{16}$/),
    chainHash: expect.stringMatching(/^[0-9a-f]{16}$/),
  })
  expect(inspection.updates).toBeGreaterThan(10)
  expect(inspection.parameters % 2).toBe(0)
  expect(inspection.bytesPerSequence).toBeGreaterThan(0)
  expect(inspection.scores[0].members).toHaveProperty('network:1e-3')
  const norms: Record<string, number[]> = inspection.gradientNormByLag
  expect(Object.keys(norms)).toHaveLength(2)
  for (const values of Object.values(norms)) {
    expect(values).toHaveLength(6)
    expect(values.every((norm) => norm >= 0 && Number.isFinite(norm))).toBe(true)
    expect(values[0]).toBeGreaterThan(0)
  }
})

test('--limit, --sequence and an unknown sequence', async () => {
  expect((await json('--limit', '50')).records).toBe(50)
  expect(await json('--sequence', '')).toEqual(
    expect.objectContaining({ gradientNormByLag: (await json()).gradientNormByLag }),
  )
  expect((await json('--sequence', 'nobody')).gradientNormByLag).toEqual({})
})

test('people see a table with a bar for each lag', async () => {
  const io = testIo({ stdin: waveCsv(200) })
  await command.run(args, io)
  const lines = io.stdout.text.split('\n')
  const head = lines.findIndex((line) => line.startsWith('gradient norm by lag k'))
  expect(lines[head]).toContain('network:1e-3, logarithmic')
  expect(lines.slice(head + 1, head + 7).map((line) => line.split(' ')[0])).toEqual(
    [0, 1, 2, 3, 4, 5].map(String),
  )
  expect(lines[head + 1]).toMatch(/█{5}/)
  expect(io.stdout.text).toMatch(/2 networks, [\d,]+ parameters, \d+ updates/)
})

test('a young sequence has no loss to go back from', async () => {
  const io = testIo({ stdin: waveCsv(1) })
  await command.run(args, io)
  expect(io.stdout.text).toContain('no loss of this sequence has been learnt yet')
})

test('the sequences of a file, and one of them in full', async () => {
  const listed = await json('--sequences')
  expect(listed.list).toEqual([
    { name: '', steps: 200, lastUsed: 200, lastChanged: 200, hasWindow: true },
  ])
  const { sequence, gradientNormByLag } = await json('--sequence', '')
  expect(sequence.gradientNormByLag).toEqual(gradientNormByLag)
  expect(sequence.time).toBe('2024-01-09T07:00:00.000Z')
  const [newest] = sequence.lags[0].values
  const last = waveCsv(200).trimEnd().split('\n').at(-1)?.split(',')[1]
  expect(newest).toEqual({ lag: 0, value: Number(last) })
  expect(sequence.predictions).toMatchObject([{ target: 'load', horizon: 1 }])
  expect(sequence.networks).toHaveLength(2)
  for (const { hidden, gates } of sequence.networks) {
    expect(hidden[0]).toHaveLength(4)
    expect(gates[0].gates.update).toHaveLength(4)
  }
  expect((await json('--sequence', 'nobody')).sequence).toBeNull()
  const io = testIo({ stdin: waveCsv(200) })
  await command.run([...args, '--sequences', '--sequence', ''], io)
  expect(io.stdout.text).toMatch(/sequence +own steps +last used at record/)
  expect(io.stdout.text).toContain("sequence '': 200 own steps, last used at record 200")
  expect(io.stdout.text).toMatch(/network:1e-3 layer 0 +candidate/)
})

test.each([
  [['x', '--partition', '1'], '--partition belongs to a changelog'],
  [['x', '--export', 'y'], '--export belongs to a changelog'],
  [['-c', 'a.yaml', '--target', 'y'], '--target says how to read a file'],
  [['-c', 'a.yaml', '--limit', '3'], '--limit goes with --sequences'],
  [['-c', 'a.yaml', '--replay'], '--replay goes with --sequences or --sequence'],
  [['-c', 'a.yaml', '--sequences', '--replay', '--export', 'x'], 'cannot go with --replay'],
  [['-c', 'a.yaml', '--sequences', '--sort', 'size'], '--sort needs used, changed or name'],
  [['-c', 'a.yaml', '--sort', 'name'], '--sort goes with --sequences'],
])('options that do not go together: %j', async (wrong, message) => {
  const failing = command.run(wrong, testIo({}))
  await expect(failing).rejects.toMatchObject({ code: 'HEADRACE_USAGE' })
  await expect(failing).rejects.toThrow(message)
})

test('a wrong command line', async () => {
  await expect(command.run([], testIo({}))).rejects.toThrow('changelog')
  const two = ['x', '--config', 'a', '--config', 'b']
  await expect(command.run(two, testIo({}))).rejects.toThrow('one --config only')
})
