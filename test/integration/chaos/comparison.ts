import type { Expected } from './oracle.ts'
import { commitHeaderName, lineOf, type OutputBytes, sourceOffsetOf } from './output-line.ts'

const maxExamples = 5

/** What a commit header said, at an output that is as expected. */
export interface SeenCommit {
  readonly records: number
  readonly bootId: string
}

/**
 * Compares the published outputs of a partition with the expected ones while they are read, one to
 * one and in order. Both go by the offset of the input record, which ascends.
 */
export class Comparison {
  published = 0
  lost = 0
  duplicated = 0
  reordered = 0
  /** Other bytes than expected, outputs of records that are none of the input, wrong headers. */
  different = 0
  readonly examples: string[] = []
  readonly commits: SeenCommit[] = []
  readonly #where: string
  readonly #expected: AsyncIterator<Expected>
  #next: Expected | null = null
  #isAtEnd = false
  /** Offsets that were passed over: lost, unless they come later. */
  readonly #skipped = new Set<number>()
  #highest = -1

  /** `where`: names topic and partition in examples. */
  constructor(where: string, expected: AsyncIterable<Expected>) {
    this.#where = where
    this.#expected = expected[Symbol.asyncIterator]()
  }

  /** Takes the next published record. */
  async take(output: OutputBytes): Promise<void> {
    this.published++
    const offset = sourceOffsetOf(output)
    if (offset <= this.#highest) {
      const isLate = this.#skipped.delete(offset)
      if (isLate) this.reordered++
      else this.duplicated++
      this.#tell(isLate ? 'reordered' : 'duplicated', `input offset ${offset}`)
      return
    }
    this.#highest = offset
    const expected = await this.#advanceTo(offset)
    if (expected === null) {
      this.different++
      this.#tell('nothing expected', `input offset ${offset}`)
      return
    }
    const line = lineOf(output)
    if (line !== expected.line) {
      this.different++
      this.#tell('different', `expected ${expected.line}, published ${line}`)
      return
    }
    this.#check(output.headers[commitHeaderName], expected)
  }

  /** Call it once, behind the last published record. */
  async end(): Promise<void> {
    await this.#advanceTo(Number.POSITIVE_INFINITY)
    this.lost = this.#skipped.size
    const first = [...this.#skipped].slice(0, maxExamples)
    if (this.lost > 0) this.#tell('lost', `${this.lost}, input offsets ${first.join(', ')} …`)
  }

  /** The expected output of this input record; null where none is. */
  async #advanceTo(offset: number): Promise<Expected | null> {
    for (;;) {
      const expected = await this.#peek()
      if (expected === null || expected.offset > offset) return null
      this.#next = null
      if (expected.offset === offset) return expected
      this.#skipped.add(expected.offset)
    }
  }

  async #peek(): Promise<Expected | null> {
    if (this.#next !== null || this.#isAtEnd) return this.#next
    const { done, value } = await this.#expected.next()
    if (done) this.#isAtEnd = true
    else this.#next = value
    return this.#next
  }

  #check(header: string | undefined, expected: Expected): void {
    if (header === undefined) return
    const { records, chainHash, bootId } = JSON.parse(header) as SeenCommit & { chainHash: string }
    this.commits.push({ records, bootId })
    if (records === expected.records && chainHash === expected.chainHash) return
    this.different++
    this.#tell('commit header', `${header}, expected ${expected.records} ${expected.chainHash}`)
  }

  #tell(what: string, detail: string): void {
    if (this.examples.length < maxExamples) this.examples.push(`${this.#where}: ${what}: ${detail}`)
  }
}

/**
 * What is wrong with the commit headers of a partition, of both topics together: each transaction
 * has one, they end where the input does, and an incarnation that was followed by another never
 * writes again.
 */
export function commitProblems(commits: readonly SeenCommit[], records: number): string[] {
  const sorted = commits.toSorted((a, b) => a.records - b.records)
  const problems: string[] = []
  const gone = new Set<string>()
  for (const [index, { records: at, bootId }] of sorted.entries()) {
    const before = sorted[index - 1]
    if (before?.records === at) problems.push(`two commit headers at record ${at}`)
    if (before !== undefined && before.bootId !== bootId) gone.add(before.bootId)
    if (gone.has(bootId)) problems.push(`${bootId} writes again at record ${at}`)
  }
  const last = sorted.at(-1)?.records ?? 0
  if (last !== records) problems.push(`the last commit header says ${last} of ${records} records`)
  return problems
}
