import { z } from 'zod'
import { kindDefaults } from './kind-defaults.ts'
import { configSchema } from './schema.ts'

/** A JSON Schema document or a part of one, as far as this code looks into it. */
export interface SchemaNode {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
  readonly minItems?: number
  readonly items?: SchemaNode
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly required?: readonly string[]
  readonly anyOf?: readonly SchemaNode[]
  readonly oneOf?: readonly SchemaNode[]
}

/** The JSON Schema (draft 2020-12) of a configuration file. */
export function jsonSchema(): SchemaNode {
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    override({ jsonSchema: node }) {
      // Bounds that only say "an integer that a double can hold" are noise to a reader.
      if (node.maximum === Number.MAX_SAFE_INTEGER) delete node.maximum
      if (node.minimum === Number.MIN_SAFE_INTEGER) delete node.minimum
    },
  })
  const title = 'headrace configuration'
  return withKindDefaults({ $schema: schema.$schema, title, ...schema } as SchemaNode)
}

/** JSON Schema knows one default of a value: those of a kind of task stand in its description. */
function withKindDefaults(root: SchemaNode): SchemaNode {
  const sections = { ...root.properties }
  for (const [kind, defaults] of Object.entries(kindDefaults)) {
    for (const [name, values] of Object.entries(defaults)) {
      const section = sections[name] as SchemaNode
      const properties = { ...section.properties }
      for (const [key, value] of Object.entries(values)) {
        const node = properties[key] as SchemaNode
        const own = `Default with task.kind ${kind}: ${JSON.stringify(value)}.`
        properties[key] = { ...node, description: `${node.description ?? ''} ${own}` }
      }
      sections[name] = { ...section, properties }
    }
  }
  return { ...root, properties: sections }
}
