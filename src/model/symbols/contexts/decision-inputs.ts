import type { Layout } from '../../layout.ts'
import type { SharedArray } from '../../state.ts'
import { bitHistories } from './bit-history.ts'
import { BranchSums } from './branch-sums.ts'
import { ContextKeys, contextNames, HIGHEST_ORDER } from './context-keys.ts'
import { HistoryMaps } from './history-maps.ts'
import { LEVELS, STRETCH } from './logistic.ts'
import { MatchMap } from './match-map.ts'
import { GatedMixer } from './mixer.ts'
import { SymbolRing } from './ring.ts'
import { historyOf, NO_SLOT, nodeAfter, SLOT_DECISIONS, SlotTables } from './slots.ts'
import { openTables, type Tables } from './tables.ts'

export interface ContextOptions {
  /** Binary logarithm of the places of each context's table: words of 32 bits. */
  readonly bits: number
  /** Symbols of the alphabet, 2 to 65,536; 256 for bytes. */
  readonly symbols: number
  /** Whether they are bytes: contexts that read them as text make sense then. */
  readonly bytes: boolean
  /** Networks whose distributions enter. */
  readonly networks: number
}

/** Binary decisions in which one of so many symbols is told. */
export function depthOf(symbols: number): number {
  return 32 - Math.clz32(symbols - 1)
}

/** Inputs of each context: what its history says, and what its node has counted. */
const PER_CONTEXT = 2
/** Of the match and of each network: the logit and how sure. */
const PER_OTHER = 2
/** Scale of p − ½ as an input, which is how sure. */
const SURE = 2
const BIAS = 0.3
const CONTEXT_WEIGHT = 0.14
const NETWORK_WEIGHT = 0.3
/** Nodes that choose a set of weights of their own; those further down share one a level. */
const NODES = 256
const DEPTH_MAX = 16

/**
 * The inputs of the mixer for one decision after the other: where each context has its node, what
 * the match expects, what networks say below each branch; and all that learns from the decision.
 */
export class DecisionInputs {
  readonly tables: Tables
  readonly memberNames: readonly string[]
  /** Probability of a one from each member. */
  readonly memberOnes: Float64Array
  /** The two newest symbols of the sequence. */
  last = 0
  beforeLast = 0
  private readonly depth: number
  private readonly contexts: number
  private readonly keys: ContextKeys
  private readonly ring: SymbolRing
  private readonly slots: SlotTables
  private readonly words: Int32Array
  private readonly next: Uint16Array
  private readonly histories: HistoryMaps
  private readonly matches = new MatchMap()
  private readonly mixer: GatedMixer
  private readonly sums: BranchSums[]
  /** Which networks have said something. */
  private readonly hasSaid: Uint8Array
  private readonly hashes: Int32Array
  /** First word of each context's slot and of its node in the pages, −1 without. */
  private readonly slotAt: Int32Array
  private readonly nodeAt: Int32Array
  private readonly historyAt: Int32Array
  /** Symbol that the match expects, −1 without; its context in `matches`. */
  private expected = -1
  private matchContext = 0
  /** Whether the decisions so far are those of the expected symbol, and its next one. */
  private isExpecting = false
  private expectedBit = 0
  /** Highest order whose context was seen before. */
  private order = 0
  /** Logit of a one at the node, (1). */
  readonly logit: Float64Array
  /** Where in the tree the decision is. */
  private node = 1
  private decided = 0
  /** The group of decisions whose slots were looked up last, as its first node. */
  private group = 0
  /** What `warm` reads goes somewhere, lest an optimiser leaves the reading out. */
  protected warmed = 0

