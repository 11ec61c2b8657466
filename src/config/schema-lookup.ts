import { jsonSchema, type SchemaNode } from './json-schema.ts'
import { nearestName } from './nearest.ts'
import { formatPath, type Path } from './places.ts'

const root = jsonSchema()
const tasks = variants(root.properties?.task ?? {})

/** The kinds of tasks, the default one first. */
export const taskKinds: readonly string[] = tasks.map(kindOf)

/** The schema by the kind of its task: what a key of another kind would take is not in it. */
const rootsByKind = new Map(taskKinds.map((kind, i) => [kind, rootWith(tasks[i] as SchemaNode)]))

function kindOf(task: SchemaNode): string {
  return String(task.properties?.kind?.const)
}

function rootWith(task: SchemaNode): SchemaNode {
  const kinds = tasks.map(({ properties }) => properties?.kind as SchemaNode)
  const own = { ...task, properties: { ...task.properties, kind: { anyOf: kinds } } }
  return { ...root, properties: { ...root.properties, task: own } }
}

function variants(node: SchemaNode): readonly SchemaNode[] {
  return (node.anyOf ?? node.oneOf ?? [node]).flatMap((variant) =>
    variant === node ? [node] : variants(variant),
  )
}

function below(node: SchemaNode, part: string | number): SchemaNode[] {
  return variants(node).flatMap((variant) => {
    const { properties, items } = variant
    if (typeof part === 'number') return items === undefined ? [] : [items]
    return properties !== undefined && Object.hasOwn(properties, part)
      ? [properties[part] as SchemaNode]
      : []
  })
}

/**
 * What the JSON Schema says of the value at `path` under a kind of task, or under any: several
 * parts where variants differ.
 */
function nodesAt(path: Path, kind?: string): readonly SchemaNode[] {
  return path.reduce<readonly SchemaNode[]>(
    (nodes, part) => nodes.flatMap((node) => below(node, part)),
    [rootsByKind.get(kind ?? '') ?? root],
  )
}

/** The kinds of tasks under which there is a value at `path`. */
export function kindsWith(path: Path): string[] {
  return taskKinds.filter((kind) => nodesAt(path, kind).length > 0)
}

/** Whether the schema has a value at `path`. */
export function isKnownPath(path: Path): boolean {
  return nodesAt(path).length > 0
}

/** The keys that a mapping at `path` may have under a kind of task. */
export function knownKeys(path: Path, kind?: string): string[] {
  const keys = nodesAt(path, kind)
    .flatMap(variants)
    .flatMap((node) => Object.keys(node.properties ?? {}))
  return [...new Set(keys)]
}

/** Paths of all sections and values, without those inside lists. */
function allPaths(node: SchemaNode = root, path: Path = []): Path[] {
  return variants(node).flatMap((variant) =>
    Object.entries(variant.properties ?? {}).flatMap(([key, child]) => [
      [...path, key],
      ...allPaths(child, [...path, key]),
    ]),
  )
}

/**
 * The known name that an unknown key was most likely meant to be: beside it, first under this kind
 * of task, or elsewhere.
 */
export function nearestKey(path: Path, key: string, kind: string): string | undefined {
  const neighbour = nearestName(key, knownKeys(path, kind)) ?? nearestName(key, knownKeys(path))
  if (neighbour !== undefined) return neighbour
  const elsewhere = allPaths().find((other) => other.at(-1)?.toString() === key)
  return elsewhere === undefined ? undefined : formatPath(elsewhere)
}

function bounds(node: SchemaNode): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = node
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`
  const parts = [
    minimum === undefined ? '' : ` of at least ${minimum}`,
    exclusiveMinimum === undefined ? '' : ` above ${exclusiveMinimum}`,
    maximum === undefined ? '' : ` of at most ${maximum}`,
    exclusiveMaximum === undefined ? '' : ` below ${exclusiveMaximum}`,
  ]
  return parts.filter((part) => part !== '').join(' and')
}

/** `integer from 1 to 1024`, `one of rnn, gru, lstm`, `list of strings`… */
export function describeNode(node: SchemaNode): string {
  const choices = node.anyOf ?? node.oneOf
  if (choices !== undefined) return [...new Set(choices.map(describeNode))].join(' or ')
  if (node.const !== undefined) return String(node.const)
  if (node.enum !== undefined) {
    return node.enum.length === 1 ? String(node.enum[0]) : `one of ${node.enum.join(', ')}`
  }
  switch (node.type) {
    case 'array': {
      const { minItems = 0 } = node
      const many = minItems > 1 ? `list of at least ${minItems}` : 'non-empty list'
      const least = minItems > 0 ? many : 'list'
      return node.items === undefined ? least : `${least} of: ${describeNode(node.items)}`
    }
    case 'object':
      return `mapping with ${Object.keys(node.properties ?? {}).join(', ')}`
    case 'boolean':
      return 'true or false'
    default:
      return `${node.type ?? 'anything'}${bounds(node)}`
  }
}

/** What may stand at `path` under a kind of task, in words. */
export function expectedAt(path: Path, kind: string): string {
  return [...new Set(nodesAt(path, kind).map(describeNode))].join(' or ')
}

/** The names that may stand at `path` under a kind of task, where it takes names. */
export function namesAt(path: Path, kind: string): string[] {
  return nodesAt(path, kind)
    .flatMap(variants)
    .flatMap((node) => [...(node.enum ?? []), ...(node.const === undefined ? [] : [node.const])])
    .filter((name) => typeof name === 'string')
}
