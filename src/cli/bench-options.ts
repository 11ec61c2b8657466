import {
  type MetricsScale,
  quickMetricsScale,
  wholeMetricsScale,
} from '../bench/metrics-service.ts'
import { openProduct } from '../bench/plain-product.ts'
import type { KernelName } from '../bench/rows.ts'
import { quickScale, type ServiceScale, wholeScale } from '../bench/service/scale.ts'
import { type ServicePart, serviceParts } from '../bench/service/service.ts'
import { loadConfig } from '../config/load.ts'
import type { Cell } from '../rnn/index.ts'
import { integerOption, integersOption, usageError } from './options.ts'

const benchNames = [
  'update',
  'product',
  'reference',
  'replay',
  'latency',
  'memory',
  'service',
  'metrics',
  'tensorflow',
] as const
/** The kernels that can be measured. */
const kernelNames = Object.keys(openProduct) as readonly KernelName[]
const cells: readonly Cell[] = ['rnn', 'gru', 'lstm']

/** Those of the configuration; of sequences that learn together as many. */
const mostHidden = 1024
const mostRows = 1024
const mostWindow = 10_000

export type BenchName = (typeof benchNames)[number]

export const benchOptions = {
  only: { type: 'string' },
  kernel: { type: 'string' },
  cells: { type: 'string' },
  hidden: { type: 'string' },
  rows: { type: 'string' },
  window: { type: 'string' },
  sequences: { type: 'string' },
  records: { type: 'string' },
  rounds: { type: 'string' },
  'least-ms': { type: 'string' },
  parts: { type: 'string' },
  quick: { type: 'boolean' },
  json: { type: 'boolean' },
} as const

type BenchValues = { readonly [Name in keyof typeof benchOptions]?: string | boolean | undefined }

/** What is to be measured. */
export interface BenchPlan {
  readonly only: readonly BenchName[]
  readonly kernel: KernelName
  readonly cells: readonly Cell[]
  /** Undefined: what the bench itself has as its default; `rows` likewise. */
  readonly hidden: readonly number[] | undefined
  readonly rows: readonly number[] | undefined
  readonly window: number
  readonly sequences: readonly number[]
  /** Undefined: as `hidden`. */
  readonly records: number | undefined
  readonly rounds: number
  readonly leastMs: number
  /** Of the service. */
  readonly parts: readonly ServicePart[]
  readonly scale: ServiceScale
  /** Few records and short waits. */
  readonly isQuick: boolean
  readonly metricsScale: MetricsScale
}

/**
 * Reads the options of the command.
 * @throws HeadraceError HEADRACE_USAGE
 */
export function planOf(values: BenchValues): BenchPlan {
  const text = (name: keyof typeof benchOptions, standard: string) =>
    typeof values[name] === 'string' ? values[name] : standard
  const integer = (name: keyof typeof benchOptions, standard: string) =>
    integerOption(`--${name}`, text(name, standard), 1)
  const integers = (name: 'hidden' | 'rows' | 'sequences', most?: number) =>
    typeof values[name] === 'string' ? integerList(`--${name}`, values[name], most) : undefined
  return {
    only: onlyOption(text('only', 'update,replay')),
    kernel: kernelOption(values.kernel),
    cells: text('cells', cells.join()).split(',').map(cellOption),
    hidden: integers('hidden', mostHidden),
    rows: integers('rows', mostRows),
    window: atMost('--window', integer('window', '16'), mostWindow),
    sequences: integers('sequences') ?? [1, 1000],
    records: values.records === undefined ? undefined : integer('records', ''),
    rounds: integer('rounds', '7'),
    leastMs: integer('least-ms', '20'),
    parts: partsOption(text('parts', serviceParts.join())),
    isQuick: values.quick === true,
    scale: values.quick === true ? quickScale : wholeScale,
    metricsScale: values.quick === true ? quickMetricsScale : wholeMetricsScale,
  }
}

function partsOption(text: string): ServicePart[] {
  const named = text.split(',').map((part) => part.trim())
  const unknown = named.find((name) => !serviceParts.some((known) => known === name))
  if (unknown === undefined) return serviceParts.filter((name) => named.includes(name))
  throw usageError(`--parts takes ${serviceParts.join(', ')}, not '${unknown}'.`)
}

function atMost(name: string, value: number, most: number): number {
  if (value <= most) return value
  throw usageError(`${name} takes whole numbers up to ${most}, not '${value}'.`)
}

function integerList(name: string, text: string, most = Number.MAX_SAFE_INTEGER): number[] {
  const found = integersOption(name, text, 1)
  if (found.length === 0) throw usageError(`${name} needs at least one whole number.`)
  return found.map((value) => atMost(name, value, most))
}

function onlyOption(text: string): BenchName[] {
  const named = text.split(',').map((part) => part.trim())
  for (const name of named) {
    if (!benchNames.some((known) => known === name)) {
      throw usageError(`--only takes ${benchNames.join(', ')}, not '${name}'.`)
    }
  }
  return benchNames.filter((name) => named.includes(name))
}

function cellOption(text: string): Cell {
  const found = cells.find((cell) => cell === text.trim())
  if (found === undefined) throw usageError(`--cells takes ${cells.join(', ')}, not '${text}'.`)
  return found
}

function kernelOption(value: string | boolean | undefined): KernelName {
  if (value === undefined) return defaultKernel()
  const found = kernelNames.find((name) => name === value)
  if (found !== undefined) return found
  const hint = value === 'tensorflow' ? ' (--only tensorflow measures that one)' : ''
  throw usageError(`--kernel takes ${kernelNames.join(', ')}, not '${value}'${hint}.`)
}

/** The kernel of a configuration that names none. */
function defaultKernel(): KernelName {
  const targets = { path: ['task', 'targets'], value: ['value'], option: 'headrace bench' }
  const { kernel } = loadConfig({ env: {}, overrides: [targets] }).config.model
  return kernel === 'tensorflow' ? 'wasm' : kernel
}
