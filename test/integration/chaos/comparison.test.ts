import { expect, test } from 'vitest'
import { Comparison, commitProblems } from './comparison.ts'
import type { Expected } from './oracle.ts'
import { lineOf, type OutputBytes } from './output-line.ts'

/** The output of an input record; `mean` tells it from another one. */
function output(offset: number, mean = offset, commit?: string): OutputBytes {
  const headers: Record<string, string> = commit === undefined ? {} : { 'headrace-commit': commit }
  return { key: Buffer.alloc(4), value: Buffer.from(JSON.stringify({ offset, mean })), headers }
}

const expected: Expected[] = Array.from({ length: 6 }, (_, index) => {
  const offset = index * 10
  return { offset, line: lineOf(output(offset)), records: index + 1, chainHash: `chain-${index}` }
})

async function* stream(): AsyncGenerator<Expected> {
  yield* expected
}

async function compare(outputs: readonly OutputBytes[]): Promise<Comparison> {
  const comparison = new Comparison('p/0', stream())
  for (const each of outputs) await comparison.take(each)
  await comparison.end()
  return comparison
}

function countsOf({ lost, duplicated, reordered, different }: Comparison) {
  return { lost, duplicated, reordered, different }
}

const none = { lost: 0, duplicated: 0, reordered: 0, different: 0 }
const offsets = [0, 10, 20, 30, 40, 50]

test('what is published as expected counts as nothing', async () => {
  const comparison = await compare(offsets.map((offset) => output(offset)))
  expect(countsOf(comparison)).toEqual(none)
  expect(comparison.published).toBe(6)
  expect(comparison.examples).toEqual([])
})

test.each([
  ['one lost within', [0, 10, 30, 40, 50], { lost: 1 }],
  ['the last two lost', [0, 10, 20, 30], { lost: 2 }],
  ['nothing published', [], { lost: 6 }],
  ['one twice in a row', [0, 10, 10, 20, 30, 40, 50], { duplicated: 1 }],
  ['a transaction twice', [0, 10, 20, 10, 20, 30, 40, 50], { duplicated: 2 }],
  ['two in each other’s place', [0, 20, 10, 30, 40, 50], { reordered: 1 }],
  ['one that nothing asked for', [0, 10, 15, 20, 30, 40, 50], { different: 1 }],
])('%s is counted and told', async (_, published, found) => {
  const comparison = await compare(published.map((offset) => output(offset)))
  expect(countsOf(comparison)).toEqual({ ...none, ...found })
  expect(comparison.examples).not.toEqual([])
})

test('other bytes of value or key are different, and no offset is lost for it', async () => {
  const outputs = offsets.map((offset) => output(offset))
  outputs[2] = output(20, 21)
  outputs[4] = { ...output(40), key: Buffer.from([0, 0, 0, 1]) }
  expect(countsOf(await compare(outputs))).toEqual({ ...none, different: 2 })
})

test('a commit header is checked against the number of records and the chain', async () => {
  const header = (records: number, chainHash: string): string =>
    JSON.stringify({ records, chainHash, bootId: 'a' })
  const outputs = offsets.map((offset) => output(offset))
  outputs[1] = output(10, 10, header(2, 'chain-1'))
  const right = await compare(outputs)
  expect(countsOf(right)).toEqual(none)
  expect(right.commits).toEqual([{ records: 2, bootId: 'a' }])
  outputs[1] = output(10, 10, header(3, 'chain-1'))
  expect(countsOf(await compare(outputs))).toEqual({ ...none, different: 1 })
  outputs[1] = output(10, 10, header(2, 'chain-2'))
  expect(countsOf(await compare(outputs))).toEqual({ ...none, different: 1 })
})

test('commit headers end where the input does, and no boot id comes back', () => {
  const commits = [
    { records: 9, bootId: 'b' },
    { records: 3, bootId: 'a' },
    { records: 6, bootId: 'a' },
  ]
  expect(commitProblems(commits, 9)).toEqual([])
  expect(commitProblems(commits, 12)).toEqual(['the last commit header says 9 of 12 records'])
  const again = [...commits, { records: 12, bootId: 'a' }]
  expect(commitProblems(again, 12)).toEqual(['a writes again at record 12'])
  const twice = [...commits, { records: 9, bootId: 'b' }]
  expect(commitProblems(twice, 9)).toEqual(['two commit headers at record 9'])
})
