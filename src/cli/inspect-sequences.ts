import type { LagNorms } from '../model/gradient-norms.ts'
import type { Model } from '../model/model.ts'
import type { AnyModel } from '../model/open.ts'
import type { SequenceOrder, SequenceState, SequenceSummary } from '../model/view.ts'
import { formatTime } from '../record/time.ts'
import { usageError } from './options.ts'
import { figure, grouped, table } from './table.ts'

const orders: readonly SequenceOrder[] = ['used', 'changed', 'name']
const listMax = 50
const BAR = 40

/** The options of both views of sequences. */
export const sequenceOptions = {
  sequence: { type: 'string' },
  sequences: { type: 'boolean' },
  sort: { type: 'string' },
} as const

/** What of a model's sequences is shown. */
export interface SequenceWish {
  /** A list of the first `limit` in that order; null: none. */
  readonly list: { readonly order: SequenceOrder; readonly limit: number } | null
  /** One of them in full; undefined: none. */
  readonly name: string | undefined
}

/** @throws HeadraceError HEADRACE_USAGE */
export function sequenceWish(
  values: {
    sequence?: string | undefined
    sequences?: boolean | undefined
    sort?: string | undefined
  },
  limit: number = listMax,
): SequenceWish {
  const { sequence: name, sequences = false, sort = 'used' } = values
  const order = orders.find((each) => each === sort)
  if (order === undefined) throw usageError(`--sort needs used, changed or name, not '${sort}'.`)
  if (values.sort !== undefined && !sequences) throw usageError('--sort goes with --sequences.')
  return { list: sequences ? { order, limit } : null, name }
}

/** One sequence as `inspect --json` prints it. */
export interface SequenceLook extends Omit<SequenceState, 'timeMs'> {
  /** Event time of the newest record, ISO 8601; null without. */
  readonly time: string | null
  /** The newest predictions; null where there is none yet. */
  readonly predictions: readonly {
    readonly target: string
    readonly horizon: number
    readonly mean: number | null
    readonly intervals: readonly {
      readonly level: number
      readonly lower: number | null
      readonly upper: number | null
    }[]
  }[]
  /** ‖∂L_t/∂H_{t−k}‖ of the newest loss, k from 0; {} before the first. */
  readonly gradientNormByLag: Readonly<Record<string, readonly number[]>>
}

/** One sequence in full; null where the model does not know it. */
export function lookAt(model: AnyModel, name: string): SequenceLook | null {
  if (model.kind !== 'forecast') {
    throw usageError(`--sequence shows one of a forecast; this is a task of kind ${model.kind}.`)
  }
  const state = model.view.sequence(name)
  if (state === null) return null
  const { timeMs, ...shown } = state
  return {
    ...shown,
    time: timeMs === null ? null : formatTime(timeMs),
    predictions: predictionsOf(model, name),
    gradientNormByLag: normsJson(model.gradientNormByLag(name)),
  }
}

function predictionsOf(model: Model, name: string): SequenceLook['predictions'] {
  const { fields, levels, slots } = model.dimensions
  const means = new Float64Array(slots)
  const bounds = new Float64Array(slots * levels.length * 2)
  if (!model.recall(name, means, bounds)) return []
  const known = (value: number | undefined) =>
    value !== undefined && Number.isFinite(value) ? value : null
  return fields.horizons.flatMap((horizon, k) =>
    fields.targets.map((target, d) => {
      const slot = k * fields.targets.length + d
      const intervals = levels.map((level, l) => {
        const at = 2 * (slot * levels.length + l)
        return { level, lower: known(bounds[at]), upper: known(bounds[at + 1]) }
      })
      return { target, horizon, mean: known(means[slot]), intervals }
    }),
  )
}

export function normsJson(norms: readonly LagNorms[]): SequenceLook['gradientNormByLag'] {
  return Object.fromEntries(norms.map((lag) => [lag.network, [...lag.norms]]))
}

/** The list for people. */
export function listLines(list: readonly SequenceSummary[], live: number): string[] {
  const rows = list.map(({ name, steps, lastUsed, lastChanged, hasWindow }) => [
    name === '' ? "''" : name,
    grouped(steps),
    grouped(lastUsed),
    grouped(lastChanged),
    hasWindow ? 'yes' : 'no',
  ])
  const head = ['sequence', 'own steps', 'last used at record', 'last changed', 'window']
  const more = live - list.length
  return [...table([head, ...rows]), ...(more > 0 ? [`and ${grouped(more)} more`] : [])]
}

