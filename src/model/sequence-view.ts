import { HEADER, NO_WINDOW, type Sequence, type SequenceTable } from './sequence.ts'

/** How a list of sequences is ordered: the newest first, or by name. */
export type SequenceOrder = 'used' | 'changed' | 'name'

export interface SequenceSummary {
  readonly name: string
  /** Own steps taken. */
  readonly steps: number
  /** Record counts of its last record and of its last change. */
  readonly lastUsed: number
  readonly lastChanged: number
  /** False: it was long unused and has shed its window. */
  readonly hasWindow: boolean
}

export interface FoundSequences {
  /** The most recently used first. */
  readonly names: readonly string[]
  /** There are more, or not all were looked at. */
  readonly isCut: boolean
}

/** Sequences that a search looks at, at most: it must not hold up the stream. */
const SEARCH_MAX = 20_000

/** What every model tells people of its sequences: changes nothing. */
export class SequenceView {
  protected readonly table: SequenceTable

  constructor(table: SequenceTable) {
    this.table = table
  }

  /** The first `limit` sequences in that order; ties by name. */
  sequences(order: SequenceOrder, limit: number): SequenceSummary[] {
    const all = [...this.table.byName.values()].map(summaryOf)
    const byName = (a: SequenceSummary, b: SequenceSummary) =>
      a.name < b.name ? -1 : Number(a.name > b.name)
    const newest = (of: 'lastUsed' | 'lastChanged') => (a: SequenceSummary, b: SequenceSummary) =>
      b[of] - a[of] || byName(a, b)
    const orders = { used: newest('lastUsed'), changed: newest('lastChanged'), name: byName }
    return all.sort(orders[order]).slice(0, limit)
  }

  /** The sequence of the newest usable record; null before one. */
  mostRecent(): string | null {
    return this.table.used.last?.name ?? null
  }

  /**
   * Sequences whose name holds `text` in whatever case, `limit` at most, found by walking back from
   * the most recently used.
   */
  search(text: string, limit: number): FoundSequences {
    const { used } = this.table
    const wanted = text.toLowerCase()
    const names: string[] = []
    let sequence = used.last
    for (let i = 0; sequence !== null && i < SEARCH_MAX && names.length < limit; i++) {
      if (sequence.name.toLowerCase().includes(wanted)) names.push(sequence.name)
      sequence = used.before(sequence)
    }
    return { names, isCut: sequence !== null }
  }
}

export function summaryOf({ name, core, window }: Sequence): SequenceSummary {
  return {
    name,
    steps: core[HEADER.steps]!,
    lastUsed: core[HEADER.lastUsed]!,
    lastChanged: core[HEADER.lastChanged]!,
    hasWindow: window !== NO_WINDOW,
  }
}
