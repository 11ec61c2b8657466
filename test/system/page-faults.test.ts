import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { eventually, focusedId, setHidden, shows, waitMs } from './support/page/expectations.ts'
import { PageStage } from './support/page/stage.ts'

const token = 'sesame-open-sesame'

const stage = new PageStage()

/** In a context of its own, where `before` runs ahead of the page's scripts. */
function openAfter(before: () => void): Promise<Page> {
  return stage.openAlone({}, { before })
}

async function openLive(query = ''): Promise<Page> {
  const page = await stage.open(query)
  await shows(page, '#caption', 'Forecast')
  return page
}

/** What is shown of values. */
async function valuesOf(page: Page): Promise<string> {
  const texts = await page.locator('#readout, #caption, #values-body').allTextContents()
  return texts.join('')
}

describe('values stand under their own name', () => {
  test('a service in place of another one that is still restoring', async () => {
    stage.expectComplaint(/ERR_|Failed to load/)
    const page = await openLive()
    await page.click('summary')
    await page.focus('#plot')
    expect(await page.getAttribute('#plot', 'aria-valuetext')).toMatch(/^time Sat/)
    await stage.service.stop()
    await shows(page, '#banner', 'Connection lost')
    stage.service.facts = { application: 'power', targets: ['load'], horizons: [3] }
    stage.service.begins = 'restoring'
    await stage.service.start()
    await shows(page, 'h1', 'power')
    await shows(page, '#chart-empty', 'Waiting for the next record')
    expect(await valuesOf(page)).toBe('')
    expect(await page.getAttribute('#plot', 'aria-valuetext')).toBe('no values yet')
    expect(await page.getAttribute('#plot', 'aria-valuemax')).toBe('0')
  })

  test('another target, whose values are still to come', async () => {
    const page = await openLive()
    stage.service.begins = 'restoring'
    await page.selectOption('#target', 'trips')
    await eventually(() => stage.service.asked.at(-1)?.get('target') === 'trips')
    await shows(page, '#banner', 'Not ready')
    await page.locator('#chart-empty').waitFor({ timeout: waitMs })
    expect(await valuesOf(page)).toBe('')
  })

  test('another sequence that the service turns to; a pause keeps name and values', async () => {
    const page = await openLive()
    await page.click('#pause')
    const before = await valuesOf(page)
    stage.service.turn({ partition: 1, sequence: 'lga' })
    stage.service.tell({ ready: false, reasons: ['told'] })
    await shows(page, '#banner', 'told')
    expect(await page.inputValue('#sequence')).toBe('jfk')
    expect(await valuesOf(page)).toBe(before)
    await page.click('#pause')
    expect(await page.inputValue('#sequence')).toBe('lga')
    await page.locator('#chart-empty').waitFor({ timeout: waitMs })
    expect(await valuesOf(page)).toBe('')
    stage.service.feed(2)
    await shows(page, '#readout', 'Sat, 5 Jul 2014, 04:30')
  })

  test('a partition that is none of this process, a sequence that is not known', async () => {
    stage.service.begins = 'restoring'
    const page = await stage.open('?partition=99&sequence=jfk')
    await shows(page, '#chart-empty', 'Partition 99 is not in this process')
    stage.service.begins = 'unknown'
    await page.goto(`${stage.service.url}/?partition=0&sequence=nobody`)
    await shows(page, '#chart-empty', 'No value of this sequence is known')
    stage.service.begins = 'full'
    await page.goto(`${stage.service.url}/?partition=1&sequence=lga`)
    await shows(page, '#caption', 'Forecast')
    stage.service.tell({ partitions: 1 })
    await shows(page, '#caption', 'Partition 1 is not in this process: these are its last values.')
    stage.service.tell()
    await shows(page, '#caption', 'Forecast')
  })
})

describe('a token', () => {
  test('that no header can carry is refused at once, and forgotten where it was kept', async () => {
    stage.expectComplaint(/401/)
    stage.service.token = token
    const page = await stage.open()
    await page.getByLabel('Token').fill(`sesame-open\u200b-sesame`)
    await page.keyboard.press('Enter')
    await shows(page, '#token-wrong', 'signs of ASCII')
    expect(await page.locator('#connection-text').textContent()).toBe('a token is needed')
    await page.evaluate((kept) => {
      const scope = globalThis as unknown as { sessionStorage: Map<string, string> & Storage }
      scope.sessionStorage.setItem('headrace.token', kept)
    }, `sesame\u200b`)
    await page.reload()
    await page.locator('#token-form').waitFor({ timeout: waitMs })
    await page.getByLabel('Token').fill(token)
    await page.keyboard.press('Enter')
    await shows(page, '#connection', 'live')
    // From the form the focus goes on with the page.
    expect(await page.evaluate(focusedId)).toBe('main')
  })

  test('is not needed to see what is open, where the browser keeps nothing', async () => {
    const page = await openAfter(forbidStorage)
    await shows(page, '#connection', 'live')
    stage.service.token = token
    stage.expectComplaint(/401/)
    await page.reload()
    await page.getByLabel('Token').fill(token)
    await page.keyboard.press('Enter')
    await shows(page, '#connection', 'live')
  })
})

