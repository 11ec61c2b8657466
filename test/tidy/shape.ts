import {
  isNode,
  lineOf,
  nameOf,
  propertyOf,
  type Source,
  type SyntaxNode,
  type Violation,
  violation,
  walk,
} from './source.ts'

const MAX_FILE_LINES = 400
const MAX_FUNCTION_LINES = 70
const MAX_COLUMNS = 100

/** Length of the file and of its lines, its name, and what is left to be done. */
export function checkText({ path, text }: Source): Violation[] {
  const found: Violation[] = []
  const lines = text.replace(/\n$/, '').split('\n')
  if (lines.length > MAX_FILE_LINES) {
    found.push({ path, line: lines.length, message: `${lines.length} lines > ${MAX_FILE_LINES}` })
  }
  if (!/^([a-z0-9-]+\/)*[a-z0-9-]+(\.[a-z0-9]+)+$/.test(path)) {
    found.push({ path, line: 1, message: 'the name is not kebab-case' })
  }
  for (const [index, line] of lines.entries()) {
    const columns = [...line].length
    if (columns > MAX_COLUMNS) {
      found.push({ path, line: index + 1, message: `${columns} columns > ${MAX_COLUMNS}` })
    }
    // In two halves, so that this file keeps its own rule.
    if (/\b(TO[D]O|FIX[M]E|XX[X]|HA[C]K)\b/.test(line)) {
      found.push({ path, line: index + 1, message: 'a note of work undone' })
    }
  }
  return found
}

const functions = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])

/** Length of each function. The callback of `describe` is a chapter, not a function. */
export function checkFunctions(source: Source): Violation[] {
  const found: Violation[] = []
  walk(source, (node, ancestors) => {
    if (!functions.has(node.type) || isChapter(ancestors.at(-1))) return
    const length = lineOf(source, node.end) - lineOf(source, node.start) + 1
    if (length > MAX_FUNCTION_LINES) {
      found.push(violation(source, node, `a function of ${length} lines > ${MAX_FUNCTION_LINES}`))
    }
  })
  return found
}

function isChapter(parent: SyntaxNode | undefined): boolean {
  return parent?.type === 'CallExpression' && rootName(parent.callee) === 'describe'
}

/** `any`, non-null assertions outside their place, and variables at module level. */
export function checkTypes(source: Source): Violation[] {
  const found: Violation[] = []
  const inSrc = source.path.startsWith('src/')
  const numeric = /^src\/(model|rnn|kernels)\//.test(source.path)
  walk(source, (node, ancestors) => {
    if (node.type === 'TSAnyKeyword') found.push(violation(source, node, 'any'))
    if (node.type === 'TSNonNullExpression' && inSrc) {
      const expression = node.expression as SyntaxNode
      const isIndex = expression.type === 'MemberExpression' && expression.computed === true
      if (!numeric) found.push(violation(source, node, 'a non-null assertion'))
      else if (!isIndex) found.push(violation(source, node, 'a non-null assertion off an index'))
    }
    if (node.type === 'VariableDeclaration' && node.kind !== 'const' && inSrc) {
      const parent = ancestors.at(-1)?.type
      if (parent === 'Program' || parent === 'ExportNamedDeclaration') {
        found.push(violation(source, node, `${node.kind} at module level is state`))
      }
    }
  })
  return found
}

const runners = new Set(['it', 'test', 'describe', 'suite', 'bench'])
const selections = new Set(['only', 'skip', 'todo', 'skipIf', 'runIf', 'fails'])
const aliases = new Set(['xit', 'xdescribe', 'xtest', 'fit', 'fdescribe'])

/**
 * Tests that are left out, or that leave out others. `runIf` is allowed where its condition names
 * CI, as `… || process.env.CI !== undefined` does: there nothing is left out.
 */
export function checkSelections(source: Source): Violation[] {
  if (!source.path.startsWith('test/')) return []
  const found: Violation[] = []
  walk(source, (node, ancestors) => {
    if (node.type === 'MemberExpression' && runners.has(rootName(node) ?? '')) {
      const property = propertyOf(node) ?? ''
      const runsInCi = property === 'runIf' && textOf(source, ancestors.at(-1)).includes('.CI')
      if (selections.has(property) && !runsInCi) found.push(violation(source, node, `.${property}`))
    }
    const parent = ancestors.at(-1)
    if (parent?.type === 'CallExpression' && parent.callee === node) {
      const name = nameOf(node) ?? ''
      if (aliases.has(name)) found.push(violation(source, node, name))
    }
  })
  return found
}

function textOf(source: Source, node: SyntaxNode | undefined): string {
  return node === undefined ? '' : source.text.slice(Number(node.start), Number(node.end))
}

/** `describe.concurrent.each([…])` → `describe`. */
function rootName(node: unknown): string | undefined {
  let at = node
  while (isNode(at) && at.type !== 'Identifier') {
    at =
      at.type === 'MemberExpression' ? at.object : at.type === 'CallExpression' ? at.callee : null
  }
  return nameOf(at)
}