  constructor(core: Layout, options: ContextOptions) {
    const { bits, symbols, bytes, networks } = options
    const names = contextNames(bytes)
    this.depth = depthOf(symbols)
    this.contexts = names.length
    this.memberNames = [
      ...names,
      'match',
      ...Array.from({ length: networks }, (_, i) => `network:${i}`),
    ]
    this.tables = openTables(this.contexts, bits, this.depth)
    const { pages, symbolsAt, headsAt } = this.tables
    this.ring = new SymbolRing(core, pages, bits, symbolsAt, headsAt)
    this.keys = new ContextKeys(core, this.ring.recent, bytes)
    this.slots = new SlotTables(pages, this.tables.slots)
    this.words = this.slots.words
    const histories = bitHistories()
    this.next = histories.next
    this.histories = new HistoryMaps(this.contexts, histories)
    this.sums = Array.from({ length: networks }, () => new BranchSums(this.depth))
    this.hasSaid = new Uint8Array(networks)
    this.memberOnes = new Float64Array(this.memberNames.length)
    this.hashes = new Int32Array(this.contexts)
    this.slotAt = new Int32Array(this.contexts)
    this.nodeAt = new Int32Array(this.contexts)
    this.historyAt = new Int32Array(this.contexts)
    const first = PER_CONTEXT * this.contexts + PER_OTHER
    const start = new Float64Array(first + PER_OTHER * networks + 1).fill(CONTEXT_WEIGHT)
    for (let i = 0; i < networks; i++) start[first + PER_OTHER * i] = NETWORK_WEIGHT
    this.mixer = new GatedMixer(
      start,
      [2 * MatchMap.contexts, NODES + DEPTH_MAX, NODES, (HIGHEST_ORDER + 1) * DEPTH_MAX, NODES],
      NODES + DEPTH_MAX,
    )
    this.logit = this.mixer.mixed
  }

  sharedArrays(): SharedArray[] {
    return [
      { name: 'contexts ring', array: this.ring.book },
      { name: 'contexts histories', array: this.histories.probabilities },
      { name: 'contexts histories seen', array: this.histories.counts },
      { name: 'contexts matches', array: this.matches.probabilities },
      { name: 'contexts mixer', array: this.mixer.weights },
      { name: 'contexts second mixer', array: this.mixer.finalWeights },
    ]
  }

  reset(core: Float64Array): void {
    this.ring.reset(core)
    this.keys.reset(core)
  }

  /** Takes in where a sequence stands, before its next symbol. */
  read(core: Float64Array, networks: readonly (Float64Array | null)[]): void {
    this.keys.read(core)
    this.last = core[this.ring.recent]! | 0
    this.beforeLast = core[this.ring.recent + 1]! | 0
    this.expected = this.ring.expected(core)
    this.matchContext = this.matches.contextOf(this.ring.matched(core))
    this.group = 0
    for (let i = 0; i < this.sums.length; i++) {
      const probabilities = networks[i] ?? null
      this.hasSaid[i] = probabilities === null ? 0 : 1
      if (probabilities !== null) this.sums[i]!.fill(probabilities)
    }
  }

  /** Goes to a node of the tree, in order to learn there: slots that are not there are made. */
  claim(node: number, decided: number): void {
    if (decided % SLOT_DECISIONS === 0) {
      this.hashGroup(node)
      this.warmed = this.slots.warm(this.hashes)
      for (let i = 0; i < this.contexts; i++) {
        this.slotAt[i] = this.slots.claim(i, this.hashes[i]!)
      }
      if (decided === 0) this.order = this.highestSeen()
    }
    this.goTo(node, decided)
  }

  /** Goes to a node of the tree in order to look: changes no state. */
  look(node: number, decided: number): void {
    const group = node >> (decided % SLOT_DECISIONS)
    if (group !== this.group) {
      this.hashGroup(group)
      for (let i = 0; i < this.contexts; i++) this.slotAt[i] = this.slots.find(i, this.hashes[i]!)
      if (group === 1) this.order = this.highestSeen()
    }
    this.group = group
    this.goTo(node, decided)
  }