/** One sequence for people. */
export function sequenceLines(look: SequenceLook): string[] {
  const { name, steps, lastUsed, lastChanged, hasWindow, time } = look
  const at = time === null ? '' : `, event time ${time}`
  return [
    `sequence '${name}': ${grouped(steps)} own steps, last used at record ${grouped(lastUsed)}, ` +
      `last changed at ${grouped(lastChanged)}${at}`,
    ...(hasWindow ? [] : ['it was long unused and has shed its window: no gates, no gradient']),
    '',
    ...predictionLines(look),
    '',
    ...lagLines(look),
    '',
    ...networkLines(look),
    '',
    ...normLines(look.gradientNormByLag),
  ]
}

function predictionLines({ predictions }: SequenceLook): string[] {
  if (predictions.length === 0) return ['no prediction yet']
  const levels = predictions[0]?.intervals.map(({ level }) => `${level * 100} %`) ?? []
  const rows = predictions.map(({ target, horizon, mean, intervals }) => [
    `${target}, ${horizon} ahead`,
    figure(mean ?? undefined),
    ...intervals.map(
      ({ lower, upper }) => `${figure(lower ?? undefined)} … ${figure(upper ?? undefined)}`,
    ),
  ])
  return table([['newest predictions', 'mean', ...levels], ...rows])
}

function lagLines({ lags }: SequenceLook): string[] {
  const [first] = lags
  if (first === undefined) return []
  const rows = first.values.map(({ lag }, i) => [
    String(lag),
    ...lags.map(({ values }) => figure(values[i]?.value)),
  ])
  return table([['value by lag', ...lags.map(({ target }) => target)], ...rows])
}

/** Moments of H_t and of the gates: all their numbers are in the JSON. */
function networkLines({ networks }: SequenceLook): string[] {
  const rows = networks.flatMap(({ network, hidden, cells, gates }) => [
    ...hidden.map((h, l) => momentsRow(`${network} layer ${l}`, 'h', h)),
    ...cells.map((c, l) => momentsRow(`${network} layer ${l}`, 'c', c)),
    ...gates.flatMap(({ layer, gates: parts }) =>
      Object.entries(parts).map(([gate, values]) =>
        momentsRow(`${network} layer ${layer}`, gate, values),
      ),
    ),
  ])
  const hasGates = networks.some(({ gates }) => gates.length > 0)
  return [
    ...table([['hidden state', '', 'mean', 'rms', 'least', 'most'], ...rows]),
    ...(hasGates
      ? ['gates: of the newest step, run again from the last stored state with present weights']
      : []),
  ]
}

function momentsRow(place: string, part: string, values: readonly number[]): string[] {
  const count = Math.max(1, values.length)
  const mean = values.reduce((sum, value) => sum + value, 0) / count
  const square = values.reduce((sum, value) => sum + value * value, 0) / count
  const moments = [mean, Math.sqrt(square), Math.min(...values), Math.max(...values)]
  return [place, part, ...moments.map(figure)]
}

/** Norms down the lags, one column a network; a bar on a logarithmic scale for the middle one. */
export function normLines(norms: SequenceLook['gradientNormByLag']): string[] {
  const names = Object.keys(norms)
  const columns = Object.values(norms)
  const [first] = columns
  if (first === undefined) return ['no loss of this sequence has been learnt yet']
  const all = columns.flat().filter((norm) => norm > 0)
  const high = Math.log10(Math.max(...all))
  const low = Math.min(Math.log10(Math.min(...all)), high - 1)
  const bar = (norm: number) =>
    norm > 0 ? '█'.repeat(Math.round(((Math.log10(norm) - low) / (high - low)) * BAR)) : ''
  const rows = [['gradient norm by lag k', ...names]]
  for (let k = 0; k < first.length; k++) {
    rows.push([String(k), ...columns.map((column) => figure(column[k]))])
  }
  const middle = Math.floor((columns.length - 1) / 2)
  const lines = table(rows)
  const width = Math.max(...lines.map((line) => line.length))
  return lines.map((line, i) =>
    i === 0
      ? `${line.padEnd(width)}  ${names[middle]}, logarithmic`
      : `${line.padEnd(width)}  ${bar(columns[middle]?.[i - 1] ?? 0)}`.trimEnd(),
  )
}
