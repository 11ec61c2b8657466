import { assert } from '../../assert.ts'
import type { SymbolsConfig } from '../../config/schema.ts'
import type { Kernel } from '../../kernels/kernel.ts'
import type { SymbolSample, SymbolsForecast } from '../../record/types.ts'
import { absorbRecord } from '../absorb-record.ts'
import { Hash64 } from '../hash.ts'
import { Layout } from '../layout.ts'
import { LearningHealth } from '../learning-health.ts'
import { HEADER, NO_WINDOW, type Sequence, SequenceTable } from '../sequence.ts'
import { SequenceView } from '../sequence-view.ts'
import { Snapshots } from '../snapshot/snapshots.ts'
import { hashArrays, type SharedArray, stateHash } from '../state.ts'
import { decisionsFor } from './coder.ts'
import { symbolDimensionsOf } from './dimensions.ts'
import { claimFields, type SymbolFields } from './fields.ts'
import { SymbolLearning } from './learning.ts'
import { SymbolMembers } from './members.ts'
import { networkArrays } from './networks.ts'
import { RecordSurprise } from './record-surprise.ts'
import type { SymbolScores } from './scores.ts'
import { Vocabulary } from './vocabulary.ts'
import { SymbolWindows } from './windows.ts'

export interface SymbolsModelOptions {
  /** False: the networks begin with zero weights, at once; for a look at sizes alone. */
  readonly seeded?: boolean
}

/**
 * The model of one partition of a symbols task, a pure function of its records (design §1). Each
 * record takes the same way: `absorb` its bytes, then `step` its sample or `skip` it.
 *
 * A step is what a coder and a decoder do, and both can do it by themselves: `openRecord`; for each
 * symbol `openSymbol`, then `decisions` times `probability` and `decide`, then `closeSymbol`; at
 * last `closeRecord`. A decoder learns each decision from the code, whose probability is known
 * before it, and so has the symbol when all have been made.
 */
export class SymbolsModel {
  readonly kind = 'symbols'
  readonly vocabulary: Vocabulary
  /** Binary decisions that tell a symbol, most significant bit first. */
  readonly decisions: number
  readonly snapshots: Snapshots
  readonly view: SequenceView
  readonly health: LearningHealth
  /** What the newest record brought; `next` is filled by `predictNext` alone. */
  readonly forecast: SymbolsForecast
  /** How many symbols a prediction holds. */
  private readonly topCount: number
  private readonly table: SequenceTable
  private readonly windows: SymbolWindows
  private readonly fields: SymbolFields
  private readonly members: SymbolMembers
  private readonly learning: SymbolLearning
  private readonly surprise: RecordSurprise
  private readonly chain = new Hash64()
  private count = 0
  /** Symbols taken in. */
  private steps = 0
  /** The sequence of the record in hand, else of the newest one. */
  private current: Sequence | null = null
  private phase: 'idle' | 'record' | 'symbol' = 'idle'
  /** Decisions of the symbol in hand, and how many have been made. */
  private symbol = 0
  private decided = 0

  /** `kernel` must be the one that the configuration names. */
  constructor(config: SymbolsConfig, kernel: Kernel, { seeded = true }: SymbolsModelOptions = {}) {
    const { task } = config
    const d = symbolDimensionsOf(config)
    this.topCount = task.top
    this.vocabulary = new Vocabulary(task)
    const symbols = this.vocabulary.size
    this.decisions = decisionsFor(symbols)
    const core = new Layout()
    core.claim(HEADER.size)
    this.fields = claimFields(core)
    this.surprise = new RecordSurprise(core)
    this.members = new SymbolMembers(core, config, kernel, { d, symbols, seeded })
    const { fields, members } = this
    const { stateSize, networks, pages } = members
    this.table = new SequenceTable(core.size, stateSize)
    this.windows = new SymbolWindows(d, fields, stateSize)
    const { table, windows } = this
    this.learning = new SymbolLearning(config, d, { table, windows, networks, fields })
    this.forecast = forecastOf(task.top)
    this.view = new SequenceView(table)
    const { learning } = this
    const { learn } = config.model
    const guard = null
    this.health = new LearningHealth({ table, windows, networks, learning, guard, kernel, learn })
    const shared = {
      records: () => this.count,
      arrays: () => {
        assert(this.phase === 'idle', 'a cut lies between two records')
        return this.shared()
      },
      written: (arrays: readonly SharedArray[]) => this.restored(arrays),
    }
    this.snapshots = new Snapshots(table, windows, shared, pages)
  }

