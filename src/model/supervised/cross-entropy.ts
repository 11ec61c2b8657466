import type { WindowBatch } from '../../rnn/index.ts'
import type { NetworkMember } from '../networks.ts'
import { RUNS_MAX } from './networks.ts'
import { softmax } from './probabilities.ts'

/** Where no error is large: the kernels' loss is a square everywhere. */
export const SQUARE_EVERYWHERE = 1e9

/**
 * Makes networks whose loss is half a squared error learn the cross-entropy of a softmax over their
 * outputs, exactly: the gradient of ½ (o − t)² with t = o − (softmax(o) − y) at the present outputs
 * o is that of −ln softmax(o) at y. The present outputs come from a run of its own, forward only.
 */
export class CrossEntropy {
  private readonly targets: number
  private readonly classes: number
  /** Class of each target at each place of a batch, (R, steps, D). */
  private readonly labels: Int32Array
  private readonly state: Float32Array
  private readonly outputs: Float64Array
  private readonly count: (target: number) => number

  /** `count`: classes of a target known by now. */
  constructor(
    targets: number,
    classes: number,
    sizes: { stepsMax: number; state: number },
    count: (target: number) => number,
  ) {
    this.targets = targets
    this.classes = classes
    this.count = count
    this.labels = new Int32Array(RUNS_MAX * sizes.stepsMax * targets)
    this.state = new Float32Array(sizes.state)
    this.outputs = new Float64Array(targets * classes)
  }

  /** Sets the class of target d at `place` among the batch's targets. */
  aim(batch: WindowBatch, place: number, d: number, label: number): void {
    const { classes } = this
    const at = place + d * classes
    for (let c = 0; c < this.count(d); c++) batch.mask[at + c] = 1
    // A step has D × C targets, so this many before it are D for each.
    this.labels[place / classes + d] = label
  }

  /** Makes the batch's targets what this network is to learn, from the states (R, S) given. */
  prepare({ network, stateSize }: NetworkMember, batch: WindowBatch, states: Float32Array): void {
    const { state, outputs } = this
    for (let run = 0; run < batch.runs; run++) {
      for (let i = 0; i < stateSize; i++) state[i] = states[run * stateSize + i]!
      for (let step = 0; step < batch.steps[run]!; step++) {
        network.forward(1, batch.inputs, batch.inputsAt(run, step), state, 0, outputs, 0)
        if (step < batch.warmup[run]!) continue
        this.fill(batch, batch.targetsAt(run, step))
      }
    }
  }

  private fill(batch: WindowBatch, place: number): void {
    const { classes, outputs } = this
    for (let d = 0; d < this.targets; d++) {
      const at = place + d * classes
      if (batch.mask[at] === 0) continue
      const count = this.count(d)
      const label = this.labels[place / classes + d]!
      for (let c = 0; c < count; c++) batch.targets[at + c] = outputs[d * classes + c]!
      softmax(outputs, d * classes, count)
      for (let c = 0; c < count; c++) {
        batch.targets[at + c]! -= outputs[d * classes + c]! - (c === label ? 1 : 0)
      }
    }
  }
}
