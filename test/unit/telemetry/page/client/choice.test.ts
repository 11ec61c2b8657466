import { afterEach, expect, test, vi } from 'vitest'

interface Wish {
  readonly target?: string
  readonly partition?: string
  readonly sequence?: string
}

// A module of the page's script, which the browser gets as it is: JavaScript without types.
const folder = new URL('../../../../../src/telemetry/page/client/script/', import.meta.url)
const { choiceWords, keepInAddress, queryOf } = (await import(
  new URL('choice.js', folder).href
)) as {
  choiceWords(choice: object): string
  keepInAddress(wish: Wish): void
  queryOf(wish: Wish): string
}

afterEach(() => {
  vi.unstubAllGlobals()
})

test('an address that others would not take holds no sequence; the request still does', () => {
  let address = ''
  vi.stubGlobal('location', { pathname: '/' })
  vi.stubGlobal('history', { replaceState: (_: null, __: '', to: string) => (address = to) })
  const wish = { target: 'trips', partition: '1', sequence: 'jfk' }
  keepInAddress(wish)
  expect(address).toBe('?target=trips&partition=1&sequence=jfk')
  // Three bytes each, and nine characters of an address.
  const long = { ...wish, sequence: '日'.repeat(300) }
  keepInAddress(long)
  expect(address).toBe('?target=trips')
  expect(queryOf(long)).toContain(encodeURIComponent(long.sequence))
  keepInAddress({})
  expect(address).toBe('/')
})

test('a name is read out as far as anyone listens', () => {
  const words = choiceWords({ target: 't', horizon: 1, sequence: 'x'.repeat(8_000), partition: 0 })
  expect(words.length).toBeLessThan(150)
  expect(words).toMatch(/^t, 1 step ahead, sequence x+…, partition 0$/)
})
