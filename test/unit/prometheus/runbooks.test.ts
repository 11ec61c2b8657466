import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { errorTable } from '../../../src/errors.ts'
import { metricTable } from '../../../src/telemetry/catalogue.ts'
import { alerts, recordings } from './rules.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const page = readFileSync(join(root, 'docs/runbooks.md'), 'utf8')

/** Words in backticks, lines joined, blocks of commands left out. */
const prose = page.replace(/^```[\s\S]*?^```$/gm, '').replace(/\s+/g, ' ')
const quoted = [...prose.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text)

/** Sections of the page by their heading. */
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((text) => [text.slice(0, text.indexOf('\n')), text]),
)

function sourcesIn(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n')
}

test('there is one section for each alert, and none for another', () => {
  const named = [...sections.keys()].filter((name) => name.startsWith('Headrace'))
  expect(named.toSorted()).toEqual(alerts.map(({ alert }) => alert).toSorted())
})

test.each(alerts.map(({ alert }) => alert))('%s says what it means, costs and wants', (name) => {
  const section = sections.get(name) ?? ''
  const text = section.toLowerCase()
  for (const part of ['**means**', 'you', 'lose', '**look first**', '**likely', '**do**']) {
    if (part === '**do**' && text.includes('**likely and do**')) continue
    expect(text).toContain(part)
  }
  expect(section.length).toBeGreaterThan(300)
})

describe('what it names exists', () => {
  test('links within the page', () => {
    const links = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor)
    const anchors = [...sections.keys()].map((name) => name.toLowerCase().replaceAll(' ', '-'))
    expect(links.length).toBeGreaterThan(10)
    expect(anchors).toEqual(expect.arrayContaining(links))
  })

  test('series', () => {
    const names = quoted.filter((text) => /^headrace[\w]*[:_][\w:]+$/.test(text))
    const known = [...Object.keys(metricTable), ...recordings.map(({ record }) => record)]
    expect(names.length).toBeGreaterThan(10)
    expect(known).toEqual(expect.arrayContaining(names))
  })

  test('codes', () => {
    const codes = quoted.filter((text) => /^HEADRACE_[A-Z_]+$/.test(text))
    expect(codes.length).toBeGreaterThan(10)
    expect(Object.keys(errorTable)).toEqual(expect.arrayContaining(codes))
  })

  test('log events and places in the configuration', () => {
    const sources = sourcesIn(join(root, 'src'))
    const configuration = readFileSync(join(root, 'docs/configuration.md'), 'utf8')
    const dotted = quoted.filter((text) => /^[a-z]+\.[a-z-]+([A-Z]\w*)?$/.test(text))
    const isEvent = (text: string): boolean => sources.includes(`('${text}',`)
    const isPlace = (text: string): boolean => configuration.includes(`\`${text}\``)
    expect(dotted.filter(isEvent).length).toBeGreaterThan(8)
    expect(dotted.filter(isPlace).length).toBeGreaterThan(8)
    expect(dotted.filter((text) => !isEvent(text) && !isPlace(text))).toEqual([])
  })

  test('panels', () => {
    const folder = join(root, 'grafana/dashboards')
    interface Panel {
      readonly title?: string
      readonly panels?: readonly Panel[]
    }
    const titles = (panels: readonly Panel[]): string[] =>
      panels.flatMap((panel) => [panel.title ?? '', ...titles(panel.panels ?? [])])
    const known = readdirSync(folder).flatMap((name) => {
      const json = JSON.parse(readFileSync(join(folder, name), 'utf8')) as {
        title: string
        panels: Panel[]
      }
      const dashboard = json.title.replace(/^headrace \/ /, '')
      return titles(json.panels).map((title) => `${dashboard} › ${title}`)
    })
    const named = quoted.filter((text) => text.includes(' › ') && text !== 'Dashboard › Panel')
    expect(named.length).toBeGreaterThan(20)
    expect(known).toEqual(expect.arrayContaining(named))
  })
})
