import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { assert } from '../../../assert.ts'

/**
 * The modules of the script, each after those that it imports; the last one runs. The order is
 * written out because an inline script has no address that an import could be resolved against.
 */
const modules = [
  'dom',
  'format',
  'words',
  'kinds',
  'event-parser',
  'connection',
  'series',
  'view',
  'scale',
  'time-scale',
  'palette',
  'paint',
  'chart',
  'members',
  'choice',
  'readout',
  'forecast',
  'scoreboard',
  'intervals',
  'tasks',
  'dead-letters',
  'figures',
  'sequence-search',
  'token-form',
  'scroll-regions',
  'page',
  'main',
]

export interface PageDocument {
  /** The whole page: markup, style and script, without data of the service. */
  readonly html: string
  /** Lets the browser run and apply exactly what `html` holds, and talk to where it came from. */
  readonly contentSecurityPolicy: string
}

/** Reads the page's parts, which lie beside this file in a checkout and in the package alike. */
export function pageDocument(): PageDocument {
  const style = `\n${read('page.css')}`
  const script = `\n${modules.map(block).join('\n')}`
  assert(!/<\/script|<!--/i.test(script), 'the script of the page does not end its own element')
  assert(!/<\/style/i.test(style), 'the style of the page does not end its own element')
  const html = read('page.html')
    .replace('/* style */', () => style)
    .replace('/* script */', () => script)
  const policy = [
    "default-src 'none'",
    `script-src '${digest(script)}'`,
    `style-src '${digest(style)}'`,
    "connect-src 'self'",
    // The icon in the tab is part of the document.
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ]
  return { html, contentSecurityPolicy: policy.join('; ') }
}

function read(name: string): string {
  return readFileSync(new URL(`./${name}`, import.meta.url), 'utf8')
}

/**
 * A module as a block of one script: what it exports gets into the scope that all share, what else
 * it declares stays its own.
 */
function block(name: string): string {
  const text = read(`script/${name}.js`).replace(/^import [^']*? from '\.\/[a-z-]+\.js'\n/gm, '')
  const declaration = /^export (?=(?:async )?(?:function|class|const) (\w+))/gm
  const exported = [...text.matchAll(declaration)].map((match) => match[1])
  const body = text.replace(declaration, '').trim()
  assert(!/^(import|export) /m.test(body), `${name} imports and exports names as they are`)
  if (exported.length === 0) return `${body}\n`
  const names = exported.join(', ')
  return `const { ${names} } = (() => {\n${body}\nreturn { ${names} }\n})()\n`
}

function digest(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}
