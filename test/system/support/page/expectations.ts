import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/** How long the page may take to show what it was told. */
export const waitMs = 10_000

/** Waits until the element holds the text. */
export async function shows(page: Page, selector: string, text: string | RegExp): Promise<void> {
  await page.locator(selector).filter({ hasText: text }).waitFor({ timeout: waitMs })
}

export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  await expect.poll(condition, { timeout: waitMs, interval: 20 }).toBe(true)
}

/** In the page: the id of what has the focus. */
export function focusedId(): string {
  const scope = globalThis as unknown as { document: { activeElement: { id: string } | null } }
  return scope.document.activeElement?.id ?? ''
}

/** In the page: says that it is (not) seen, as when its tab goes to the back. */
export function setHidden(isHidden: boolean): void {
  const { document, Event } = globalThis as unknown as {
    document: EventTarget
    Event: typeof globalThis.Event
  }
  Object.defineProperty(document, 'hidden', { configurable: true, value: isHidden })
  document.dispatchEvent(new Event('visibilitychange'))
}
