import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseAst } from 'vitest/node'

/** A node of the syntax tree (ESTree with TypeScript), read without a type of its own. */
export interface SyntaxNode {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [field: string]: unknown
}

/** One file of the tree, with forward slashes in its path from the root. */
export interface Source {
  readonly path: string
  readonly text: string
  readonly ast: SyntaxNode
}

/** What breaks the house style, and where. */
export interface Violation {
  readonly path: string
  readonly line: number
  readonly message: string
}

/** Throws with the path where the text is no TypeScript or JavaScript. */
export function parse(path: string, text: string): Source {
  try {
    const ast = parseAst(text, { lang: path.endsWith('.ts') ? 'ts' : 'js' })
    return { path, text, ast: ast as unknown as SyntaxNode }
  } catch (cause) {
    throw new Error(`${path} cannot be parsed: ${(cause as Error).message}`, { cause })
  }
}

const roots = ['src', 'test', 'grafana', 'bin', 'scripts']
const outside = /^src\/kernels\/assembly\/|\/node_modules\//

/**
 * Every source of the repository; AssemblyScript (which has rules of its own) and what the bench's
 * peers have installed left out.
 */
export function readSources(): Source[] {
  const base = new URL('../../', import.meta.url)
  const paths = roots.flatMap((root) =>
    readdirSync(new URL(root, base), { recursive: true }).map(
      (path) => `${root}/${String(path).replaceAll('\\', '/')}`,
    ),
  )
  const atRoot = readdirSync(base).filter((name) => /\.(ts|js)$/.test(name))
  return [...paths, ...atRoot]
    .filter((path) => /\.(ts|js)$/.test(path) && !outside.test(path))
    .sort()
    .map((path) => parse(path, readFileSync(fileURLToPath(new URL(path, base)), 'utf8')))
}

/** Visits each node of the tree, parents first, with its ancestors, nearest last. */
export function walk(
  source: Source,
  visit: (node: SyntaxNode, ancestors: readonly SyntaxNode[]) => void,
): void {
  const ancestors: SyntaxNode[] = []
  const enter = (node: SyntaxNode): void => {
    visit(node, ancestors)
    ancestors.push(node)
    for (const field of Object.values(node)) {
      for (const child of Array.isArray(field) ? field : [field]) if (isNode(child)) enter(child)
    }
    ancestors.pop()
  }
  enter(source.ast)
}

export function isNode(value: unknown): value is SyntaxNode {
  return (
    typeof value === 'object' && value !== null && typeof (value as SyntaxNode).type === 'string'
  )
}

/** Number of the line on which `position` lies, from 1. */
export function lineOf(source: Source, position: number): number {
  return source.text.slice(0, position).split('\n').length
}

export function violation(source: Source, node: SyntaxNode, message: string): Violation {
  return { path: source.path, line: lineOf(source, node.start), message }
}

/** Name of an identifier, or of a property that is written out; undefined for all else. */
export function nameOf(node: unknown): string | undefined {
  if (!isNode(node)) return undefined
  if (node.type === 'Identifier') return node.name as string
  if (node.type === 'Literal' && typeof node.value === 'string') return node.value
  return undefined
}

/** The property a member expression reads, however it is written; undefined if computed. */
export function propertyOf(node: SyntaxNode): string | undefined {
  const property = node.property as SyntaxNode
  if (node.computed === true && property.type === 'Identifier') return undefined
  return nameOf(property)
}
