import type { SymbolsModel } from '../model/symbols/model.ts'
import type { Random } from '../random.ts'

export interface SampleWish {
  readonly sequence: string
  /** Symbols to draw. */
  readonly count: number
  readonly random: Random
  /** Divides the log odds of each decision: 1 draws as the model says. */
  readonly temperature: number
}

/** Probabilities are told in units of this. */
const WHOLE = 65_536

/**
 * Draws the next symbols of a sequence, in one record, and lets the model take them in: their joint
 * probability is the product of the conditionals that it says on the way, learning included. `bits`
 * is −log₂ of it. Numbers of an open alphabet that no text has yet are never drawn.
 */
export function sampleSymbols(
  model: SymbolsModel,
  { sequence, count, random, temperature }: SampleWish,
): { symbols: number[]; bits: number } {
  const symbols: number[] = []
  model.openRecord(sequence, null)
  for (let i = 0; i < count; i++) symbols.push(drawSymbol(model, random, temperature))
  model.closeRecord(false)
  return { symbols, bits: model.forecast.observed.bits }
}

function drawSymbol(model: SymbolsModel, random: Random, temperature: number): number {
  const { decisions, vocabulary } = model
  const highest = vocabulary.known - 1
  let symbol = 0
  model.openSymbol()
  for (let left = decisions - 1; left >= 0; left--) {
    const p = tempered(model.probability() / WHOLE, temperature)
    const lowestWithOne = ((symbol << 1) | 1) << left
    const bit = lowestWithOne <= highest && random.uniform() < p ? 1 : 0
    symbol = (symbol << 1) | bit
    model.decide(bit)
  }
  return model.closeSymbol()
}

/** The probability whose log odds are those of `p` divided by the temperature. */
function tempered(p: number, temperature: number): number {
  if (temperature === 1) return p
  return 1 / (1 + ((1 - p) / p) ** (1 / temperature))
}
