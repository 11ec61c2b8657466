import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { configurationPage } from '../../../src/config/configuration-page.ts'
import { errorsPage } from '../../../src/config/errors-page.ts'
import { jsonSchema, type SchemaNode } from '../../../src/config/json-schema.ts'
import { errorTable } from '../../../src/errors.ts'

function page(name: string): string {
  return readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8')
}

test('docs/errors.md is up to date with the table: else run node scripts/docs.js', () => {
  expect(page('errors.md')).toBe(errorsPage())
  for (const code of Object.keys(errorTable)) expect(errorsPage()).toContain(`\`${code}\``)
})

test('docs/configuration.md is up to date with the schema: else run node scripts/docs.js', () => {
  expect(page('configuration.md')).toBe(configurationPage())
})

test('every key of the schema has a description and stands in the page', () => {
  const paths: string[] = []
  const visit = (node: SchemaNode, path: string) => {
    for (const variant of [node, ...(node.anyOf ?? []), ...(node.oneOf ?? [])]) {
      for (const [key, child] of Object.entries(variant.properties ?? {})) {
        const name = path === '' ? key : `${path}.${key}`
        expect(child.description, name).toMatch(/^[A-Za-z].*\.$/)
        paths.push(name)
        visit(child, name)
      }
    }
  }
  visit(jsonSchema(), '')
  expect(paths).toContain('kafka.sasl.password')
  const text = configurationPage()
  for (const path of paths) expect(text).toContain(`\`${path}\``)
})
