import type { Config, ConfigInput, SymbolsConfig } from '../../../../src/config/schema.ts'
import { configSchema } from '../../../../src/config/schema.ts'
import { openKernel } from '../../../../src/kernels/index.ts'
import { SymbolsModel } from '../../../../src/model/symbols/model.ts'
import { Random } from '../../../../src/random.ts'
import type { SymbolSample } from '../../../../src/record/types.ts'

type TaskInput = Partial<Extract<ConfigInput['task'], { kind: 'symbols' }>>

/** Small networks and tables; bytes where the task says nothing else. */
export function symbolsConfig(
  task: TaskInput = {},
  model: ConfigInput['model'] = {},
  sequences: ConfigInput['sequences'] = {},
): SymbolsConfig {
  const isBytes = (task.alphabet ?? 'bytes') === 'bytes'
  const config: Config = configSchema.parse({
    input: { format: isBytes ? 'bytes' : 'json' },
    task: {
      kind: 'symbols',
      alphabet: 'bytes',
      ...(isBytes ? {} : { field: 'token' }),
      contexts: { bits: 12 },
      ...task,
    },
    model: {
      cell: 'lstm',
      hidden: 8,
      layers: 1,
      normalise: true,
      learningRates: [4e-3],
      window: 6,
      updateEvery: 4,
      ...model,
    },
    sequences,
  })
  return config as SymbolsConfig
}

export function modelOf(config: SymbolsConfig): SymbolsModel {
  return new SymbolsModel(config, openKernel(config.model.kernel))
}

/** One record of a stream; null is a dead letter. */
export type Entry = Omit<SymbolSample, 'timeMs'> | null

const none = new Uint8Array(0)

export function bytesEntry(sequence: string, bytes: Uint8Array, end = false): Entry {
  return { sequence, bytes, token: null, end }
}

export function tokenEntry(sequence: string, token: string | null, end = false): Entry {
  return { sequence, bytes: none, token, end }
}

export function feed(model: SymbolsModel, entry: Entry): void {
  if (entry === null) {
    model.absorb(null, null, null)
    model.skip()
    return
  }
  model.absorb(Buffer.from(entry.sequence), entry.token === null ? entry.bytes : null, 7)
  model.step({ ...entry, timeMs: 7 })
}

const syllables = ['ka', 'lo', 'mi', 'ner', 'tos', 'ul', 'ven', 'rai', 'sho', 'e', 'den', 'quo']

/** A text of made-up words, a few of them far more common than the others. */
export function textOf(seed: number, length: number): Buffer {
  const random = new Random(seed)
  const pick = (count: number) => random.uint32() % count
  const words = Array.from({ length: 120 }, () =>
    Array.from({ length: 1 + pick(3) }, () => syllables[pick(syllables.length)]).join(''),
  )
  let text = ''
  while (text.length < length) {
    const word = words[Math.min(pick(120), pick(120), pick(120))] as string
    text += word + (pick(9) === 0 ? '.\n' : ' ')
  }
  return Buffer.from(text.slice(0, length))
}

/** Records of a few bytes each over `keys` sequences of unequal weight, with ends and faults. */
export function byteStream(seed: number, count: number, keys: number): Entry[] {
  const random = new Random(seed)
  const texts = Array.from({ length: keys }, (_, k) => textOf(k + 1, 4000))
  const at = new Array<number>(keys).fill(0)
  return Array.from({ length: count }, () => {
    if (random.uint32() % 17 === 0) return null
    const key = Math.min(random.uint32() % keys, random.uint32() % keys)
    const length = random.uint32() % 6
    const from = at[key] as number
    at[key] = from + length
    const bytes = (texts[key] as Buffer).subarray(from, from + length)
    return bytesEntry(`key ${key}`, bytes, random.uint32() % 11 === 0)
  })
}
