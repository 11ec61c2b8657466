import { assert } from '../assert.ts'
import type { Runs } from '../kernels/kernel.ts'

export interface WindowBatchOptions {
  /** Runs for which there is room. */
  readonly runsMax: number
  /** Steps per run for which there is room, warm-up and window together. */
  readonly stepsMax: number
  readonly inputs: number
  readonly outputs: number
}

/**
 * The runs of one update, refilled for each. Every network with the same inputs and targets learns
 * from the same batch; only the states at the runs' starts are its own.
 *
 * Fill it run by run: `add`, then write `inputs` of all its steps and, where `mask` is set to 1,
 * `targets`, at the offsets that `inputsAt` and `targetsAt` give.
 */
export class WindowBatch implements Runs {
  runs = 0
  readonly runsMax: number
  readonly stepsMax: number
  /** Per run the steps that are forward only: no gradient flows into them. */
  readonly warmup: Int32Array
  /** Per run all steps, warm-up included. */
  readonly steps: Int32Array
  /** (runsMax, stepsMax, I) */
  readonly inputs: Float32Array
  /** (runsMax, stepsMax, O) */
  readonly targets: Float32Array
  /** (runsMax, stepsMax, O): 1 = this loss is learnt. */
  readonly mask: Uint8Array
  private readonly inputWidth: number
  private readonly outputWidth: number

  constructor({ runsMax, stepsMax, inputs, outputs }: WindowBatchOptions) {
    this.runsMax = runsMax
    this.stepsMax = stepsMax
    this.inputWidth = inputs
    this.outputWidth = outputs
    this.warmup = new Int32Array(runsMax)
    this.steps = new Int32Array(runsMax)
    this.inputs = new Float32Array(runsMax * stepsMax * inputs)
    this.targets = new Float32Array(runsMax * stepsMax * outputs)
    this.mask = new Uint8Array(runsMax * stepsMax * outputs)
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
    this.mask.fill(0, this.targetsAt(run, 0), this.targetsAt(run, steps))
    return run
  }

  /** Offset of the input (I) of a run's step; step 0 is the first of the warm-up. */
  inputsAt(run: number, step: number): number {
    return (run * this.stepsMax + step) * this.inputWidth
  }

  /** Offset of the targets, and of the mask, (O) of a run's step. */
  targetsAt(run: number, step: number): number {
    return (run * this.stepsMax + step) * this.outputWidth
  }
}
