import { describe, expect, test } from 'vitest'
import type {
  Hello,
  LabelScore,
  Status,
} from '../../../../../src/telemetry/page/client/protocol.ts'

interface Verdict {
  readonly value: string
  readonly note: string
  readonly mood?: string
}

interface KindWords {
  readonly columns: readonly string[]
  readonly hasWeights: boolean
  readonly predicted: string | null
  rows(status: Status): { member: string; cells: string[]; loss: number | null }[]
  error(status: Status): Verdict
  skill(status: Status): Verdict
  hint(status: Status): string
}

const folder = new URL('../../../../../src/telemetry/page/client/script/', import.meta.url)
const { wordsOfKind } = (await import(new URL('kinds.js', folder).href)) as {
  wordsOfKind(kind: Hello['kind']): KindWords
}
const { choiceWords, aheadWords } = (await import(new URL('choice.js', folder).href)) as {
  choiceWords(choice: object): string
  aheadWords(horizon: number): string
}

const nothing: Status = {
  timeMs: 0,
  ready: true,
  reasons: [],
  recordsPerSecond: null,
  tasks: [],
  deadLetters: { total: 0, recent: [] },
  scores: [],
  symbols: [],
  labels: [],
  skill: null,
  coverage: [],
}
const label = (member: string, more: Partial<LabelScore>): LabelScore => {
  return { member, count: 40, mae: null, rmse: null, accuracy: null, logLoss: null, ...more }
}

const forecast: Status = {
  ...nothing,
  scores: [
    { member: 'mixture', fadingMae: 4, mae: 5, fadingWmape: 0.031, wmape: 0.04, weight: null },
    { member: 'rls:log', fadingMae: 6, mae: 7, fadingWmape: 0.05, wmape: 0.06, weight: 0.3 },
  ],
  skill: { persistence: 0.5, seasonal: null, rls: 0.1 },
}
const symbols: Status = {
  ...nothing,
  symbols: [
    { member: 'mixture', fadingBits: 2, bits: 2.5 },
    { member: 'order:0', fadingBits: 4, bits: 4.25 },
  ],
}
const regression: Status = {
  ...nothing,
  labels: [
    label('mixture', { mae: 26.5, rmse: 40 }),
    label('at label time', { mae: 20, rmse: 30 }),
    label('last', { mae: 53, rmse: 80 }),
  ],
}
const classification: Status = {
  ...nothing,
  labels: [
    label('mixture', { accuracy: 0.9, logLoss: 0.25 }),
    label('last', { accuracy: 0.85, logLoss: 0.5 }),
  ],
}
const all = { forecast, symbols, regression, classification }

describe.each(Object.entries(all) as [Hello['kind'], Status][])('%s', (kind, status) => {
  test('each row has a cell for each column', () => {
    const { columns, rows } = wordsOfKind(kind)
    const made = rows(status)
    expect(made.length).toBeGreaterThan(1)
    for (const { cells } of made) {
      expect(cells).toHaveLength(columns.length)
      expect(cells).not.toContain('–')
    }
  })

  test('before anything is known it says so, and compares nothing', () => {
    const words = wordsOfKind(kind)
    expect(words.rows(nothing)).toEqual([])
    expect(words.error(nothing).note).toBe('nothing scored yet')
    expect(words.error(nothing).value).toMatch(/^–/)
    expect(words.skill(nothing).value).toBe('–')
    expect(words.hint(nothing)).toBe('')
  })
})

test('figures and hint are of the kind', () => {
  const said = Object.entries(all).map(([kind, status]) => {
    const words = wordsOfKind(kind as Hello['kind'])
    const [error, skill] = [words.error(status), words.skill(status)]
    return [error.value, error.note, skill.value, skill.note, skill.mood, words.hint(status)]
  })
  expect(said).toEqual([
    [
      ...['3.10 %', '4.00 % in all', '50 % better', 'than persistence', 'good'],
      'The mixture now: 50 % better than persistence, 10 % better than least squares.',
    ],
    [
      ...['2 bits', '2.5 bits in all', '50 % better', 'than frequencies alone', 'good'],
      'The mixture: 50 % better than frequencies alone.',
    ],
    [
      ...['26.5', '40 labels', '50 % better', 'than the last label', 'good'],
      'The mixture: 50 % better than the last label.',
    ],
    [
      ...['10.00 %', '40 labels', '33 % better', 'than the last label', 'good'],
      'The mixture: 33 % better than the last label.',
    ],
  ])
})

test('worse than what is naive is bad; a baseline that loses nothing is no measure', () => {
  const { skill } = wordsOfKind('regression')
  const against = (mae: number): Verdict =>
    skill({ ...nothing, labels: [label('mixture', { mae: 2 }), label('last', { mae })] })
  expect(against(1)).toMatchObject({ value: '100 % worse', mood: 'bad' })
  expect(against(2)).toMatchObject({ value: 'as good', note: 'as the last label' })
  expect(against(0).value).toBe('–')
})

test('what would be said when labels come is never the best', () => {
  const [, anew] = wordsOfKind('regression').rows(regression)
  expect(anew).toMatchObject({ member: 'at label time', cells: ['20', '30', '40'], loss: null })
})

test('of a record itself the horizon is now', () => {
  expect([0, 1, 5].map(aheadWords)).toEqual(['now', '1 step ahead', '5 steps ahead'])
  const choice = { target: 'rent', horizon: 0, sequence: null, partition: 0 }
  expect(choiceWords(choice)).toBe('rent, now')
})
