import { readdirSync } from 'node:fs'
import { join } from 'node:path'

interface Pattern {
  readonly matches: RegExp
  readonly isException: boolean
}

/**
 * The patterns of a .dockerignore as BuildKit reads them: from the root of the context; `*` and `?`
 * within a name, `**` over any number of them; a pattern holds for what is below too; the last one
 * that holds decides, and `!` takes back.
 */
export class DockerIgnore {
  readonly #patterns: readonly Pattern[]

  constructor(text: string) {
    const lines = text.split(/\r?\n/).map((line) => line.trim())
    this.#patterns = lines.filter((line) => line !== '' && !line.startsWith('#')).map(patternOf)
  }

  /** Whether a file at this path, relative to the context, stays out of it. */
  excludes(path: string): boolean {
    const last = this.#patterns.findLast(({ matches }) => matches.test(path))
    return last !== undefined && !last.isException
  }

  /** Every file below `folder` that is in the context, by its path from there. */
  filesOf(folder: string, below = ''): string[] {
    return readdirSync(join(folder, below), { withFileTypes: true }).flatMap((entry) => {
      const path = below === '' ? entry.name : `${below}/${entry.name}`
      if (!entry.isDirectory()) return this.excludes(path) ? [] : [path]
      return this.#mayHold(path) ? this.filesOf(folder, path) : []
    })
  }

  /** Below an excluded folder there may still be an exception: `*` and `!deploy/demo`. */
  #mayHold(folder: string): boolean {
    if (!this.excludes(folder)) return true
    return this.#patterns.some(
      ({ matches, isException }) => isException && matches.source.startsWith(`^${folder}\\/`),
    )
  }
}

function patternOf(line: string): Pattern {
  const isException = line.startsWith('!')
  const body = (isException ? line.slice(1).trim() : line).replace(/^\/|\/$/g, '')
  const parts = body.split(/(\*\*\/|\*\*|\*|\?)/).map((part) => {
    if (part === '**/') return '(?:.*/)?'
    if (part === '**') return '.*'
    if (part === '*') return '[^/]*'
    if (part === '?') return '[^/]'
    return part.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
  })
  return { matches: new RegExp(`^${parts.join('')}(?:/.*)?$`), isException }
}
