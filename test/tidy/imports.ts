import { posix } from 'node:path'
import { isNode, type Source, type SyntaxNode, type Violation, violation, walk } from './source.ts'

interface Import {
  readonly specifier: string
  /** `import type`, `export type` or a type written `import('…')`: gone at run time. */
  readonly typeOnly: boolean
  readonly node: SyntaxNode
}

/**
 * Which area may import which: `value` = anything, `type` = types alone. An area is a folder of
 * src/ or a file right under it; a path names one file. What is not here is forbidden.
 */
const arrows: Readonly<Record<string, Readonly<Record<string, 'value' | 'type'>>>> = {
  errors: {},
  assert: {},
  clock: {},
  random: { assert: 'value' },
  lifecycle: { clock: 'value', assert: 'value', errors: 'value' },
  kernels: { assert: 'value', errors: 'value' },
  rnn: { kernels: 'value', assert: 'value', random: 'value' },
  model: {
    rnn: 'value',
    kernels: 'value',
    'record/types': 'type',
    config: 'type',
    'config/kinds': 'value',
    assert: 'value',
    errors: 'value',
    random: 'value',
  },
  record: { config: 'type', assert: 'value', errors: 'value' },
  config: {
    'record/types': 'type',
    'record/time': 'value',
    'record/plain-name': 'value',
    assert: 'value',
    errors: 'value',
  },
  task: {
    model: 'value',
    record: 'value',
    config: 'type',
    'config/fingerprint': 'value',
    'config/kinds': 'value',
    'config/start-time': 'value',
    'kernels/index': 'value',
    assert: 'value',
    errors: 'value',
    clock: 'value',
    random: 'value',
    lifecycle: 'type',
  },
  kafka: {
    'task/ports': 'type',
    'task/scheduler': 'type',
    config: 'type',
    assert: 'value',
    errors: 'value',
    clock: 'value',
    random: 'value',
  },
  log: {
    'task/ports': 'type',
    'task/scheduler': 'type',
    config: 'type',
    record: 'value',
    assert: 'value',
    errors: 'value',
    clock: 'value',
    random: 'value',
  },
  telemetry: { config: 'type', assert: 'value', errors: 'value', clock: 'value' },
  broker: {
    config: 'type',
    assert: 'value',
    errors: 'value',
    clock: 'value',
    random: 'value',
    lifecycle: 'value',
  },
  bench: {
    config: 'type',
    kernels: 'value',
    model: 'value',
    record: 'type',
    rnn: 'value',
    task: 'value',
    clock: 'value',
    errors: 'value',
    random: 'value',
  },
  cli: {
    bench: 'value',
    broker: 'value',
    config: 'value',
    kafka: 'value',
    kernels: 'value',
    log: 'value',
    model: 'value',
    record: 'value',
    rnn: 'value',
    task: 'value',
    telemetry: 'value',
    assert: 'value',
    clock: 'value',
    errors: 'value',
    lifecycle: 'value',
    random: 'value',
  },
  index: { learner: 'value', model: 'value', rnn: 'value', errors: 'value' },
  learner: {
    config: 'value',
    kernels: 'value',
    model: 'value',
    record: 'value',
    errors: 'value',
  },
  main: { cli: 'value', 'config/nearest': 'value', errors: 'value' },
}

/** Packages and the areas of src/ that may import them; tests may import any. */
const packages: Readonly<Record<string, readonly string[]>> = {
  'csv-parse': ['record', 'log'],
  kafkajs: ['kafka'],
  pino: ['telemetry'],
  'prom-client': ['telemetry'],
  testcontainers: ['broker'],
  yaml: ['config', 'cli'],
  zod: ['config'],
}

/** Areas that do no I/O: they import nothing of Node. */
const pure = ['model', 'rnn', 'kernels']

/** The files of theirs that do: at the start they read the compiled kernel, or load TensorFlow. */
const loaders = ['src/kernels/module.ts', 'src/kernels/tensorflow/load.ts']

/** Node modules whose use would get round a list of `banned.ts`. */
const ambient = ['node:process', 'node:console', 'node:perf_hooks']

/** The import arrows of design §7, the places of each package, and the purity of the model. */
export function checkImports(source: Source): Violation[] {
  if (!source.path.startsWith('src/')) return []
  const area = areaOf(source.path)
  if (arrows[area] === undefined) {
    return [violation(source, source.ast, `${area} has no row in the table of import arrows`)]
  }
  return importsOf(source).flatMap((entry) => {
    const message = entry.specifier.startsWith('.')
      ? judgeRelative(source.path, area, entry)
      : judgePackage(source.path, area, entry.specifier)
    return message === undefined ? [] : [violation(source, entry.node, message)]
  })
}

function judgeRelative(path: string, area: string, entry: Import): string | undefined {
  const target = posix.join(posix.dirname(path), entry.specifier)
  if (!target.startsWith('src/')) return `src imports ${target}, which is outside src`
  const to = areaOf(target)
  if (to === area) return undefined
  const file = target.replace(/^src\/|\.[a-z]+$/g, '')
  const allowed = arrows[area]?.[file] ?? arrows[area]?.[to]
  if (allowed === undefined) return `${area} imports ${file}: no such arrow`
  if (allowed === 'type' && !entry.typeOnly) return `${area} may import ${file} as types only`
  return undefined
}

function judgePackage(path: string, area: string, specifier: string): string | undefined {
  if (specifier.startsWith('node:')) {
    if (pure.includes(area) && !loaders.includes(path))
      return `${area} does no I/O, so it imports nothing of Node: ${specifier}`
    if (ambient.includes(specifier)) return `${specifier} is ambient: take it by argument`
    return undefined
  }
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
  if (packages[name]?.includes(area)) return undefined
  const place = packages[name]?.join(', ') ?? 'unknown'
  return `${area} imports the package ${name}, whose place is ${place}`
}

/** `src/model/step.ts` → `model`, `src/errors.ts` → `errors`. */
function areaOf(path: string): string {
  return (path.split('/')[1] ?? '').replace(/\.[a-z]+$/, '')
}

const forms = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
])

function importsOf(source: Source): Import[] {
  const found: Import[] = []
  walk(source, (node) => {
    if (!forms.has(node.type) || !isNode(node.source)) return
    // `import { type A }` still loads the file at run time (verbatimModuleSyntax).
    const typeOnly =
      node.importKind === 'type' || node.exportKind === 'type' || node.type === 'TSImportType'
    const specifier = typeof node.source.value === 'string' ? node.source.value : undefined
    if (specifier !== undefined) found.push({ specifier, typeOnly, node })
  })
  return found
}
