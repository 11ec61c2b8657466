import {
  isNode,
  nameOf,
  propertyOf,
  type Source,
  type SyntaxNode,
  type Violation,
  violation,
  walk,
} from './source.ts'

/** What only the named files and folders may use: all else takes it by argument. */
const allowedIn: Readonly<Record<string, readonly string[]>> = {
  'Date.now': ['src/clock.ts'],
  'Math.random': [],
  'new Date': [],
  'performance.now': ['src/clock.ts'],
  'process.env': ['src/main.ts', 'scripts/'],
  'process.exit': ['src/main.ts', 'bin/headrace.js'],
  console: [],
}

/** Tests wait with deadlines and read their environment, but end no process and use no chance. */
const allowedInTests = ['Date.now', 'new Date', 'performance.now', 'process.env']

/** Calls that reach for the clock, for chance, for the process or for the terminal. */
export function checkBannedCalls(source: Source): Violation[] {
  const found: Violation[] = []
  walk(source, (node, ancestors) => {
    for (const what of usesOf(node, ancestors)) {
      const files = allowedIn[what]
      if (files === undefined || files.some((file) => source.path.startsWith(file))) continue
      if (source.path.startsWith('test/') && allowedInTests.includes(what)) continue
      found.push(violation(source, node, `${what} outside ${files.join(', ') || 'any file'}`))
    }
  })
  return found
}

/** The ambient things this node names: `Date.now`, `const { env } = process`, `new Date`, … */
function usesOf(node: SyntaxNode, ancestors: readonly SyntaxNode[]): string[] {
  if (node.type === 'MemberExpression') {
    const property = propertyOf(node)
    return property === undefined ? [] : [`${globalName(node.object)}.${property}`]
  }
  if (node.type === 'VariableDeclarator' && isNode(node.id) && node.id.type === 'ObjectPattern') {
    const object = globalName(node.init)
    const properties = node.id.properties as SyntaxNode[]
    return properties.map((property) => `${object}.${nameOf(property.key)}`)
  }
  if (node.type === 'NewExpression' || node.type === 'CallExpression') {
    return globalName(node.callee) === 'Date' ? ['new Date'] : []
  }
  return isReference(node, ancestors, 'console') ? ['console'] : []
}

/** `process` and `globalThis.process` alike. */
function globalName(node: unknown): string | undefined {
  if (!isNode(node)) return undefined
  if (node.type === 'MemberExpression' && nameOf(node.object) === 'globalThis') {
    return propertyOf(node)
  }
  return node.type === 'Identifier' ? nameOf(node) : undefined
}

/** What the model, the networks and the kernels may call of Math (design §1, rule 7). */
const arithmetic = new Set([
  'abs',
  'min',
  'max',
  'floor',
  'ceil',
  'trunc',
  'round',
  'sign',
  'sqrt',
  'fround',
  'imul',
  'clz32',
])

/** Globals that know the time, the machine, the language of the user or the garbage collector. */
const impure = new Set([
  'Date',
  'FinalizationRegistry',
  'Intl',
  'WeakRef',
  'console',
  'crypto',
  'fetch',
  'globalThis',
  'navigator',
  'performance',
  'process',
  'queueMicrotask',
  'setImmediate',
  'setInterval',
  'setTimeout',
])

const localeMethod = /^(localeCompare|toLocale\w*)$/
const sortMethod = /^(sort|toSorted)$/

/** The arithmetic of design §1, rule 7: the same bits on every machine, in every order. */
export function checkPurity(source: Source): Violation[] {
  if (!/^src\/(model|rnn|kernels)\//.test(source.path)) return []
  const found: Violation[] = []
  walk(source, (node, ancestors) => {
    const message = impurityOf(node, ancestors)
    if (message !== undefined) found.push(violation(source, node, message))
  })
  return found
}

function impurityOf(node: SyntaxNode, ancestors: readonly SyntaxNode[]): string | undefined {
  switch (node.type) {
    case 'Identifier':
      return impureIdentifier(node, ancestors)
    case 'BinaryExpression':
    case 'AssignmentExpression': {
      if (node.operator !== '**' && node.operator !== '**=') return undefined
      return (node.right as SyntaxNode).value === 2 ? undefined : '** but with the literal 2'
    }
    case 'ForInStatement':
      return 'for…in: no order of keys may reach the numbers'
    case 'MemberExpression': {
      const property = propertyOf(node) ?? ''
      return localeMethod.test(property) ? `${property} depends on the machine` : undefined
    }
    case 'CallExpression': {
      const callee = node.callee as SyntaxNode
      const method = callee.type === 'MemberExpression' ? (propertyOf(callee) ?? '') : ''
      const bare = sortMethod.test(method) && (node.arguments as unknown[]).length === 0
      return bare ? `${method} without a comparator sorts by text` : undefined
    }
    default:
      return undefined
  }
}

function impureIdentifier(node: SyntaxNode, ancestors: readonly SyntaxNode[]): string | undefined {
  const name = node.name as string
  if (impure.has(name) && isReference(node, ancestors, name)) return `${name} is no pure function`
  if (name !== 'Math' || !isReference(node, ancestors, 'Math')) return undefined
  const parent = ancestors.at(-1) as SyntaxNode
  const method = parent.type === 'MemberExpression' ? propertyOf(parent) : undefined
  if (method !== undefined && arithmetic.has(method)) return undefined
  return `Math.${method ?? '…'} is not among ${[...arithmetic].join(', ')}`
}

/** Whether this identifier stands for the global, not for a property or a key of that name. */
function isReference(node: SyntaxNode, ancestors: readonly SyntaxNode[], name: string): boolean {
  if (node.type !== 'Identifier' || node.name !== name) return false
  const parent = ancestors.at(-1)
  if (parent === undefined) return false
  if (parent.type === 'MemberExpression') {
    if (parent.object === node) return true
    return parent.computed === true || nameOf(parent.object) === 'globalThis'
  }
  const isKey = parent.key === node && parent.computed !== true && parent.shorthand !== true
  return !isKey && !parent.type.startsWith('TS')
}
