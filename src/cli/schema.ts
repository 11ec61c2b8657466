import { jsonSchema } from '../config/json-schema.ts'
import type { Command } from './command.ts'
import { parseOptions } from './options.ts'

const help = `headrace schema: the JSON Schema (draft 2020-12) of a configuration, on stdout

Usage: headrace schema [--json]

Editors complete and check a configuration with it. Headrace itself checks more: rules between
several values, and it says where in the file. In an editor, a \${VAR} in the place of a number
counts as a mistake; headrace fills it in first.

Example:
  headrace schema > headrace.schema.json
`

export const command: Command = {
  summary: 'prints the JSON Schema of a configuration',
  help,
  async run(args, io) {
    parseOptions(args, { json: { type: 'boolean' } })
    io.stdout.write(`${JSON.stringify(jsonSchema(), null, 2)}\n`)
    return 0
  },
}
