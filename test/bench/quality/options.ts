import { availableParallelism } from 'node:os'
import { integerOption, parseOptions, usageError } from '../../../src/cli/options.ts'
import { bundledTasks, fileOf, type TaskName, taskNames } from '../datasets.ts'

const files = [...new Set(taskNames.map(fileOf))].join(', ')

/** The text of `--help`. */
export const help = `Scores what the default configuration learns from real series.

Usage: npm run bench:quality -- [--data FOLDER] [--only TASKS] [--seeds N] [--set path=value]…
         [--without PARTS] [--grid] [--jobs N] [--json] [--docs] [--out FILE]
       npm run bench:quality -- --from FILE [--docs]

  --data FOLDER     folder with the files as they are published:
                    ${files};
                    without it only ${bundledTasks.join(' and ')} are run: their file is here
  --only TASKS      ${taskNames.join(',')}: all, or those named
  --seeds N         runs each task with model.seed = 1 … N (5)
  --set path=value  changes the configuration of every task
  --without PARTS   leaves out members (the table of them), lines (runs without networks), cost
  --grid            tries sizes and learning rates as well, each task with one seed: much longer
  --jobs N          runs at the same time (as many as there are processors)
  --json            one object instead of tables
  --docs            writes the figures as a page too
  --out FILE        where --docs writes (docs/quality.md)
  --from FILE       what an earlier run has printed with --json, instead of running anything
`

const parts = ['members', 'lines', 'cost'] as const

export type Part = (typeof parts)[number]

/** What is to be run. */
export interface Plan {
  readonly help: boolean
  readonly data: string | undefined
  readonly tasks: readonly TaskName[]
  /** Tasks of whose file nobody said where it is. */
  readonly leftOut: readonly TaskName[]
  readonly seeds: number
  readonly sets: readonly string[]
  readonly without: readonly Part[]
  readonly grid: boolean
  readonly jobs: number
  readonly json: boolean
  readonly docs: boolean
  readonly out: string
  readonly from: string | undefined
}

/**
 * Reads the command line.
 * @throws HeadraceError HEADRACE_USAGE
 */
export function planOf(args: readonly string[]): Plan {
  const { values } = parseOptions(args, {
    data: { type: 'string' },
    only: { type: 'string' },
    seeds: { type: 'string' },
    set: { type: 'string', multiple: true },
    without: { type: 'string' },
    grid: { type: 'boolean' },
    jobs: { type: 'string' },
    json: { type: 'boolean' },
    docs: { type: 'boolean' },
    out: { type: 'string' },
    from: { type: 'string' },
    help: { type: 'boolean' },
  })
  const named = listOption('--only', values.only, taskNames)
  const isHere = (task: TaskName) => values.data !== undefined || bundledTasks.includes(task)
  const homeless = named?.find((task) => !isHere(task))
  if (homeless !== undefined) {
    throw usageError(`--only ${homeless} needs --data, the folder with ${fileOf(homeless)}.`)
  }
  const sets = values.set ?? []
  if (sets.some((set) => /^\s*model\.seed\s*=/.test(set))) {
    throw usageError('--set model.seed has no effect here: --seeds N runs the seeds 1 to N.')
  }
  if (values.from !== undefined) refuseWithFrom(values)
  const wanted = named ?? taskNames
  return {
    help: values.help === true,
    data: values.data,
    tasks: wanted.filter(isHere),
    leftOut: wanted.filter((task) => !isHere(task)),
    seeds: integerOption('--seeds', values.seeds ?? '5', 1),
    sets,
    without: listOption('--without', values.without, parts) ?? [],
    grid: values.grid === true,
    jobs: integerOption('--jobs', values.jobs ?? String(availableParallelism()), 1),
    json: values.json === true,
    docs: values.docs === true,
    out: values.out ?? 'docs/quality.md',
    from: values.from,
  }
}

function refuseWithFrom(values: Readonly<Record<string, unknown>>): void {
  const others = ['data', 'only', 'seeds', 'set', 'grid', 'jobs']
  const other = others.find((name) => values[name] !== undefined)
  if (other !== undefined) throw usageError(`--from runs nothing: there --${other} has no effect.`)
}

function listOption<const Name extends string>(
  option: string,
  text: string | undefined,
  names: readonly Name[],
): Name[] | undefined {
  if (text === undefined) return undefined
  const given = text.split(',').map((part) => part.trim())
  const unknown = given.find((name) => !names.some((known) => known === name))
  if (unknown !== undefined) {
    throw usageError(`${option} takes ${names.join(', ')}, not '${unknown}'.`)
  }
  return names.filter((name) => given.includes(name))
}
