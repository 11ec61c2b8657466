import { createHash } from 'node:crypto'
import type { Scored } from '../../../../src/model/scored.ts'
import type { Forecast } from '../../../../src/record/types.ts'
import type {
  OutputEncoder,
  StreamOutcome,
  StreamProcessor,
} from '../../../../src/task/engine/engine.ts'
import type { InputRecord } from '../../../../src/task/ports.ts'
import { FakeSnapshots } from './fake-snapshots.ts'

/**
 * A model that is nothing but its chain hash: whoever leaves a record out, takes one twice or swaps
 * two gets other outputs from there on. Values that begin with "bad" are dead letters.
 */
export class FakeProcessor implements StreamProcessor {
  readonly atOnce: number
  readonly #salt: string
  readonly #onRecord: (records: number) => void
  #chain: string
  records = 0
  updates = 0
  readonly forecast: Forecast = {
    sequence: '',
    timeMs: null,
    forMs: new Float64Array(1),
    means: new Float64Array(1),
    bounds: new Float64Array(2),
    observed: new Float64Array(1),
    predicted: new Float64Array(1),
    surprise: new Float64Array(1),
    drifts: new Uint8Array(1),
    records: 0,
    updates: 0,
  }
  readonly scored: Scored = {
    step: 0,
    present: Uint8Array.of(1),
    observed: new Float64Array(1),
    mixture: new Float64Array(1),
    members: new Float64Array(1),
    bounds: new Float64Array(2),
    scale: new Float64Array(1),
    density: new Float64Array(9),
    persistence: new Float64Array(1),
    seasonal: new Float64Array(1),
  }

  constructor(salt = '', onRecord: (records: number) => void = () => {}, atOnce = 1) {
    this.atOnce = atOnce
    this.#salt = salt
    this.#chain = digest(`start${salt}`)
    this.#onRecord = onRecord
  }

  readonly #snapshots = new FakeSnapshots({
    records: () => this.records,
    read: () => JSON.stringify([this.#chain, this.records, this.updates]),
    write: (text) => {
      const [chain, records, updates] = JSON.parse(text) as [string, number, number]
      this.#chain = chain
      this.records = records
      this.updates = updates
    },
  })

  get model() {
    const self = this
    return {
      snapshots: this.#snapshots,
      get records() {
        return self.records
      },
      get updates() {
        return self.updates
      },
      kind: 'forecast' as const,
      memberNames: ['persistence'],
      liveSequences: 1,
      bytesShared: 100,
      health: {
        dimensions: {
          fields: { targets: ['y'], inputs: [], known: [], horizons: [1] },
          horizons: [1],
          seasons: [],
          slots: 1,
          targets: 1,
          levels: [],
        },
        windows: 1,
        sequenceBytes: 10,
        kernelBytes: 0,
        evicted: { windows: 0, sequences: 0 },
        measureNext: () => {},
        networks: () => [],
        slotWeights: () => [],
      },
      scores: { summary: () => [] },
      view: {
        mostRecent: () => null,
        search: () => ({ names: [], isCut: false }),
        past: () => null,
      },
      chainHash: () => this.#chain,
      weightsHash: () => digest(`weights${this.updates}`),
    }
  }

  processMany(
    records: readonly InputRecord[],
    from: number,
    until: number,
    visit: (index: number, outcome: StreamOutcome) => void,
  ): void {
    for (let i = from; i < until; i++) {
      const { key, value } = records[i] as InputRecord
      visit(i, this.process(key, value))
    }
  }

  process(key: Uint8Array | null, value: Uint8Array | null): StreamOutcome {
    this.#onRecord(this.records)
    const text = value === null ? 'null' : Buffer.from(value).toString()
    this.#chain = digest(`${this.#chain}|${key}|${text}|${this.#salt}`)
    this.records++
    if (this.records % 8 === 0) this.updates++
    const { forecast, scored } = this
    forecast.sequence = this.#chain
    forecast.records = this.records
    scored.observed[0] = this.records
    const isBad = text.startsWith('bad')
    const failure = isBad ? { code: 'HEADRACE_RECORD_BAD' as const, message: 'it is bad' } : null
    return { failure, forecast, scored }
  }
}

export const fakeEncoder: OutputEncoder = {
  prediction: (out, { offset }, { forecast }) =>
    out.text(`${offset} ${forecast.records} ${forecast.sequence}`),
  deadLetter: ({ key, value, offset }, { code }) => ({
    key,
    value,
    headers: { code, offset: `${offset}` },
  }),
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
