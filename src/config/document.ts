import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from 'yaml'
import { type Path, type Place, Places } from './places.ts'
import type { Problem } from './problem.ts'
import { isSecretVariable, shownKey } from './redact.ts'
import { coreScalar, holdsMask, mask, substitute, unmask } from './substitute.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** What a text says, before anything of it has been checked against the schema. */
export interface RawConfig {
  /** Plain values; mappings have no prototype. */
  value: unknown
  /** Whether the text could not even be parsed: then `value` says nothing. */
  broken: boolean
  readonly places: Places
  /** The text behind values typed by guess (substitutions, `--set`), by JSON of the path. */
  readonly texts: Map<string, string>
  /** Values of secret variables. */
  readonly secrets: Set<string>
  readonly problems: Problem[]
  readonly warnings: Problem[]
}

// A configuration has about a hundred values: far above it aliases are multiplying.
const maxNodes = 10_000
const maxDepth = 32

/** A configuration without a file: everything comes from the command line. */
export function emptyDocument(): RawConfig {
  return {
    value: Object.create(null),
    broken: false,
    places: new Places({ option: 'command line' }),
    texts: new Map(),
    secrets: new Set(),
    problems: [],
    warnings: [],
  }
}

/** Parses YAML and fills in `${VAR}`; `file` is the name to show in messages. Never throws. */
export function readDocument(text: string, file: string, env: Environment): RawConfig {
  return new DocumentReader(text.replace(/^\ufeff/, ''), file, env).read()
}

class DocumentReader {
  readonly #text: string
  readonly #file: string
  readonly #env: Environment
  readonly #lines = new LineCounter()
  readonly #raw: RawConfig
  readonly #document: Document
  #nodes = 0

  constructor(text: string, file: string, env: Environment) {
    this.#text = text
    this.#file = file
    this.#env = env
    this.#raw = { ...emptyDocument(), places: new Places({ file, line: 1, column: 1 }) }
    this.#document = parseDocument(mask(text), {
      version: '1.2',
      prettyErrors: false,
      // Looked for below: the parser compares each key with each other.
      uniqueKeys: false,
      lineCounter: this.#lines,
      logLevel: 'error',
    })
  }

  read(): RawConfig {
    if (holdsMask(this.#text)) {
      this.#raw.broken = true
      this.#fail(0, [], 'expected no characters from U+E000 to U+E07F')
      return this.#raw
    }
    const { errors, warnings, contents } = this.#document
    for (const error of errors) this.#fail(error.pos[0], [], `YAML: ${withoutQuote(error.message)}`)
    for (const { pos, message } of warnings) {
      const place = this.#place(pos[0])
      this.#raw.warnings.push({ place, path: [], message: `YAML: ${withoutQuote(message)}` })
    }
    this.#raw.broken = errors.length > 0
    if (errors.length === 0) this.#raw.value = this.#value(contents, [])
    return this.#raw
  }

  #place(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset)
    return { file: this.#file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }

  #fail(offset: number, path: Path, message: string): void {
    this.#raw.problems.push({ place: this.#place(offset), path, message })
  }

  /** The plain value of a node; its place must be known already, but for the root's. */
  #value(node: unknown, path: Path): unknown {
    if (!isNode(node)) return null
    const offset = node.range?.[0] ?? 0
    this.#nodes++
    if (this.#nodes > maxNodes || path.length > maxDepth) {
      if (this.#nodes <= maxNodes + 1) this.#fail(offset, [], 'aliases or nesting without end')
      this.#nodes = maxNodes + 1
      return null
    }
    if (isAlias(node)) {
      const target: Node | undefined = node.resolve(this.#document)
      if (target !== undefined) return this.#value(target, path)
      this.#fail(offset, path, 'YAML: an alias without an anchor before it')
      return null
    }
    if (isMap(node)) return this.#mapping(node, path)
    if (isSeq(node)) return node.items.map((item, index) => this.#item(item, [...path, index]))
    return isScalar(node) ? this.#scalar(node, path) : null
  }

  #item(item: unknown, path: Path): unknown {
    const offset = (isPair(item) ? item.key : item) as Node | undefined
    const place = this.#place(offset?.range?.[0] ?? 0)
    this.#raw.places.set(path, place, place)
    return this.#value(item, path)
  }

  #mapping(node: YAMLMap, path: Path): unknown {
    const result: Record<string, unknown> = Object.create(null)
    for (const pair of node.items as Pair[]) {
      if (this.#nodes > maxNodes) break
      const key = isScalar(pair.key) ? pair.key : undefined
      const keyOffset = (pair.key as Node | undefined)?.range?.[0] ?? node.range?.[0] ?? 0
      if (key === undefined || key.value === null || key.value === '') {
        this.#fail(keyOffset, path, 'expected a name as key')
        continue
      }
      const name = unmask(String(key.value))
      if (Object.hasOwn(result, name)) {
        this.#fail(keyOffset, path, `the key ${shownKey(name)} stands twice`)
        continue
      }
      const valueOffset = (pair.value as Node | null)?.range?.[0] ?? keyOffset
      const below = [...path, name]
      this.#raw.places.set(below, this.#place(keyOffset), this.#place(valueOffset))
      result[name] = this.#value(pair.value, below)
    }
    return result
  }

  #scalar(node: Scalar, path: Path): unknown {
    if (typeof node.value !== 'string') return node.value
    const text = unmask(node.value)
    if (!text.includes('${')) return text
    const offset = node.range?.[0] ?? 0
    const result = substitute(text, this.#env)
    if (result.malformed) {
      const hint = `expected \${VAR} or \${VAR:default}; $\${ stands for \${ itself`
      this.#fail(offset, path, hint)
    }
    for (const name of result.missing) {
      const hint = `set it, or give a default: \${${name}:default}`
      this.#fail(offset, path, `the environment variable ${name} is not set; ${hint}`)
    }
    for (const { name, value } of result.used) {
      if (isSecretVariable(name)) this.#raw.secrets.add(value)
    }
    if (!result.whole || node.type !== 'PLAIN') return result.text
    this.#raw.texts.set(JSON.stringify(path), result.text)
    return result.missing.length > 0 ? result.text : coreScalar(result.text)
  }
}

/** The parser quotes pieces of the text behind a colon: they may hold a secret. */
function withoutQuote(message: string): string {
  if (message.startsWith('Maximum call stack')) return 'nested too deeply'
  const end = message.indexOf(': ')
  return (end < 0 ? message : message.slice(0, end)).split('; please')[0] ?? message
}
