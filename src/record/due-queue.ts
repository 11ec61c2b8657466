interface Entry<T> {
  readonly due: number
  /** How many came before it. */
  readonly turn: number
  readonly item: T
}

/** Items by when they are due, the earliest first; of equals the one that came first. */
export class DueQueue<T> {
  /** A binary heap: none is due before its parent, at half its place. */
  readonly #heap: Entry<T>[] = []
  #turns = 0

  get size(): number {
    return this.#heap.length
  }

  add(due: number, item: T): void {
    const heap = this.#heap
    const entry = { due, turn: this.#turns++, item }
    let at = heap.length
    heap.push(entry)
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above] as Entry<T>
      if (!isBefore(entry, parent)) break
      heap[at] = parent
      at = above
    }
    heap[at] = entry
  }

  /** Takes the first item out if it is due at `now` or before, else returns undefined. */
  takeUntil(now: number): T | undefined {
    const heap = this.#heap
    const [first] = heap
    if (first === undefined || first.due > now) return undefined
    const last = heap.pop() as Entry<T>
    if (heap.length > 0) this.#sink(last)
    return first.item
  }

  /** Puts an entry into the free place at the top and down to where it belongs. */
  #sink(entry: Entry<T>): void {
    const heap = this.#heap
    let at = 0
    for (let below = 1; below < heap.length; below = 2 * at + 1) {
      const [left, right] = [heap[below] as Entry<T>, heap[below + 1]]
      if (right !== undefined && isBefore(right, left)) below++
      const child = heap[below] as Entry<T>
      if (!isBefore(child, entry)) break
      heap[at] = child
      at = below
    }
    heap[at] = entry
  }
}

function isBefore<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.due < b.due || (a.due === b.due && a.turn < b.turn)
}
