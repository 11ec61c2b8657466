import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import type { Kind, LabelScore } from '../../src/telemetry/page/client/protocol.ts'
import { shows } from './support/page/expectations.ts'
import { firstChoice } from './support/page/samples.ts'
import { PageStage } from './support/page/stage.ts'

const stage = new PageStage()

/** The page of a service of that kind, with points of which nothing is to come. */
async function openKind(kind: Kind, target: string, levels: readonly number[]): Promise<Page> {
  const choice = { ...firstChoice, target, horizon: 0 }
  stage.service.facts = { kind, targets: [target], horizons: [0], levels, choice }
  const page = await stage.open()
  await shows(page, '#connection', 'live')
  return page
}

/** Headings of the scoreboard. */
async function headings(page: Page): Promise<(string | null)[]> {
  return await page.locator('#scores-head th').allTextContents()
}

const nothing = { scores: [], skill: null, coverage: [] }

function label(member: string, more: Partial<LabelScore>): LabelScore {
  return { member, count: 1_200, mae: null, rmse: null, accuracy: null, logLoss: null, ...more }
}

test('symbols: what they cost, and what each member makes of them', async () => {
  const page = await openKind('symbols', 'bits per symbol', [])
  stage.service.tell({
    ...nothing,
    symbols: [
      { member: 'order:0', fadingBits: 4.1, bits: 4.2 },
      { member: 'mixture', fadingBits: 2.05, bits: 2.345 },
      { member: 'match', fadingBits: 3, bits: 3.5 },
    ],
  })
  stage.service.feed(1, { next: { timeMs: null, mean: null, bounds: null } })
  await shows(page, '#forecast-title', 'What symbols cost')
  await shows(page, '#figure-error', /2\.05 bits\s*2\.345 bits in all/)
  await shows(page, '#figure-skill', /50 % better\s*than frequencies alone/)
  await shows(page, '#scoreboard-hint', 'The mixture: 50 % better than frequencies alone.')
  expect(await headings(page)).toEqual(['Member', 'Bits now', 'Bits'])
  const rows = await page.locator('#scores tr').allTextContents()
  expect(rows).toEqual([
    'Mixturepublished, best2.052.345',
    'Frequencies of symbols4.14.2',
    'Longest match33.5',
  ])
  await shows(page, '#readout', /Bits.*Mean before/)
  await shows(page, '#coverage-none', 'Symbols have no intervals.')
  expect(await page.locator('#caption').textContent()).toBe('')
})

test('a regression: labels beside what was said of them, now', async () => {
  const page = await openKind('regression', 'rent', [0.8])
  stage.service.tell({
    ...nothing,
    labels: [
      label('mixture', { mae: 26.5, rmse: 41 }),
      label('at label time', { mae: 24, rmse: 40 }),
      label('last', { mae: 53, rmse: 90 }),
    ],
  })
  await shows(page, '#figure-error', /26\.5\s*1,200 labels/)
  await shows(page, '#figure-skill', /50 % better\s*than the last label/)
  expect(await headings(page)).toEqual(['Member', 'MAE', 'RMSE', 'Labels'])
  await shows(page, '#scores .is-best', /^Mixture/)
  await shows(page, '#scores', 'Said anew at label time')
  await shows(page, '#readout', /Label.*Predicted.*80 % interval/)
  await shows(page, '#caption', /^Newest prediction: [\d,]+, 80 % between [\d,]+ and [\d,]+\.$/)
  expect(await page.locator('#horizon option').allTextContents()).toEqual(['now'])
  const spoken = await page.locator('#plot').getAttribute('aria-label')
  expect(spoken).toBe('Points of the chart: rent, now, sequence jfk, partition 0')
})

test('a classification: what the classes cost', async () => {
  const page = await openKind('classification', 'taken', [])
  stage.service.tell({
    ...nothing,
    labels: [
      label('mixture', { accuracy: 0.8, logLoss: 0.5 }),
      label('last', { accuracy: 0.9, logLoss: 0.4 }),
    ],
  })
  await shows(page, '#figure-error', /20\.00 %\s*1,200 labels/)
  await shows(page, '#figure-skill', /100 % worse\s*than the last label/)
  expect(await headings(page)).toEqual(['Member', 'Accuracy', 'Log loss', 'Labels'])
  await shows(page, '#scores .is-best', /^Last label/)
  await shows(page, '#readout', 'Log loss')
  expect(await page.locator('#readout').textContent()).not.toContain('Predicted')
})

test('another kind at the same address has other columns', async () => {
  stage.expectComplaint(/ERR_/)
  const page = await openKind('symbols', 'bits per symbol', [])
  stage.service.tell({ ...nothing, symbols: [{ member: 'mixture', fadingBits: 2, bits: 3 }] })
  await shows(page, '#scores-head', 'Bits now')
  await stage.service.stop()
  await shows(page, '#connection', 'connecting again')
  stage.service.facts = {}
  await stage.service.start()
  await shows(page, '#connection', 'live')
  await shows(page, '#scores-head', /wMAPE now.*Weight/)
  expect(await page.locator('#scores tr').first().textContent()).toMatch(/^Mixturepublished3\.10 %/)
}, 60_000)
