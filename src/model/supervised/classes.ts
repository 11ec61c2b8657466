import type { SharedArray } from '../state.ts'

/** Units of UTF-16 that the name of a class has at most: longer ones are others. */
const NAME_UNITS_MAX = 128
/** Words of a name: its length, then two units each. */
const NAME_WORDS = 1 + NAME_UNITS_MAX / 2
/** Stands for all classes that there is no room for. */
const OTHERS = '(other)'

/** The classes of each target by name, in the order in which they have come. */
export class Classes {
  /** Names of each target's classes; what is derived from the state below. */
  readonly names: readonly (readonly string[])[]
  /** Per target: how many classes there are, then their names (C, NAME_WORDS). */
  private readonly tables: readonly Uint32Array[]
  private readonly lists: readonly string[][]
  private readonly numbers: readonly Map<string, number>[]
  private readonly most: number

  /** `most`: C; the last of them is shared by all that come later. */
  constructor(targets: number, most: number) {
    const each = { length: targets }
    this.most = most
    this.tables = Array.from(each, () => new Uint32Array(1 + most * NAME_WORDS))
    this.lists = Array.from(each, () => [])
    this.names = this.lists
    this.numbers = Array.from(each, () => new Map<string, number>())
  }

  /** How many classes target d has had so far. */
  count(d: number): number {
    return this.tables[d]![0]!
  }

  arrays(): SharedArray[] {
    return this.tables.map((array, d) => ({ name: `classes/${d}`, array }))
  }

  /** Number of a class, −1 where it is not known, which one of the others is. */
  find(d: number, name: string): number {
    return this.numbers[d]!.get(name) ?? (this.count(d) === this.most ? this.most - 1 : -1)
  }

  /** Number of a class, which is given one where it is new. */
  numberOf(d: number, name: string): number {
    const known = this.find(d, name)
    if (known >= 0) return known
    const table = this.tables[d]!
    const isOther = table[0] === this.most - 1 || name.length > NAME_UNITS_MAX
    return this.add(d, isOther ? OTHERS : name)
  }

  /** The state was written by a restore. */
  restored(): void {
    this.tables.forEach((table, d) => {
      this.lists[d]!.length = 0
      this.numbers[d]!.clear()
      for (let c = 0; c < table[0]!; c++) {
        const name = nameAt(table, 1 + c * NAME_WORDS)
        this.lists[d]!.push(name)
        this.numbers[d]!.set(name, c)
      }
    })
  }

  private add(d: number, name: string): number {
    const known = this.numbers[d]!.get(name)
    if (known !== undefined) return known
    const table = this.tables[d]!
    const number = table[0]!
    const at = 1 + number * NAME_WORDS
    table[0] = number + 1
    table[at] = name.length
    for (let i = 0; i < name.length; i++) {
      table[at + 1 + (i >> 1)]! |= name.charCodeAt(i) << ((i & 1) << 4)
    }
    this.lists[d]!.push(name)
    this.numbers[d]!.set(name, number)
    return number
  }
}

function nameAt(table: Uint32Array, at: number): string {
  let name = ''
  for (let i = 0; i < table[at]!; i++) {
    name += String.fromCharCode((table[at + 1 + (i >> 1)]! >>> ((i & 1) << 4)) & 0xffff)
  }
  return name
}
