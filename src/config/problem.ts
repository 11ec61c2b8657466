import { formatPath, formatPlace, type Path, type Place } from './places.ts'

/** One thing that is wrong (or, as a warning, odd) with a configuration. */
export interface Problem {
  readonly place: Place
  readonly path: Path
  /** Without secrets. */
  readonly message: string
}

const maxShown = 100

/** `taxi.yaml:7:11: model.hidden: expected …, got …` */
export function formatProblem({ place, path, message }: Problem): string {
  const where = path.length === 0 ? '' : `${formatPath(path)}: `
  return `${formatPlace(place)}: ${where}${message}`
}

/** The whole message of HEADRACE_CONFIG_INVALID: a line for each problem, in the file's order. */
export function formatProblems(problems: readonly Problem[]): string {
  const count = problems.length === 1 ? 'an error' : `${problems.length} errors`
  const lines = [`The configuration has ${count}:`]
  lines.push(...problems.slice(0, maxShown).map((problem) => `  ${formatProblem(problem)}`))
  if (problems.length > maxShown) lines.push(`  and ${problems.length - maxShown} more`)
  lines.push('docs/configuration.md and `headrace schema` tell of every key.')
  return lines.join('\n')
}

/** Files first, by line and column; then options as they were given. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  return problems.toSorted((a, b) => {
    if (!('file' in a.place) || !('file' in b.place)) {
      return Number('option' in a.place) - Number('option' in b.place)
    }
    return a.place.line - b.place.line || a.place.column - b.place.column
  })
}
