import type { core } from 'zod'
import type { Config } from './schema.ts'

type Path = readonly (string | number)[]

/** Collects violations; a rule that leans on a value which is itself wrong stays silent. */
class Rules {
  readonly config: Config
  readonly #context: core.$RefinementCtx<Config>

  constructor(config: Config, context: core.$RefinementCtx<Config>) {
    this.config = config
    this.#context = context
  }

  /** Whether nothing at, above or below this path has been found wrong. */
  sound(...path: Path): boolean {
    return !this.#context.issues.some((issue) => {
      const other = issue.path ?? []
      const length = Math.min(other.length, path.length)
      if (issue.code === 'unrecognized_keys') return false
      return path.slice(0, length).every((part, index) => part === other[index])
    })
  }

  fail(path: Path, message: string): void {
    this.#context.addIssue({ code: 'custom', path: [...path], message })
  }

  unique(section: 'input' | 'task' | 'model', key: string): void {
    if (!this.sound(section, key)) return
    const values = (this.config[section] as Readonly<Record<string, unknown>>)[key]
    if (!Array.isArray(values)) return
    values.forEach((value, index) => {
      if (values.indexOf(value) < index) {
        this.fail([section, key], `${JSON.stringify(value)} stands in it twice`)
      }
    })
  }
}

/** Groups of fields of a task, by its kind: none of them may name a field of another. */
const fieldGroups = {
  forecast: ['targets', 'inputs', 'known'],
  symbols: ['field', 'end'],
  supervised: ['targets', 'inputs', 'categorical', 'id'],
} as const

/** The fields that one key of a task names, each with its path. */
function fieldsOf(rules: Rules, key: string): { field: string; path: Path }[] {
  if (!rules.sound('task', key)) return []
  const value = (rules.config.task as Readonly<Record<string, unknown>>)[key]
  if (typeof value === 'string') return [{ field: value, path: ['task', key] }]
  if (!Array.isArray(value)) return []
  return value.map((field: string, index) => ({ field, path: ['task', key, index] }))
}

function checkFields(rules: Rules): void {
  const { task, input } = rules.config
  const groups = rules.sound('task', 'kind') ? fieldGroups[task.kind ?? 'forecast'] : []
  const owner = new Map<string, string>()
  for (const group of groups) {
    for (const { field, path } of fieldsOf(rules, group)) {
      const first = owner.get(field)
      if (first !== undefined) {
        const where = first === group ? 'twice' : `also in task.${first}`
        rules.fail(path, `the field ${JSON.stringify(field)} stands ${where}`)
      }
      owner.set(field, first ?? group)
    }
  }
  if (!rules.sound('input', 'columns') || !rules.sound('input', 'format')) return
  if (input.format !== 'csv' || input.columns === undefined) return
  const columns = new Set(input.columns)
  const named = groups.flatMap((group) => fieldsOf(rules, group))
  for (const key of ['time', 'key'] as const) {
    const field = input[key]
    if (field !== undefined && rules.sound('input', key)) {
      named.push({ field, path: ['input', key] })
    }
  }
  for (const { field, path } of named) {
    if (columns.has(field)) continue
    rules.fail(path, `the field ${JSON.stringify(field)} is not in input.columns`)
  }
}

/** What the kinds of tasks ask of the format, beyond their own keys. */
function checkKind(rules: Rules): void {
  const { task, input, model } = rules.config
  if (!rules.sound('task', 'kind') || !rules.sound('input', 'format')) return
  const isBytes = input.format === 'bytes'
  if (task.kind === 'symbols' && rules.sound('model') && model.kernel === 'tensorflow') {
    rules.fail(['model', 'kernel'], 'networks of symbols run on wasm and reference alone')
  }
  if (task.kind !== 'symbols') {
    if (isBytes) rules.fail(['input', 'format'], 'bytes are for task.kind symbols alone')
    if (task.kind === 'supervised') checkSupervised(rules)
    return
  }
  if (isBytes) {
    if (rules.sound('task', 'alphabet') && task.alphabet !== 'bytes') {
      rules.fail(['task', 'alphabet'], 'expected bytes: input.format bytes has no other alphabet')
    }
    for (const key of ['field', 'end'] as const) {
      if (task[key] !== undefined) rules.fail(['task', key], 'input.format bytes has no fields')
    }
    for (const key of ['time', 'key'] as const) {
      if (input[key] !== undefined) rules.fail(['input', key], 'input.format bytes has no fields')
    }
  } else if (task.field === undefined) {
    rules.fail(
      ['task', 'field'],
      'required: expected the field with the symbol; only input.format bytes goes without',
    )
  }
  rules.unique('task', 'alphabet')
}