  /** Members of the contexts, then the networks. */
  get memberNames(): readonly string[] {
    return this.members.names
  }

  /** Bits that the symbols of the newest record have cost each member, (M), and the mixture. */
  get memberBits(): Float64Array {
    return this.members.recordBits
  }

  get scores(): SymbolScores {
    return this.members.scores
  }

  /** Records taken in, dead letters included. */
  get records(): number {
    return this.count
  }

  /** Symbols taken in. */
  get symbols(): number {
    return this.steps
  }

  /** Updates of the recurrent layers. */
  get updates(): number {
    return this.learning.updates
  }

  /** What the newest update did. */
  get lastUpdate(): Readonly<SymbolLearning['newest']> {
    return this.learning.newest
  }

  get liveSequences(): number {
    return this.table.live
  }

  /** Whether there is a sequence of that name. */
  knows(name: string): boolean {
    return this.table.byName.has(name)
  }

  get networkCount(): number {
    return this.members.networks.length
  }

  /** Parameters of all networks together. */
  get parameters(): number {
    const { networks } = this.members
    return networks.reduce((sum, { network }) => sum + network.stateArrays().parameters.length, 0)
  }

  /** Memory of one sequence with its window: its state and what the engine needs to hold it. */
  get bytesPerSequence(): number {
    return this.table.bytesPerSequence + this.windows.byteLength
  }

  /** Bytes of everything that the sequences share, tables of contexts included. */
  get bytesShared(): number {
    const pages = this.members.pages?.byteLength ?? 0
    return this.shared().reduce((sum, { array }) => sum + array.byteLength, pages)
  }

  /** Takes a record's key, value and event time into the chain hash. */
  absorb(key: Uint8Array | null, value: Uint8Array | null, timeMs: number | null): void {
    absorbRecord(this.chain, key, value, timeMs)
  }

  /** A record that cannot be used: it counts, and no sequence changes. */
  skip(): void {
    assert(this.phase === 'idle', 'a record is closed before the next')
    this.count++
  }

  /** One usable record; afterwards `forecast` tells what it brought. */
  step(sample: SymbolSample): void {
    const { bytes, token, end } = sample
    this.openRecord(sample.sequence, sample.timeMs)
    if (token === null) for (let i = 0; i < bytes.length; i++) this.take(bytes[i]!)
    else this.takeText(token)
    this.closeRecord(end)
  }

  /** Opens the record in which the next symbols of a sequence come. */
  openRecord(sequence: string, timeMs: number | null): void {
    assert(this.phase === 'idle', 'a record is closed before the next')
    const { table, windows, forecast, members } = this
    const { pages } = members
    const record = this.count + 1
    const isNew = !table.byName.has(sequence)
    const used = table.use(sequence, record)
    used.core[HEADER.lastChanged] = record
    if (pages !== null) pages.record = record
    if (isNew) {
      this.surprise.begin(used.core)
      members.reset(used)
    }
    if (used.window === NO_WINDOW) {
      windows.open(used)
      table.windowed.append(used)
    }
    forecast.sequence = sequence
    forecast.timeMs = timeMs
    forecast.next.count = 0
    forecast.observed.symbols = 0
    forecast.observed.bits = 0
    this.members.recordBits.fill(0)
    this.current = used
    this.phase = 'record'
  }

  /** Opens the next symbol of the record: its first decision can be told the probability of. */
  openSymbol(): void {
    assert(this.phase === 'record', 'symbols come in a record')
    const { fields, windows } = this
    const sequence = this.current as Sequence
    const { core, steps } = sequence
    const beginsLife = core[fields.going] === 0
    windows.beginStep(sequence, steps, beginsLife, this.steps + 1)
    const hasLoss = !beginsLife && steps - 1 >= core[HEADER.windowStart]!
    if (hasLoss) this.learning.becameLearnable(sequence, this.steps + 1)
    core[fields.going] = 1
    this.members.begin(sequence, this.steps)
    this.symbol = 0
    this.decided = 0
    this.phase = 'symbol'
  }

  /** P(the next decision is 1) of 65,536, from 1 to 65,535. */
  probability(): number {
    return this.members.coder.probability()
  }

