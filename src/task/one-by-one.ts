import type { Decoder } from '../record/decoder.ts'
import type { DecodeFailure } from '../record/types.ts'
import type { StreamOutcome } from './engine/engine.ts'
import type { Delivered } from './processor.ts'

/** A model that takes in records as all do. */
interface StreamModel<S> {
  absorb(key: Uint8Array | null, value: Uint8Array | null, timeMs: number | null): void
  step(sample: S): void
  skip(): void
}

/** The way of a record through decoder and model, one record after the other. */
export abstract class OneByOne<
  S extends { readonly timeMs: number | null },
  M extends StreamModel<S>,
  O extends StreamOutcome,
> {
  readonly model: M
  protected readonly outcome: O & { failure: DecodeFailure | null }
  readonly #decoder: Decoder<S>

  constructor(model: M, decoder: Decoder<S>, outcome: O & { failure: DecodeFailure | null }) {
    this.model = model
    this.#decoder = decoder
    this.outcome = outcome
  }

  /** Takes in one record; the result is valid until the next call. */
  process(key: Uint8Array | null, value: Uint8Array | null, timestampMs: number | null): O {
    const { model, outcome } = this
    const decoder = this.#decoder
    outcome.failure = decoder.decode(key, value, timestampMs)
    const usable = outcome.failure === null
    model.absorb(key, value, usable ? decoder.sample.timeMs : null)
    if (usable) {
      model.step(decoder.sample)
      this.show()
    } else {
      model.skip()
    }
    return outcome
  }

  /** Takes in `records[from…until)` and tells of each. */
  processMany(
    records: readonly Delivered[],
    from: number,
    until: number,
    visit: (index: number, outcome: O) => void,
  ): void {
    for (let i = from; i < until; i++) {
      const { key, value, timestampMs } = records[i] as Delivered
      visit(i, this.process(key, value, timestampMs))
    }
  }

  /** Fills what a chart shows of a usable record. */
  protected abstract show(): void

  /** Copies what stands above what a chart shows. */
  protected showHead(said: ShownHead, shown: ShownHead): void {
    shown.sequence = said.sequence
    shown.timeMs = said.timeMs
    shown.records = said.records
    shown.updates = said.updates
  }
}

/** What forecasts of all kinds begin with. */
interface ShownHead {
  sequence: string
  timeMs: number | null
  records: number
  updates: number
}
