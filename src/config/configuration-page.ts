import { jsonSchema, type SchemaNode } from './json-schema.ts'
import { describeNode } from './schema-lookup.ts'

const intro = `# Configuration

A configuration is one YAML file. This page is generated from \`src/config/schema.ts\` by \`node
scripts/docs.js\`; \`headrace schema\` prints the same schema for editors, and \`headrace
validate -c FILE\` checks a file and shows it with all defaults filled in.

\`run\` requires \`input.topic\` and what the kind of task requires, \`replay\` of a file the
latter only: \`task.targets\` (or \`--target\`) for \`forecast\`; \`task.field\` for
\`symbols\`, but for records of bytes; \`task.targets\` and a field to predict them from for
\`supervised\`. Everything else has a default, which may depend on the kind of task.

\`\`\`yaml
name: taxi
kafka:
  brokers: \${KAFKA_BROKERS:127.0.0.1:9092}
input:
  topic: rides
  time: timestamp
  key: station
task:
  targets: [passengers]
  inputs: [temperature]
  horizons: [1, 5]
  seasons: [48, 336]
\`\`\`

## Environment and command line

- \`\${VAR}\` and \`\${VAR:default}\` (split at the first colon; no braces in a default) in a value
  are replaced by the environment, quoted or not, also inside \`[…]\` and \`{…}\`. A variable that
  is set, be it to nothing, wins over the default; one that is not set and has no default is an
  error. What it holds stays one value: it cannot add keys. An unquoted value that is one
  substitution is read as YAML would read its text, so \`port: \${PORT:9464}\` is a number; where a
  text is wanted it stays a text. \`$\${\` stands for \`\${\`.
- \`--set path=value\`, repeatable, overrides the file: \`--set model.hidden=64\`, \`--set
  task.horizons=[1,5]\`, \`--set 'task.horizons[0]=2'\`. The value is YAML.
- Unknown keys are errors. All errors are shown at once, each with file, line, column, path,
  what is expected there, and the nearest known name. The exit code is 78.
- What holds a secret (\`kafka.sasl.password\`, \`kafka.ssl.key\`, everything named password,
  secret or token, and the values of variables named so) is shown nowhere.
`

const outro = `
## Rules between values

- \`kafka.heartbeatIntervalMs\` is less than a third of \`kafka.sessionTimeoutMs\`,
  \`commit.intervalMs\` less than half of \`kafka.transactionTimeoutMs\`.
- \`model.block\` is \`auto\` or a multiple of \`model.updateEvery\`.
- \`sequences.keep\` is at least \`sequences.max\`.
- No field stands twice in \`task\` (\`targets\`, \`inputs\`, \`known\`, \`categorical\`,
  \`id\`, \`field\`, \`end\`); with \`input.columns\` all of them are among the columns.
- \`input.format: bytes\` is for \`task.kind: symbols\` alone, with the alphabet \`bytes\` and
  without \`task.field\`, \`task.end\`, \`input.time\` and \`input.key\`.
- \`task.seasons: auto\` has room for two seasons of at most 400 steps, which costs each sequence
  memory; longer ones, and those that few rounds will show, must be named.
- \`task.horizons\`, \`task.seasons\`, \`task.intervals\`, \`task.alphabet\` and
  \`model.learningRates\` hold nothing twice; but for \`task.seasons\` and \`task.alphabet\`
  their order does not matter.
- \`input.topic\` is none of the topics that the application writes.

## What a restart tolerates

The fingerprint of an application takes in \`input\` (but for \`topic\`), \`task\`, \`model\`,
\`sequences\` and \`deadLetters\`, with defaults filled in. A task whose changelog was written
under another fingerprint does not start: replay the topic into a new \`name\`, compare, and
switch. Everything in \`kafka\`, \`commit\`, \`snapshot\`, \`workers\`, \`http\`, \`log\` and
\`shutdown\` may change at every restart.
`

interface Row {
  readonly path: string
  readonly node: SchemaNode
  readonly variant: string
  readonly isRequired: boolean
}

/** One row for each value; a key that is in several variants of a mapping has one for each. */
function rows(node: SchemaNode, path: string, isRequired: boolean, variant = ''): Row[] {
  const mappings = (node.anyOf ?? node.oneOf ?? [node]).filter(({ properties }) => properties)
  const isSection = mappings.length > 0 && mappings[0] === node
  const hasHeading = isSection && !path.includes('.')
  const own = hasHeading || path === '' ? [] : [{ path, node, variant, isRequired }]
  const below = mappings.flatMap((mapping) => {
    const kind = mapping.properties?.mechanism?.const
    const when = kind === undefined ? variant : ` (with ${String(kind)})`
    return Object.entries(mapping.properties ?? {}).flatMap(([key, child]) => {
      const name = path === '' ? key : `${path}.${key}`
      return rows(child, name, mapping.required?.includes(key) === true, when)
    })
  })
  return [...own, ...below]
}

function typeOf(node: SchemaNode): string {
  const choices = node.anyOf ?? node.oneOf
  if (choices?.some(({ properties }) => properties) !== true) return describeNode(node)
  const others = choices.filter(({ properties }) => !properties).map(describeNode)
  return [...others, 'mapping, see below'].join(' or ')
}

function defaultOf({ node, isRequired }: Row): string {
  if (isRequired) return 'required'
  return node.default === undefined ? 'none' : `\`${JSON.stringify(node.default)}\``
}

/** Rows of the same key and meaning become one, which names all its variants and their types. */
function mergeVariants(all: readonly Row[]): Row[] {
  const merged = new Map<string, Row>()
  for (const row of all) {
    const id = JSON.stringify([row.path, row.node.description])
    const former = merged.get(id)
    if (former === undefined) {
      merged.set(id, row)
    } else if (row.node.const === undefined) {
      const variant = `${former.variant.slice(0, -1)}, ${row.variant.replace(' (with ', '')}`
      merged.set(id, { ...former, variant })
    } else {
      const anyOf = [...(former.node.anyOf ?? [former.node]), row.node]
      merged.set(id, { ...former, node: { ...former.node, anyOf }, variant: '' })
    }
  }
  return [...merged.values()]
}

function section(name: string, node: SchemaNode, isRequired: boolean): string[] {
  const lines = ['', `## \`${name}\``, '']
  if (node.properties !== undefined) lines.push(node.description ?? '', '')
  if (name === 'task') return [...lines, node.description ?? '', ...tasks(node)]
  return [...lines, ...table(rows(node, name, isRequired))]
}

/** A table for each kind of task. */
function tasks(node: SchemaNode): string[] {
  return (node.oneOf ?? []).flatMap((task) => {
    const kind = task.properties?.kind
    const description = kind?.description ?? ''
    return [
      '',
      `### \`kind: ${String(kind?.const)}\``,
      '',
      description,
      '',
      ...table(rows(task, 'task', false)),
    ]
  })
}

function table(all: readonly Row[]): string[] {
  const lines = ['| key | type | default | what it does |', '| --- | --- | --- | --- |']
  for (const row of mergeVariants(all)) {
    const what = `${row.node.description ?? ''}${row.variant}`
    const cells = [`\`${row.path}\``, typeOf(row.node), defaultOf(row), what]
    lines.push(`| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
  }
  return lines
}

/** The text of `docs/configuration.md`, from the schema. */
export function configurationPage(): string {
  const schema = jsonSchema()
  const sections = Object.entries(schema.properties ?? {}).flatMap(([name, node]) =>
    section(name, node, schema.required?.includes(name) === true),
  )
  return `${intro}${sections.join('\n')}\n${outro}`
}
