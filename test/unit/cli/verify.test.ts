import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { command } from '../../../src/cli/verify.ts'
import { choosePartitions, verifySelection } from '../../../src/cli/verify-options.ts'
import {
  isProven,
  type PartitionOutcome,
  verifyJson,
  verifyLines,
} from '../../../src/cli/verify-report.ts'
import type { VerifyResult } from '../../../src/task/verify/verify-partition.ts'
import { testIo } from './replay-support.ts'

const folder = mkdtempSync(join(tmpdir(), 'headrace-verify-'))
const file = join(folder, 'app.yaml')
writeFileSync(
  file,
  JSON.stringify({ name: 'app', input: { topic: 'in' }, task: { targets: ['y'] } }),
)

describe('a wrong command line is refused before any broker is contacted', () => {
  test.each([
    [[], 'needs a configuration'],
    [['-c', file, '--from', 'x'], '--from needs a whole number'],
    [['-c', file, '--from', '5', '--until', '4'], '--until 4 lies before --from 5'],
    [['-c', file, '--partition', ''], '--partition needs a number'],
    [['-c', file, '--partiton', '1'], 'Did you mean --partition?'],
    [['-c', file, 'x'], 'one argument too many'],
  ])('%j', async (args, message) => {
    const failing = command.run(args, testIo({}))
    await expect(failing).rejects.toMatchObject({ code: 'HEADRACE_USAGE' })
    await expect(failing).rejects.toThrow(message)
  })

  test('a state that cannot be read', async () => {
    const absent = join(folder, 'absent')
    await expect(command.run(['-c', file, '--state', absent], testIo({}))).rejects.toMatchObject({
      code: 'HEADRACE_INPUT_UNREADABLE',
    })
    await expect(command.run(['-c', file, '--state', file], testIo({}))).rejects.toMatchObject({
      code: 'HEADRACE_STATE_INVALID',
    })
  })
})

test('partitions are chosen of those that are there', () => {
  const chosen = (...partition: string[]) =>
    choosePartitions('in', [0, 1, 2], verifySelection({ partition }))
  expect(choosePartitions('in', [0, 1], verifySelection({}))).toEqual([0, 1])
  expect(chosen('2,0', '2')).toEqual([0, 2])
  expect(() => chosen('3')).toThrow('Topic in has no partition 3: it has partitions 0 to 2.')
  const offset = verifySelection({ from: '7' })
  expect(() => choosePartitions('in', [0, 1], offset)).toThrow('an offset belongs to one')
  expect(choosePartitions('in', [0], offset)).toEqual([0])
})

const result: VerifyResult = {
  status: 'verified',
  until: 100n,
  records: 100,
  predictions: 98,
  deadLetters: 2,
  commits: 1,
  snapshots: 0,
  difference: null,
}

const verified: PartitionOutcome = {
  partition: 0,
  status: 'verified',
  provable: { from: 0n, deadLettersFrom: 0n, until: 100n },
  begin: { kind: 'input', number: 0, records: 0, offset: 0n },
  result,
  reason: null,
  error: null,
  seconds: 1,
}

const long = (at: string) => `{"offset":40,"sequence":"${'s'.repeat(100)}","mean":${at}7.25}`
const different: PartitionOutcome = {
  ...verified,
  partition: 1,
  status: 'different',
  begin: { kind: 'snapshot', number: 4, records: 20, offset: 20n },
  result: {
    ...result,
    status: 'different',
    difference: {
      kind: 'other value',
      topic: 'predictions',
      inputOffset: 40n,
      outputOffset: 51n,
      expected: long('1'),
      found: long('2'),
    },
  },
}

describe('what is printed', () => {
  test('for people: what is proven, and the place of the first difference', () => {
    const lines = verifyLines([verified, different])
    expect(lines.slice(0, 2)).toEqual([
      'partition 0: 98 predictions, 1 commit verified, 2 dead letters',
      '  can prove input offsets 0 to 99; computed from the first record on (input offset 0)',
    ])
    expect(lines[2]).toBe(
      'partition 1: DIFFERENT: other value, input offset 40, offset 51 in the predictions',
    )
    expect(lines[3]).toMatch(/^ {2}expected ….*"mean":17\.25\}$/)
    expect(lines[4]).toMatch(/^ {2}found {4}….*"mean":27\.25\}$/)
    expect(lines.at(-2)).toContain('from snapshot 4 on (input offset 20, after 20 records)')
    expect(lines.at(-1)).toBe('1 of 2 partitions: 98 predictions, 1 commit verified')
  })

  test('for programs: numbers, and nothing where nothing can be said', () => {
    const json = JSON.parse(JSON.stringify(verifyJson('app', [verified, different])))
    expect(json).toMatchObject({ application: 'app', verified: false, predictions: 196 })
    expect(json.partitions[0]).toEqual({
      partition: 0,
      status: 'verified',
      provable: { from: 0, deadLettersFrom: 0, until: 100 },
      begin: { kind: 'input', records: 0, offset: 0 },
      until: 100,
      records: 100,
      predictions: 98,
      deadLetters: 2,
      commits: 1,
      snapshots: 0,
      seconds: 1,
    })
    expect(json.partitions[1].difference).toMatchObject({ inputOffset: 40, outputOffset: 51 })
  })

  test.each([
    ['empty', {}, 'nothing was published yet', true],
    ['unprovable', { reason: 'all is gone' }, 'nothing can be proven: all is gone', false],
    ['outside', {}, 'asked for more than can be proven: input offsets 0 to 99', false],
    ['interrupted', { result }, 'interrupted at input offset 100: 98 predictions', false],
  ] as const)('%s', (status, fields, text, proven) => {
    const isPlain = status === 'empty' || status === 'unprovable'
    const place = isPlain ? { provable: null, begin: null } : {}
    const outcome = { ...verified, status, result: null, ...place, ...fields }
    expect(verifyLines([outcome])[0]).toContain(`partition 0: ${text}`)
    expect(isProven(outcome)).toBe(proven)
  })

  test('what run refuses', () => {
    const error = { code: 'HEADRACE_TASK_CHANGELOG_LOST', message: 'changelog lost' }
    const refused = { ...verified, status: 'unprovable', result: null, error } as const
    expect(verifyLines([refused])).toEqual(['partition 0: changelog lost'])
    expect(isProven(refused)).toBe(false)
    expect(verifyJson('app', [refused]).partitions[0]).toMatchObject({ status: 'refused', error })
  })
})
