import type { BrowserContextOptions, Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { inkOf } from './support/page/browser.ts'
import { eventually, focusedId, setHidden, shows, waitMs } from './support/page/expectations.ts'
import { PageStage } from './support/page/stage.ts'

const stage = new PageStage()

/** The page of the fake service; with options, even none, in a context of its own. */
function open(options?: BrowserContextOptions, query = ''): Promise<Page> {
  return options === undefined ? stage.open(query) : stage.openAlone(options, { query })
}

/** The same, when it shows its first values. */
async function openLive(options?: BrowserContextOptions, query = ''): Promise<Page> {
  const page = await open(options, query)
  await shows(page, '#connection', 'live')
  await shows(page, '#caption', 'Forecast')
  return page
}

/** The newest query of a stream, as an object. */
function newestQuery(): Record<string, string> {
  return Object.fromEntries(stage.service.asked.at(-1) ?? [])
}

describe('what the page shows', () => {
  test('follows the stream: names, figures, scores, intervals, tasks', async () => {
    const page = await openLive()
    expect(await page.title()).toBe('taxi · headrace')
    await shows(page, 'h1', /headrace\s+taxi/)
    await shows(page, '#about', 'version 0.1.0, reads rides')
    await shows(page, '#figure-skill', /61 % better\s*than persistence, 58 % better than seasonal/)
    await shows(page, '#scoreboard-hint', '7 % worse than least squares')
    const rows = page.locator('#scores tr')
    expect(await rows.first().textContent()).toMatch(/^Mixturepublished3\.10 %500/)
    expect(await rows.count()).toBe(9)
    await shows(page, '#scores .is-best', 'Least squares, log')
    await shows(page, '#coverage', /80 % promised, 80\.3 % kept/)
    expect(await page.locator('#coverage [data-mood=warn]').textContent()).toBe('87.0 %')
    await shows(page, '#tasks-hint', '2 running')

    await shows(page, '#figure-rate', '401 records in all')
    stage.service.feed(10)
    stage.service.tell({
      recordsPerSecond: 0.4,
      skill: { persistence: -0.2, seasonal: null, rls: null },
    })
    await shows(page, '#figure-rate', /0\.4 \/ s\s*421 records in all/)
    await shows(page, '#figure-skill', '20 % worse')
    expect(await page.locator('#figure-skill [data-mood=bad]').count()).toBe(1)
  })

  test.each(['light', 'dark'] as const)('the chart draws, and draws anew: %s', async (scheme) => {
    const page = await openLive({ colorScheme: scheme })
    const before = await inkOf(page)
    expect(before.painted).toBeGreaterThan(5_000)
    stage.service.feed(30)
    await eventually(async () => (await inkOf(page)).sum !== before.sum)
    const settled = await inkOf(page)
    await page.emulateMedia({ colorScheme: scheme === 'light' ? 'dark' : 'light' })
    await eventually(async () => (await inkOf(page)).sum !== settled.sum)
  })

  test('the canvas has the pixels of the screen', async () => {
    const page = await openLive({ deviceScaleFactor: 2 })
    const canvas = page.locator('#chart')
    const box = await canvas.boundingBox()
    expect(Number(await canvas.getAttribute('width'))).toBe(Math.round(2 * (box?.width ?? 0)))
  })

  test('says why it is not ready, how a restore goes on and what failed', async () => {
    const page = await openLive()
    const [running, other] = [
      stage.service.records,
      'HEADRACE_STATE_HASH: the state is another one',
    ]
    const task = { lagRecords: null, queuedRecords: 0, records: running, updates: 1, sequences: 7 }
    const rest = { ...task, recordsPerSecond: 0 }
    const tasks = [
      { ...rest, partition: 0, state: 'RESTORING', done: 300, total: 1_200, error: null },
      { ...rest, partition: 1, state: 'FAILED', done: null, total: null, error: other },
    ]
    stage.service.tell({ ready: false, reasons: ['partition 0 is RESTORING', '<b>x</b>'], tasks })
    await shows(page, '#banner', /Not ready\s*partition 0 is RESTORING<b>x<\/b>/)
    await shows(page, '#tasks', 'restoring 25 %, 300 of 1,200 records')
    await shows(page, '#tasks [data-state=FAILED]', 'failed')
    await shows(page, '#tasks .error', other)
    await shows(page, '#tasks-hint', '1 restoring, 1 failed')
    stage.service.tell()
    await page.locator('#banner').waitFor({ state: 'hidden', timeout: waitMs })
  })

  test('lists dead letters, the newest first, as text', async () => {
    const page = await openLive()
    await shows(page, '#letters-none', 'Every record could be used so far')
    const letter = (offset: string, message: string) => ({
      partition: 1,
      offset,
      code: 'HEADRACE_RECORD_JSON',
      message,
      timeMs: Date.UTC(2014, 6, 2, 3, 4, 5),
    })
    const script = '<img src=x onerror="alert(1)">'
    stage.service.tell({ deadLetters: { total: 1, recent: [letter('12', script)] } })
    await shows(page, '#letters', script)
    const recent = [letter('13', 'no JSON'), letter('12', script)]
    stage.service.tell({ deadLetters: { total: 2, recent } })
    await shows(page, '#letters li:first-child', /offset 13.*2 Jul 2014, 03:04:05.*no JSON/)
    expect(await page.locator('#letters li').count()).toBe(2)
    await shows(page, '#figure-letters', /2\s*newest: json/)
  })

  test('sums up before anything was learnt', async () => {
    const page = await openLive()
    const none = { persistence: null, seasonal: null, rls: null }
    stage.service.tell({ tasks: [], scores: [], coverage: [], skill: none, recordsPerSecond: null })
    await shows(page, '#tasks-hint', 'no partition yet')
    await shows(page, '#figure-skill', 'nothing to compare yet')
    await shows(page, '#figure-lag', 'not known yet')
    await page.locator('#coverage-none').waitFor({ timeout: waitMs })
    expect(await page.locator('#scores tr').count()).toBe(0)
  })
})

describe('what the user picks', () => {
  test('target, horizon and points by a list', async () => {
    const page = await openLive()
    const before = await inkOf(page)
    await page.selectOption('#target', 'trips')
    await eventually(() => newestQuery().target === 'trips')
    await page.selectOption('#horizon', '5')
    await eventually(() => newestQuery().horizon === '5')
    expect(newestQuery()).toEqual({ target: 'trips', horizon: '5' })
    await shows(page, '#caption', 'Forecast 5 steps ahead')
    // The new stream is the only one.
    await eventually(() => stage.service.openStreams === 1)
    await page.selectOption('#span', '100')
    await eventually(async () => (await inkOf(page)).sum !== before.sum)
    await page.reload()
    await shows(page, '#caption', 'Forecast 5 steps ahead')
    expect(await page.inputValue('#target')).toBe('trips')
  })

  test('a sequence by mouse, and the latest used again', async () => {
    const page = await openLive()
    expect(await page.inputValue('#sequence')).toBe('jfk')
    await page.click('#sequence')
    await page.getByRole('option', { name: 'lga partition 1' }).click()
    await eventually(() => newestQuery().sequence === 'lga')
    expect(newestQuery()).toEqual({ partition: '1', sequence: 'lga' })
    expect(await page.inputValue('#sequence')).toBe('lga')

    // A press on the box begins a search, whatever stands in it.
    await page.click('#sequence')
    await page.keyboard.type('ew')
    await page.getByRole('option', { name: 'ewr partition 0' }).click()
    await eventually(() => newestQuery().sequence === 'ewr')

    await page.click('#sequence')
    await page.getByRole('option', { name: '(no key) partition 1' }).click()
    await eventually(() => newestQuery().sequence === '')
    expect(await page.inputValue('#sequence')).toBe('(no key)')

    await page.click('#sequence')
    await shows(page, '#sequence-note', 'type a part of the name')
    await page.getByRole('option', { name: 'Latest used' }).click()
    await eventually(() => newestQuery().sequence === undefined)
    await shows(page, '#connection', 'live')
    await eventually(async () => (await page.inputValue('#sequence')) === 'jfk')
  })

  test('everything by keyboard alone', async () => {
    const page = await openLive()
    const focused = () => page.evaluate(focusedId)
    const tabTo = async (id: string) => {
      for (let i = 0; i < 30 && (await focused()) !== id; i++) await page.keyboard.press('Tab')
      expect(await focused()).toBe(id)
    }
    await tabTo('target')
    await page.keyboard.press('t')
    await eventually(() => newestQuery().target === 'trips')
    await tabTo('horizon')
    await page.keyboard.press('ArrowDown')
    await eventually(() => newestQuery().horizon === '5')

    await tabTo('sequence')
    await page.keyboard.type('zone-1')
    await shows(page, '#sequence-list', 'zone-19')
    expect(stage.service.searches.at(-1)).toBe('zone-1')
    const active = page.locator('[role=option][aria-selected=true]')
    expect(await active.textContent()).toContain('zone-1')
    await page.keyboard.press('ArrowDown')
    expect(await active.textContent()).toContain('zone-10')
    expect(await page.getAttribute('#sequence', 'aria-activedescendant')).toBe('sequence-option-1')
    await page.keyboard.press('Enter')
    await eventually(() => newestQuery().sequence === 'zone-10')
    expect(await page.getAttribute('#sequence', 'aria-expanded')).toBe('false')
    await page.keyboard.press('ArrowDown')
    await page.locator('#sequence-popup').waitFor({ timeout: waitMs })
    await page.keyboard.press('Escape')
    expect(await page.inputValue('#sequence')).toBe('zone-10')

    await tabTo('plot')
    await shows(page, '#connection', 'live')
    await eventually(async () => (await inkOf(page)).painted > 1_000)
    await page.keyboard.press('Home')
    const first = await page.getAttribute('#plot', 'aria-valuetext')
    expect(first).toMatch(/^time Tue, 1 Jul 2014, 00:00, observed [\d,]+, predicted –/)
    await page.keyboard.press('PageUp')
    await page.keyboard.press('ArrowRight')
    expect(await page.getAttribute('#plot', 'aria-valuenow')).toBe('12')
    await shows(page, '#readout', 'Tue, 1 Jul 2014, 05:30')
    const marked = await inkOf(page)
    await page.keyboard.press('Escape')
    await shows(page, '#readout', 'Sat, 5 Jul 2014, 03:30')
    await eventually(async () => (await inkOf(page)).sum !== marked.sum)
  })

  test('the pointer reads the chart', async () => {
    const page = await openLive()
    const box = await page.locator('#plot').boundingBox()
    if (box === null) throw new Error('the chart has no place')
    await page.mouse.move(box.x + 80, box.y + 50)
    await shows(page, '#readout', /Tue, 1 Jul 2014/)
    await page.mouse.move(box.x + box.width / 2, box.y - 100)
    await shows(page, '#readout', 'Sat, 5 Jul 2014, 03:30')
  })

  test('a pause: nothing moves, nothing is lost', async () => {
    const page = await openLive()
    await page.click('#pause')
    await shows(page, '#connection', 'live, paused')
    const before = await inkOf(page)
    stage.service.feed(40)
    stage.service.tell({ ready: false, reasons: ['partition 0 is RESTORING'] })
    // What is wrong is said all the same.
    await shows(page, '#banner', 'partition 0 is RESTORING')
    expect(await inkOf(page)).toEqual(before)
    await shows(page, '#figure-rate', '401 records in all')
    await page.click('#pause')
    await shows(page, '#figure-rate', '481 records in all')
    await eventually(async () => (await inkOf(page)).sum !== before.sum)
    await shows(page, '#readout', 'Sat, 5 Jul 2014, 23:30')
  })

  test('the newest values as a table', async () => {
    const page = await openLive()
    await page.click('summary')
    await shows(page, '#values-head', /Time\s*Observed\s*Predicted/)
    const first = page.locator('#values-body tr').first()
    await shows(page, '#values-body tr:first-child', 'Sat, 5 Jul 2014, 03:30')
    stage.service.feed(1)
    await first.filter({ hasText: 'Sat, 5 Jul 2014, 04:00' }).waitFor({ timeout: waitMs })
    expect(await page.locator('#values-body tr').count()).toBe(12)
  })

  test('what an address asks for and is not there gives way to what is', async () => {
    stage.expectComplaint(/400/)
    const page = await openLive(undefined, '?target=nothing&horizon=5')
    expect(stage.service.asked.map((query) => query.get('target'))).toEqual(['nothing', null])
    expect(new URL(page.url()).search).toBe('')
  })
})

describe('the connection', () => {
  test('a token is asked for, and kept by the tab', async () => {
    stage.expectComplaint(/401/)
    stage.service.token = 'sesame-open-sesame'
    const page = await open()
    await page.locator('#token-form').waitFor({ timeout: waitMs })
    expect(stage.service.asked).toEqual([])
    await page.keyboard.type('another-one')
    await page.keyboard.press('Enter')
    await shows(page, '#token-wrong', 'does not accept that token')
    await page.getByLabel('Token').fill(stage.service.token)
    await page.getByRole('button', { name: 'Open' }).click()
    await shows(page, '#connection', 'live')
    expect(await page.locator('#token-form').isVisible()).toBe(false)
    await page.click('#sequence')
    await page.getByRole('option', { name: 'lga partition 1' }).waitFor({ timeout: waitMs })
    await page.reload()
    await shows(page, '#connection', 'live')
    expect(page.url()).not.toContain('token')
  })

  test('comes back after the service went away', async () => {
    stage.expectComplaint(/ERR_|Failed to load/)
    const page = await openLive()
    await stage.service.stop()
    await shows(page, '#banner', /Connection lost\s*The service.*What is shown is from Sat, 5 Jul/)
    await stage.service.start()
    await shows(page, '#connection', 'live')
    await page.locator('#banner').waitFor({ state: 'hidden', timeout: waitMs })
    stage.service.feed(4)
    await shows(page, '#readout', 'Sat, 5 Jul 2014, 05:30')
  })

  test('a page that nobody sees costs nothing, until it is seen again', async () => {
    const page = await open({})
    await page.clock.install()
    await page.reload()
    await shows(page, '#connection', 'live')
    await page.evaluate(setHidden, true)
    const before = await inkOf(page)
    await page.clock.runFor(15_000)
    stage.service.feed(30)
    stage.service.tell({ ready: false, reasons: ['partition 0 is RESTORING'] })
    await shows(page, '#banner-reasons', 'partition 0 is RESTORING')
    await page.clock.runFor(14_000)
    expect(await inkOf(page)).toEqual(before)
    expect(stage.service.openStreams).toBe(1)
    await page.clock.runFor(2_000)
    await eventually(() => stage.service.openStreams === 0)
    await page.evaluate(setHidden, false)
    await shows(page, '#connection', 'live')
    await page.clock.runFor(1_000)
    await eventually(async () => (await inkOf(page)).sum !== before.sum)
  })
})
