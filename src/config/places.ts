export type Path = readonly (string | number)[]

/** Where a value was written: in a file (lines and columns from 1), or on the command line. */
export type Place =
  | { readonly file: string; readonly line: number; readonly column: number }
  | { readonly option: string }

/** `task.horizons[0]` for ['task', 'horizons', 0]. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    return text === '' ? part : `${text}.${part}`
  }, '')
}

export function formatPlace(place: Place): string {
  return 'file' in place ? `${place.file}:${place.line}:${place.column}` : place.option
}

interface Entry {
  readonly path: Path
  readonly key: Place
  readonly value: Place
}

/** The places of all values of a configuration, by path. */
export class Places {
  readonly #entries = new Map<string, Entry>()

  constructor(root: Place) {
    this.set([], root, root)
  }

  set(path: Path, key: Place, value: Place): void {
    this.#entries.set(JSON.stringify(path), { path, key, value })
  }

  /** All at and below `path` now comes from `place`, and so does what had to be made for it. */
  override(path: Path, place: Place): void {
    const prefix = JSON.stringify(path).slice(0, -1)
    for (const id of this.#entries.keys()) {
      if (id.startsWith(`${prefix},`)) this.#entries.delete(id)
    }
    for (let length = 1; length < path.length; length++) {
      const ancestor = path.slice(0, length)
      if (!this.#entries.has(JSON.stringify(ancestor))) this.set(ancestor, place, place)
    }
    this.set(path, place, place)
  }

  /** Place of the value at `path`, or of the nearest thing above it that was written. */
  value(path: Path): Place {
    return this.#nearest(path).value
  }

  /** Place of the key that leads to `path`. */
  key(path: Path): Place {
    return this.#nearest(path).key
  }

  #nearest(path: Path): Entry {
    for (let length = path.length; length > 0; length--) {
      const entry = this.#entries.get(JSON.stringify(path.slice(0, length)))
      if (entry !== undefined) return entry
    }
    const root = this.#entries.get('[]')
    if (root === undefined) throw new Error('the root always has a place')
    return root
  }
}
