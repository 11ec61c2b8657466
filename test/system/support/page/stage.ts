import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { launchChromium, openTab, SharedTab, type Tab } from './browser.ts'
import { FakeService } from './fake-service.ts'

/** One browser for the tests of a file and a service for each, which end without complaint. */
export class PageStage {
  #browser: Browser | null = null
  #shared: SharedTab | null = null
  #service: FakeService | null = null
  #tab: Tab | null = null
  /** Closes what the test has opened. */
  #leave: () => Promise<void> = async () => {}
  #expected: RegExp | null = null

  /** Registers its hooks with the file that makes it. */
  constructor() {
    beforeAll(async () => {
      this.#browser = await launchChromium()
      this.#shared = new SharedTab(this.#browser)
    })
    afterAll(async () => {
      await this.#browser?.close()
    })
    beforeEach(async () => {
      this.#service = new FakeService()
      await this.#service.start()
      this.#expected = null
    })
    afterEach(() => this.#end())
  }

  get service(): FakeService {
    return there(this.#service)
  }

  /** Complaints of the browser that this test provokes. */
  expectComplaint(expected: RegExp): void {
    this.#expected = expected
  }

  /** The page of the fake service in the context that all tests share. */
  async open(query = ''): Promise<Page> {
    const shared = there(this.#shared)
    this.#tab = await shared.open(`${this.service.url}/${query}`)
    this.#leave = () => shared.leave()
    return this.#tab.page
  }

  /** The same in a context of its own, where `before` runs ahead of the page's scripts. */
  async openAlone(
    options: BrowserContextOptions,
    { query = '', before }: { readonly query?: string; readonly before?: () => void } = {},
  ): Promise<Page> {
    const url = query === '' ? this.service.url : `${this.service.url}/${query}`
    const own = await openTab(there(this.#browser), url, options, before)
    this.#tab = own
    this.#leave = () => own.page.context().close()
    return own.page
  }

  async #end(): Promise<void> {
    const problems = [...there(this.#tab).problems]
    await this.#leave()
    await this.service.stop()
    const expected = this.#expected
    expect(problems.filter((problem) => expected === null || !expected.test(problem))).toEqual([])
  }
}

function there<T>(value: T | null): T {
  if (value === null) throw new Error('asked for before it was there')
  return value
}
