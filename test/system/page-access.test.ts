import type { Browser, BrowserContextOptions } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import {
  accessibilityProblems,
  launchChromium,
  openTab,
  type Tab,
  widthsOf,
} from './support/page/browser.ts'
import { FakeService } from './support/page/fake-service.ts'

let browser: Browser
const service = new FakeService()

/** How long the page may take to show what it was told. */
const waitMs = 10_000

beforeAll(async () => {
  browser = await launchChromium()
  await service.start()
})

afterAll(async () => {
  await browser?.close()
  await service.stop()
})

async function open(options: BrowserContextOptions): Promise<Tab> {
  const tab = await openTab(browser, service.url, options)
  tab.page.setDefaultTimeout(waitMs)
  onTestFinished(() => tab.page.context().close())
  return tab
}

/** Everything that the page can show at once. */
const busy = {
  ready: false,
  reasons: ['partition 1 is FAILED: the state is another one'],
  deadLetters: {
    total: 1_234,
    recent: Array.from({ length: 20 }, (_, i) => ({
      partition: 0,
      offset: String(9_000 - i),
      code: 'HEADRACE_RECORD_JSON',
      message: `The value is no JSON: unexpected ${'x'.repeat(150)}`,
      timeMs: Date.UTC(2014, 6, 2),
    })),
  },
  partitions: 40,
}

describe('axe-core finds nothing', () => {
  test.each(['light', 'dark'] as const)('before, with data, with all open: %s', async (scheme) => {
    service.token = 'sesame-open-sesame'
    const { page, problems } = await open({ colorScheme: scheme })
    await page.locator('#token-form').waitFor()
    expect(await accessibilityProblems(page)).toEqual([])
    service.token = null
    await page.fill('#token', 'any')
    await page.keyboard.press('Enter')
    await page.locator('#caption', { hasText: 'Forecast' }).waitFor()
    expect(await accessibilityProblems(page)).toEqual([])

    service.tell(busy)
    await page.click('summary')
    await page.click('#sequence')
    await page.keyboard.press('ArrowDown')
    await page.locator('[role=option][aria-selected=true]').waitFor()
    await page.locator('#letters li').nth(19).waitFor()
    expect(await accessibilityProblems(page)).toEqual([])

    await page.keyboard.press('Escape')
    await page.click('#pause')
    await page.focus('#plot')
    await page.keyboard.press('ArrowLeft')
    expect(await accessibilityProblems(page)).toEqual([])
    expect(problems.filter((problem) => !problem.includes('401'))).toEqual([])
  })

  test('and finds something where there is something', async () => {
    const { page } = await open({})
    await page.locator('#caption', { hasText: 'Forecast' }).waitFor()
    await page.locator('#caption').evaluate((node) => {
      Object.assign((node as unknown as { style: object }).style, { color: 'rgb(200, 205, 210)' })
    })
    expect(await accessibilityProblems(page)).toEqual([expect.stringMatching(/^color-contrast/)])
  })
})

describe('nothing lies outside the screen', () => {
  const sizes: [name: string, options: BrowserContextOptions][] = [
    ['a small one', { viewport: { width: 320, height: 640 } }],
    ['a telephone', { viewport: { width: 390, height: 844 }, deviceScaleFactor: 3 }],
    // What a zoom of 200 % makes of a screen of 1,280 × 900 pixels.
    ['a zoom of 200 %', { viewport: { width: 640, height: 450 }, deviceScaleFactor: 2 }],
    ['a wide one', { viewport: { width: 2_560, height: 1_300 } }],
  ]

  test.each(sizes)('%s', async (_, options) => {
    const { page, problems } = await open(options)
    await page.locator('#caption', { hasText: 'Forecast' }).waitFor()
    service.tell(busy)
    await page.locator('#letters li').nth(19).waitFor()
    await page.click('summary')
    await page.click('#sequence')
    await page.locator('#sequence-list [role=option]').first().waitFor()
    const { content, window } = await widthsOf(page)
    expect(content).toBe(window)
    const list = await page.locator('#sequence-popup').boundingBox()
    expect(list?.x).toBeGreaterThanOrEqual(0)
    expect((list?.x ?? 0) + (list?.width ?? 0)).toBeLessThanOrEqual(window)
    expect(problems).toEqual([])
  })
})

test('nothing moves by itself for those who want it so', async () => {
  const transitionOf = async (reducedMotion: 'reduce' | 'no-preference') => {
    const { page } = await open({ reducedMotion })
    await page.locator('.fill').first().waitFor({ state: 'attached' })
    return page
      .locator('.fill')
      .first()
      .evaluate((node) => {
        const scope = globalThis as unknown as {
          getComputedStyle(of: unknown): { transitionDuration: string }
        }
        return scope.getComputedStyle(node).transitionDuration
      })
  }
  expect(await transitionOf('reduce')).toBe('0s')
  expect(await transitionOf('no-preference')).toBe('0.25s')
})
