import { assert } from '../assert.ts'
import type { SymbolRuns } from '../kernels/symbol-kernel.ts'

export interface SymbolBatchOptions {
  /** Runs for which there is room. */
  readonly runsMax: number
  /** Steps per run for which there is room, warm-up and window together. */
  readonly stepsMax: number
}

/**
 * The runs of one update of a network of symbols, refilled for each. Fill it run by run: `add`,
 * then write at `symbolsAt` the symbols that go in, and behind them the one that follows the last,
 * and set `mask` to 1 at `maskAt` of the steps whose prediction is to be learnt.
 */
export class SymbolBatch implements SymbolRuns {
  runs = 0
  readonly runsMax: number
  readonly stepsMax: number
  /** Per run the steps that are forward only: no gradient flows into them. */
  readonly warmup: Int32Array
  /** Per run all steps, warm-up included. */
  readonly steps: Int32Array
  /** (runsMax, stepsMax + 1) */
  readonly symbols: Int32Array
  /** (runsMax, stepsMax) */
  readonly mask: Uint8Array

  constructor({ runsMax, stepsMax }: SymbolBatchOptions) {
    this.runsMax = runsMax
    this.stepsMax = stepsMax
    this.warmup = new Int32Array(runsMax)
    this.steps = new Int32Array(runsMax)
    this.symbols = new Int32Array(runsMax * (stepsMax + 1))
    this.mask = new Uint8Array(runsMax * stepsMax)
  }

  clear(): void {
    this.runs = 0
  }

  /** Opens the next run, with no loss in its mask yet, and returns its index. */
  add(warmup: number, steps: number): number {
    assert(this.runs < this.runsMax, 'a batch takes no more runs than it has room for')
    assert(warmup >= 0 && warmup <= steps, 'the warm-up is a part of the run')
    assert(steps <= this.stepsMax, 'a run takes no more steps than it has room for')
    const run = this.runs++
    this.warmup[run] = warmup
    this.steps[run] = steps
    this.mask.fill(0, this.maskAt(run, 0), this.maskAt(run, steps))
    return run
  }

  /** Offset of the symbol that goes in at a run's step; step 0 is the first of the warm-up. */
  symbolsAt(run: number, step: number): number {
    return run * (this.stepsMax + 1) + step
  }

  /** Offset of the mask of a run's step. */
  maskAt(run: number, step: number): number {
    return run * this.stepsMax + step
  }
}
