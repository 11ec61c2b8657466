import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { Script } from 'node:vm'
import { expect, test } from 'vitest'
import { pageDocument } from '../../../../../src/telemetry/page/client/document.ts'

const { html, contentSecurityPolicy } = pageDocument()

function contentOf(element: string): string {
  return new RegExp(`<${element}[^>]*>([\\s\\S]*)</${element}>`).exec(html)?.[1] ?? ''
}

test.each([
  ['script', 'script-src'],
  ['style', 'style-src'],
])('the policy names the one %s that the page holds, by its hash', (element, directive) => {
  const content = contentOf(element)
  expect(content.length).toBeGreaterThan(1_000)
  const digest = createHash('sha256').update(content).digest('base64')
  expect(contentSecurityPolicy.split('; ')).toContain(`${directive} 'sha256-${digest}'`)
  expect(html.split(`<${element}`)).toHaveLength(2)
})

test('nothing else is allowed but to talk to where the page came from', () => {
  expect(contentSecurityPolicy).toContain("default-src 'none'")
  expect(contentSecurityPolicy).toContain("connect-src 'self'")
  for (const directive of ['base-uri', 'form-action', 'frame-ancestors']) {
    expect(contentSecurityPolicy).toContain(`${directive} 'none'`)
  }
  expect(contentSecurityPolicy).not.toContain('unsafe')
  expect(contentSecurityPolicy).toMatch(/require-trusted-types-for 'script'; trusted-types 'none'$/)
})

test('the page is whole: no asset from elsewhere, no attribute that the policy forbids', () => {
  const markup = html.replace(contentOf('script'), '').replace(contentOf('style'), '')
  expect(markup).not.toMatch(/\ssrc=|\sstyle=|\son[a-z]+=/)
  expect(contentOf('style')).not.toMatch(/url\(|@import/)
  const links = [...html.matchAll(/href="([^"]*)"/g)].map((match) => match[1] ?? '')
  expect(links.filter((link) => !/^(data:|#|\/)/.test(link))).toEqual([])
})

test('the script has all modules, without imports and exports, and can be parsed', () => {
  const script = contentOf('script')
  expect(() => new Script(`(async () => {${script}})`)).not.toThrow()
  expect(script).not.toMatch(/^(import|export) /m)
  const folder = new URL('../../../../../src/telemetry/page/client/script/', import.meta.url)
  expect(readdirSync(folder).length).toBeGreaterThan(20)
  // Whatever a module of the folder exports is known in the script by its name, once.
  const names = [...script.matchAll(/^const \{ (.*) \} = \(\(\) => \{$/gm)].flatMap(
    (match) => match[1]?.split(', ') ?? [],
  )
  expect(new Set(names).size).toBe(names.length)
  expect(script.match(/^const \{ .* \} = \(\(\) => \{$/gm)).toHaveLength(
    readdirSync(folder).length - 1,
  )
})