  /** Fills `logit` from all inputs. */
  mix(): void {
    const { mixer, expectedBit, memberOnes } = this
    this.readNodes()
    const match = PER_CONTEXT * this.contexts
    const chance = this.isExpecting ? this.matches.probabilities[this.matchContext]! : 0.5
    memberOnes[this.contexts] = expectedBit === 1 ? chance : 1 - chance
    this.enter(match, this.contexts)
    for (let i = 0; i < this.sums.length; i++) {
      const member = this.contexts + 1 + i
      memberOnes[member] = this.hasSaid[i] === 1 ? this.sums[i]!.one(this.node) : 0.5
      this.enter(match + PER_OTHER * (i + 1), member)
    }
    mixer.inputs[mixer.inputs.length - 1] = BIAS
    const nodeSet = this.node < NODES ? this.node : NODES + this.decided
    mixer.choose(0, this.isExpecting ? 2 * this.matchContext + expectedBit : 0)
    mixer.choose(1, nodeSet)
    mixer.choose(2, this.last & (NODES - 1))
    mixer.choose(3, this.order * DEPTH_MAX + this.decided)
    mixer.choose(4, this.beforeLast & (NODES - 1))
    mixer.chooseFinal(nodeSet)
    mixer.mix()
  }

  /** Learns from the decision for which `mix` was asked, at a node that was claimed. */
  learn(bit: number): void {
    const { words, nodeAt, next, histories, historyAt } = this
    for (let i = 0; i < this.contexts; i++) {
      const at = nodeAt[i]!
      words[at] = nodeAfter(words[at]!, bit, next)
      histories.learn(historyAt[i]!, bit)
    }
    if (this.isExpecting) this.matches.learn(this.matchContext, bit === this.expectedBit)
    this.mixer.learn(bit)
  }

  /** Takes in the symbol that came next in the sequence. */
  push(core: Float64Array, symbol: number): void {
    this.ring.push(core, symbol)
    this.keys.push(core, symbol)
  }

  private hashGroup(group: number): void {
    const { hashes } = this.keys
    const salt = Math.imul(group, 0x51ed2701)
    for (let i = 0; i < this.contexts; i++) {
      const hash = Math.imul(hashes[i]! + salt, 0x2545f491)
      this.hashes[i] = hash ^ (hash >>> 15)
    }
  }

  private goTo(node: number, decided: number): void {
    const within = decided % SLOT_DECISIONS
    const local = (1 << within) | (node & ((1 << within) - 1))
    for (let i = 0; i < this.contexts; i++) {
      const slot = this.slotAt[i]!
      this.nodeAt[i] = slot === NO_SLOT ? NO_SLOT : slot + local
    }
    this.node = node
    this.decided = decided
    const below = this.depth - decided
    this.isExpecting = this.expected >= 0 && (this.expected | (1 << this.depth)) >> below === node
    this.expectedBit = this.isExpecting ? (this.expected >> (below - 1)) & 1 : 0
  }

  private highestSeen(): number {
    let order = HIGHEST_ORDER
    while (order > 0) {
      const slot = this.slotAt[order]!
      if (slot !== NO_SLOT && historyOf(this.words[slot + 1]!) !== 0) break
      order--
    }
    return order
  }

  private readNodes(): void {
    const { nodeAt, words, historyAt, memberOnes } = this
    const { inputs } = this.mixer
    const { probabilities, stride } = this.histories
    for (let i = 0, to = 0; i < this.contexts; i++, to += PER_CONTEXT) {
      const at = nodeAt[i]!
      const node = at === NO_SLOT ? 0 : words[at]!
      const history = historyOf(node)
      historyAt[i] = i * stride + history
      if (history === 0) {
        inputs[to] = 0
        inputs[to + 1] = 0
        memberOnes[i] = 0.5
        continue
      }
      const p = probabilities[historyAt[i]!]!
      inputs[to] = STRETCH[levelOf(p)]!
      inputs[to + 1] = STRETCH[node >>> 20]!
      memberOnes[i] = p
    }
  }

  /** The inputs of a member that is no context, from its probability. */
  private enter(at: number, member: number): void {
    const { inputs } = this.mixer
    const one = this.memberOnes[member]!
    inputs[at] = one === 0.5 ? 0 : STRETCH[levelOf(one)]!
    inputs[at + 1] = (one - 0.5) * SURE
  }
}

function levelOf(p: number): number {
  return Math.min(LEVELS - 1, Math.trunc(p * LEVELS))
}
