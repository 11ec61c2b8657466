import { z } from 'zod'
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
  return { $schema: schema.$schema, title, ...schema } as SchemaNode
}
