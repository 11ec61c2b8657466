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

function checkFields(rules: Rules): void {
  const { task, input } = rules.config
  const groups = ['targets', 'inputs', 'known'] as const
  const owner = new Map<string, string>()
  for (const group of groups) {
    if (!rules.sound('task', group)) continue
    task[group].forEach((field, index) => {
      const first = owner.get(field)
      if (first !== undefined) {
        const where = first === group ? 'twice' : `also in task.${first}`
        rules.fail(['task', group, index], `the field ${JSON.stringify(field)} stands ${where}`)
      }
      owner.set(field, first ?? group)
    })
  }
  if (!rules.sound('input', 'columns') || !rules.sound('input', 'format')) return
  if (input.format !== 'csv' || input.columns === undefined) return
  const columns = new Set(input.columns)
  for (const key of ['time', 'key'] as const) {
    const field = input[key]
    if (field !== undefined && rules.sound('input', key) && !columns.has(field)) {
      rules.fail(['input', key], `the field ${JSON.stringify(field)} is not in input.columns`)
    }
  }
  for (const group of groups) {
    if (!rules.sound('task', group)) continue
    task[group].forEach((field, index) => {
      if (columns.has(field)) return
      const message = `the field ${JSON.stringify(field)} is not in input.columns`
      rules.fail(['task', group, index], message)
    })
  }
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
  checkTimes(rules)
  checkModel(rules)
  checkTopic(rules)
}