  /** The next decision, as it was. */
  decide(bit: 0 | 1): void {
    assert(this.phase === 'symbol' && this.decided < this.decisions, 'a symbol has its decisions')
    this.members.coder.decide(bit)
    this.symbol = (this.symbol << 1) | bit
    this.decided++
  }

  /** All decisions of the symbol are made: everything learns from it. Returns the symbol. */
  closeSymbol(): number {
    assert(this.phase === 'symbol' && this.decided === this.decisions, 'a symbol has been decided')
    const { chain, windows, learning, symbol } = this
    const { observed } = this.forecast
    const sequence = this.current as Sequence
    assert(symbol < this.vocabulary.size, 'a symbol is one of the alphabet')
    observed.bits += this.members.end(sequence, symbol, chain)
    observed.symbols++
    windows.keepSymbol(sequence, sequence.steps, symbol)
    sequence.core[HEADER.steps]! += 1
    this.steps++
    this.phase = 'record'
    learning.stepped(sequence)
    if (learning.boundary(this.steps)) learning.endBlock(this.steps, this.count + 1, chain)
    return symbol
  }

  /** Ends the record; `end`: and the sequence's life, its next symbol begins another one. */
  closeRecord(end: boolean): void {
    assert(this.phase === 'record', 'a record is closed after its last symbol')
    const { forecast, learning } = this
    const sequence = this.current as Sequence
    const { symbols, bits } = forecast.observed
    forecast.observed.surprise = this.surprise.rank(sequence.core, bits, symbols)
    if (end) {
      sequence.core[this.fields.going] = 0
      this.members.reset(sequence)
      learning.lifeEnded(sequence)
    }
    this.count++
    this.phase = 'idle'
    forecast.records = this.count
    forecast.updates = learning.updates
  }

  /**
   * Fills `forecast.next` with what is expected to follow the newest record in its sequence: a
   * look, nothing changes.
   */
  predictNext(): void {
    assert(this.phase === 'idle' && this.current !== null, 'a prediction follows a record')
    const { current, forecast, vocabulary } = this
    const { next } = forecast
    this.members.top(current, this.steps, this.topCount, next)
    // Numbers that no text has yet are nothing that can be told.
    let kept = 0
    for (let i = 0; i < next.count; i++) {
      if (next.symbols[i]! >= vocabulary.known) continue
      next.symbols[kept] = next.symbols[i]!
      next.probabilities[kept++] = next.probabilities[i]!
    }
    next.count = kept
  }

  /** 64 bits over everything taken in and said so far, 16 hex digits. */
  chainHash(): string {
    return this.chain.hex()
  }

  /** 64 bits over the whole state, 16 hex digits; costs a pass over all of it. */
  stateHash(): string {
    return stateHash(this.table, this.windows, this.shared(), this.members.pages)
  }

  /** 64 bits over the networks' weights and optimisers, 16 hex digits. */
  weightsHash(): string {
    return hashArrays(networkArrays(this.members.networks))
  }

  private take(symbol: number): void {
    this.openSymbol()
    for (let i = this.decisions - 1; i >= 0; i--) this.decide(((symbol >>> i) & 1) as 0 | 1)
    this.closeSymbol()
  }

  private takeText(text: string): void {
    this.take(this.vocabulary.numberOf(text))
    this.vocabulary.add(text)
  }

  /** A restore has filled the sequences and what `shared` returned: derives all else from them. */
  private restored(arrays: readonly SharedArray[]): void {
    const [counts, chain] = [arrays[0]!.array, arrays[1]!.array]
    this.count = counts[0]!
    this.steps = counts[1]!
    this.chain.set(chain[0]!, chain[1]!)
    this.vocabulary.restored()
    this.members.restored()
    this.learning.restored()
    this.current = null
  }

  private shared(): SharedArray[] {
    return [
      { name: 'count', array: new Float64Array([this.count, this.steps]) },
      { name: 'chain', array: new Uint32Array([this.chain.high, this.chain.low]) },
      { name: 'block', array: this.learning.counters },
      { name: 'surprise', array: this.surprise.shared },
      ...this.vocabulary.arrays(),
      ...this.members.arrays(),
    ]
  }
}

function forecastOf(top: number): SymbolsForecast {
  return {
    sequence: '',
    timeMs: null,
    next: { count: 0, symbols: new Int32Array(top), probabilities: new Float64Array(top) },
    observed: { symbols: 0, bits: 0, surprise: NaN },
    records: 0,
    updates: 0,
  }
}