function checkSupervised(rules: Rules): void {
  const { task } = rules.config
  if (task.kind !== 'supervised') return
  if (!rules.sound('task', 'inputs') || !rules.sound('task', 'categorical')) return
  if (task.inputs.length + task.categorical.length > 0) return
  rules.fail(
    ['task', 'inputs'],
    'required: expected a field to predict from, here or in task.categorical',
  )
}

function checkTimes(rules: Rules): void {
  const { kafka, commit } = rules.config
  if (
    rules.sound('kafka', 'heartbeatIntervalMs') &&
    rules.sound('kafka', 'sessionTimeoutMs') &&
    kafka.heartbeatIntervalMs * 3 >= kafka.sessionTimeoutMs
  ) {
    const bound = `kafka.sessionTimeoutMs (${kafka.sessionTimeoutMs})`
    rules.fail(['kafka', 'heartbeatIntervalMs'], `expected less than a third of ${bound}`)
  }
  if (
    rules.sound('commit', 'intervalMs') &&
    rules.sound('kafka', 'transactionTimeoutMs') &&
    commit.intervalMs * 2 >= kafka.transactionTimeoutMs
  ) {
    const bound = `kafka.transactionTimeoutMs (${kafka.transactionTimeoutMs})`
    rules.fail(['commit', 'intervalMs'], `expected less than half of ${bound}`)
  }
}

function checkModel(rules: Rules): void {
  const { model, sequences } = rules.config
  if (
    rules.sound('model', 'learningRates') &&
    rules.sound('model', 'portfolio') &&
    model.portfolio === 'network' &&
    model.learningRates.length === 0
  ) {
    rules.fail(['model', 'learningRates'], 'expected a rate for the one network of the portfolio')
  }
  if (
    rules.sound('model', 'block') &&
    rules.sound('model', 'updateEvery') &&
    model.block !== 'auto' &&
    model.block % model.updateEvery !== 0
  ) {
    rules.fail(
      ['model', 'block'],
      `expected a multiple of model.updateEvery (${model.updateEvery})`,
    )
  }
  if (
    rules.sound('sequences', 'max') &&
    rules.sound('sequences', 'keep') &&
    sequences.keep < sequences.max
  ) {
    rules.fail(['sequences', 'keep'], `expected at least sequences.max (${sequences.max})`)
  }
}

function checkTopic(rules: Rules): void {
  const { name, input } = rules.config
  if (!rules.sound('name') || !rules.sound('input', 'topic') || input.topic === undefined) return
  for (const suffix of ['predictions', 'dead-letters', 'changelog']) {
    if (input.topic !== `${name}.${suffix}`) continue
    rules.fail(['input', 'topic'], 'expected a topic other than those that this application writes')
  }
}

/** The rules of the configuration that lean on several values at once. */
export function checkRules(config: Config, context: core.$RefinementCtx<Config>): void {
  // Not even a mapping: there is nothing to look into.
  if (typeof config !== 'object' || config === null) return
  const rules = new Rules(config, context)
  rules.unique('input', 'columns')
  rules.unique('task', 'horizons')
  rules.unique('task', 'seasons')
  rules.unique('task', 'intervals')
  rules.unique('model', 'learningRates')
  checkFields(rules)
  checkKind(rules)
  checkTimes(rules)
  checkModel(rules)
  checkTopic(rules)
}
