import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import axe from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

/** Debian's Chromium, without a window. Throws where the machine has none. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'chromium'))
    .find(isExecutable)
  if (executablePath === undefined) throw new Error('there is no chromium in the PATH')
  // The sandbox asks for rights that a container does not give to root.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return chromium.launch({ executablePath, args })
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

export interface Tab {
  readonly page: Page
  /** What went wrong so far: errors of the console, of scripts, requests to anywhere else. */
  readonly problems: string[]
  /** Goes on to another address; what went wrong until then is forgotten. */
  visit(url: string): Promise<void>
}

/**
 * A page of its own, in a context of its own, that notes all that ought not to happen; `before`
 * runs in it ahead of its own scripts.
 */
export async function openTab(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
  before?: () => void,
): Promise<Tab> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  const page = await context.newPage()
  if (before !== undefined) await page.addInitScript(before)
  const problems: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') {
      problems.push(`${message.type()}: ${message.text()}`)
    }
  })
  page.on('pageerror', (error) => problems.push(`uncaught: ${error.stack ?? error.message}`))
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url())
    if (protocol !== 'data:' && origin !== own) problems.push(`request to ${request.url()}`)
  })
  let own = ''
  const visit = async (to: string): Promise<void> => {
    own = new URL(to).origin
    problems.length = 0
    // What would lie under a pointer that rests somewhere is marked.
    await page.mouse.move(0, 0)
    await page.goto(to)
  }
  await visit(url)
  return { page, problems, visit }
}

/** Opens addresses in one page, one after the other: to make a page takes as long as a test. */
export class SharedTab {
  private readonly browser: Browser
  private tab: Tab | null = null

  constructor(browser: Browser) {
    this.browser = browser
  }

  async open(url: string): Promise<Tab> {
    if (this.tab === null) this.tab = await openTab(this.browser, url)
    else await this.tab.visit(url)
    return this.tab
  }

  /** Ends whatever the page does. */
  async leave(): Promise<void> {
    await this.tab?.page.goto('about:blank')
  }
}

/** What axe-core has against the page, one line each. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  // By the debugger, to which the policy of the page does not apply.
  await page.evaluate(axe.source)
  const { violations } = await page.evaluate(async () => {
    const { axe: inPage } = globalThis as unknown as { axe: typeof axe }
    return inPage.run()
  })
  return violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.target.join(' ')}: ${node.failureSummary ?? ''}`),
  )
}

/** Count of the pixels of the chart that are not bare, and a sum that tells two drawings apart. */
export function inkOf(page: Page): Promise<{ painted: number; sum: number }> {
  return page.evaluate(() => {
    // The tests are compiled without the types of a browser.
    const { document, OffscreenCanvas } = globalThis as unknown as BrowserScope
    const canvas = document.querySelector('#chart')
    // A copy: a canvas that is read from is drawn in another, slower way from then on.
    const copy = new OffscreenCanvas(canvas.width, canvas.height)
    const context = copy.getContext('2d', { willReadFrequently: true })
    context.drawImage(canvas, 0, 0)
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height)
    let painted = 0
    let sum = 0
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] === 0) continue
      painted++
      sum = (sum * 31 + i + (data[i] ?? 0) + (data[i + 2] ?? 0)) % 1_000_000_007
    }
    return { painted, sum }
  })
}

interface CanvasLike {
  readonly width: number
  readonly height: number
}

interface BrowserScope {
  readonly document: { querySelector(selector: string): CanvasLike }
  readonly OffscreenCanvas: new (
    width: number,
    height: number,
  ) => {
    getContext(
      kind: '2d',
      options: { willReadFrequently: boolean },
    ): {
      drawImage(from: CanvasLike, x: number, y: number): void
      getImageData(x: number, y: number, w: number, h: number): { data: Uint8ClampedArray }
    }
  }
}

/** Width of what the page holds and of the window, in CSS pixels. */
export function widthsOf(page: Page): Promise<{ content: number; window: number }> {
  return page.evaluate(() => {
    const { document, innerWidth } = globalThis as unknown as {
      document: { documentElement: { scrollWidth: number } }
      innerWidth: number
    }
    return { content: document.documentElement.scrollWidth, window: innerWidth }
  })
}