test('a page that was opened in the back costs nothing after a while', async () => {
  const page = await openAfter(() => {})
  await page.clock.install()
  await page.addInitScript(setHidden, true)
  const asked = stage.service.asked.length
  await page.reload()
  // The stream from before the reload may be open for a moment still.
  await eventually(() => stage.service.asked.length > asked && stage.service.openStreams === 1)
  await page.clock.runFor(15_000)
  // Twenty seconds of silence would make it connect anew.
  stage.service.tell({ ready: false, reasons: ['partition 0 is RESTORING'] })
  await shows(page, '#banner-reasons', 'partition 0 is RESTORING')
  await page.clock.runFor(14_000)
  expect(stage.service.openStreams).toBe(1)
  await page.clock.runFor(2_000)
  await eventually(() => stage.service.openStreams === 0)
  await page.evaluate(setHidden, false)
  await shows(page, '#connection', 'live')
})

test('a screen reader hears once that it is not ready, not each second how far it is', async () => {
  const page = await openLive()
  await page.evaluate(listen)
  for (let done = 0; done < 4; done++) {
    const reason = `partition 0 is RESTORING ${done} of 9`
    stage.service.tell({ ready: false, reasons: [reason] })
    await shows(page, '#banner', reason)
  }
  stage.service.tell()
  await page.locator('#banner').waitFor({ state: 'hidden', timeout: waitMs })
  expect(await page.evaluate(heard)).toEqual([
    'Not ready: partition 0 is RESTORING 0 of 9',
    'Ready',
  ])
})

test('a lag alarms when nothing is taken in for seconds, not on opening', async () => {
  const page = await openLive()
  stage.service.tell({ recordsPerSecond: null })
  stage.service.feed(1)
  await shows(page, '#figure-lag', /rate not known yet|keeping up/)
  const alarm = page.locator('#figure-lag [data-mood=bad]')
  for (let second = 0; second < 7; second++) stage.service.tell({ recordsPerSecond: 0 })
  await shows(page, '#figure-lag', 'no record in the last second')
  expect(await alarm.count()).toBe(0)
  stage.service.tell({ recordsPerSecond: 0 })
  await shows(page, '#figure-lag', 'nothing is taken in')
  expect(await alarm.count()).toBe(1)
})

describe('names of sequences', () => {
  test('too long for an address are watched all the same, and no reload fails', async () => {
    const sequence = 'L'.repeat(8_100)
    stage.service.more = [{ partition: 0, sequence }]
    const page = await openLive()
    await page.click('#sequence')
    await page.getByRole('option', { name: 'LLL' }).click()
    await eventually(() => stage.service.asked.at(-1)?.get('sequence') === sequence)
    await shows(page, '#caption', 'Forecast')
    expect(page.url().length).toBeLessThan(100)
    await page.reload()
    await shows(page, '#caption', 'Forecast')
  })

  test('too long for a request give way to what can be shown', async () => {
    stage.expectComplaint(/431/)
    stage.service.more = [{ partition: 0, sequence: 'L'.repeat(20_000) }]
    const page = await openLive('?horizon=5')
    await page.click('#sequence')
    await page.getByRole('option', { name: 'LLL' }).click()
    await shows(page, '#announce', 'That cannot be shown: the request is too long')
    await shows(page, '#caption', 'Forecast')
    expect(await page.inputValue('#sequence')).toBe('jfk')
  })

  test('fill no more than a line of the list, and turn no text but their own', async () => {
    stage.service.more = [
      { partition: 0, sequence: 'L'.repeat(1_200) },
      { partition: 0, sequence: '\u202eabc' },
    ]
    const page = await openLive()
    await page.click('#sequence')
    const options = page.locator('[role=option]')
    await options.nth(2).waitFor({ timeout: waitMs })
    const heights = await Promise.all(
      [0, 1, 2].map(async (n) => (await options.nth(n).boundingBox())?.height),
    )
    expect(new Set(heights).size).toBe(1)
    const bidi = await options.locator('.name').nth(2).evaluate(bidiOf)
    expect(bidi).toBe('isolate')
  })
})

/** In the page: what a browser does that lets no page keep anything. */
function forbidStorage(): void {
  Object.defineProperty(globalThis, 'sessionStorage', {
    get() {
      throw new DOMException('Access is denied for this document.', 'SecurityError')
    },
  })
}

interface Scope {
  readonly document: {
    readonly body: object
    querySelectorAll(selector: string): Iterable<{ contains(node: object): boolean }>
  }
  readonly MutationObserver: new (
    onChange: (changes: readonly { readonly target: { readonly textContent: string } }[]) => void,
  ) => { observe(node: object, options: object): void }
  heard: string[]
}

/** In the page: notes what changes in regions that are read out. */
function listen(): void {
  const scope = globalThis as unknown as Scope
  scope.heard = []
  const regions = [...scope.document.querySelectorAll('[aria-live], [role=status], [role=alert]')]
  new scope.MutationObserver((changes) => {
    for (const { target } of changes) {
      if (regions.some((region) => region.contains(target))) scope.heard.push(target.textContent)
    }
  }).observe(scope.document.body, { subtree: true, childList: true, characterData: true })
}

function heard(): string[] {
  return (globalThis as unknown as Scope).heard
}

function bidiOf(node: unknown): string {
  const scope = globalThis as unknown as {
    getComputedStyle(of: unknown): { unicodeBidi: string }
  }
  return scope.getComputedStyle(node).unicodeBidi
}
