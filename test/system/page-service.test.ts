import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { accessibilityProblems, inkOf, launchChromium, openTab } from './support/page/browser.ts'
import { RealService, token } from './support/page/real-service.ts'

const waitMs = 30_000
/** Rows of the series up to a quiet week of October, in which the pictures are taken. */
const rows = 5_200
const images = new URL('../../docs/images/', import.meta.url)

let service: RealService
let browser: Browser

beforeAll(async () => {
  service = await RealService.start()
  browser = await launchChromium()
})

afterAll(async () => {
  await browser?.close()
  await service?.stop()
})

async function shows(page: Page, selector: string, text: string | RegExp): Promise<void> {
  await page.locator(selector).filter({ hasText: text }).waitFor({ timeout: waitMs })
}

/** As the page writes values of a thousand and more. */
function grouped(value: number): string {
  return new Intl.NumberFormat('en', { maximumFractionDigits: 0 }).format(value)
}

test('the page shows what the service publishes of the demo’s series', async () => {
  const { page, problems } = await openTab(browser, service.http.url, {
    viewport: { width: 1_280, height: 800 },
  })
  await page.getByLabel('Token').fill(token)
  await page.getByRole('button', { name: 'Open' }).click()
  await shows(page, '#connection', 'live')
  await shows(page, 'h1', /headrace\s+taxi/)

  // The whole series, and on the other partition one that is behind by twelve weeks.
  const key = Buffer.from('nyc-early')
  const early = service.records.map(({ value }) => ({ key, value }))
  service.send(1, early.slice(0, rows - 12 * 336))
  service.send(1, [{ key, value: Buffer.from('{"passengers": "many"}') }])
  for (let from = 0; from < rows; from += 400) {
    service.send(0, service.records.slice(from, Math.min(rows, from + 400)))
    await page.waitForTimeout(100)
  }
  await shows(page, '#tasks tr:first-child', grouped(rows))
  await page.click('#sequence')
  await page.getByRole('option', { name: 'nyc partition 0' }).click()
  for (let row = rows; row < rows + 60; row++) {
    service.send(0, service.records.slice(row, row + 1))
    await page.waitForTimeout(20)
  }

  await expect.poll(() => service.predictions(0).length, { timeout: waitMs }).toBe(rows + 60)
  const published = service.predictions(0)
  const last = published.at(-1)
  const [first] = published.at(-2)?.predictions ?? []
  await shows(page, '#readout', grouped(last?.observed.passengers?.value ?? Number.NaN))
  // What was published one step earlier for the record that came.
  await shows(page, '#readout', `Predicted${grouped(first?.mean ?? Number.NaN)}`)
  const next = last?.predictions[0]?.mean ?? Number.NaN
  await shows(page, '#caption', 'Forecast 1 step ahead')
  await shows(page, '#caption', grouped(next))
  await shows(page, '#scores tr:first-child', /^Mixture/)
  await shows(page, '#figure-skill', /\d+ % better\s*than persistence/)
  await shows(page, '#coverage', /80 % promised, \d\d\.\d % kept/)
  await shows(page, '#letters', /partition 1, offset 1168/)
  expect((await inkOf(page)).painted).toBeGreaterThan(5_000)

  await page.selectOption('#horizon', '5')
  await shows(page, '#caption', 'Forecast 5 steps ahead')
  await shows(page, '#caption', grouped(last?.predictions[1]?.mean ?? Number.NaN))
  await page.click('#sequence')
  await page.keyboard.type('early')
  await page.getByRole('option', { name: 'nyc-early partition 1' }).click()
  await expect.poll(() => page.url()).toContain('sequence=nyc-early')
  expect(await accessibilityProblems(page)).toEqual([])
  expect(problems.filter((problem) => !problem.includes('401'))).toEqual([])
  await takePictures(page)
  await page.context().close()
})

/** Pictures for the README, on request: light and dark, of the series as it is now. */
async function takePictures(page: Page): Promise<void> {
  if (process.env.HEADRACE_SCREENSHOTS !== '1') return
  await mkdir(images, { recursive: true })
  await page.selectOption('#horizon', '1')
  await page.click('#sequence')
  await page.getByRole('option', { name: 'nyc partition 0' }).click()
  for (let row = rows + 60; row < rows + 320; row++) {
    service.send(0, service.records.slice(row, row + 1))
    await page.waitForTimeout(40)
  }
  await page.locator('#sequence').blur()
  // A screen of this height keeps the chart low, so that the scoreboard is in the picture.
  await page.setViewportSize({ width: 1_240, height: 620 })
  const clip = { x: 0, y: 0, width: 1_240, height: 830 }
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.waitForTimeout(500)
    const path = fileURLToPath(new URL(`page-${colorScheme}.png`, images))
    await page.screenshot({ path, fullPage: true, clip })
  }
}
