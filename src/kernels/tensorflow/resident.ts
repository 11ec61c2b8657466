import type { Runs } from '../kernel.ts'
import { stateSize } from '../network-spec.ts'
import type {
  ResidentOutputs,
  ResidentRows,
  ResidentSequences,
  ResidentShape,
  RunPlaces,
  SlotContent,
} from '../resident.ts'
import type { Tensor, Tf } from './api.ts'
import { paddedRows, type TensorflowNetwork } from './network.ts'
import {
  begunRows,
  lossesOf,
  plannedStep,
  planRuns,
  type RunPlan,
  type TensorRuns,
} from './runs.ts'
import { DeviceTable } from './table.ts'

/** Slots that are read or written together at most: what goes over is no larger than needed. */
const SLOTS_MAX = 1024

/**
 * Sequences on the device: inputs go there once, when their step is taken, and are there when it is
 * learnt; states never leave but for a look. A step is one transfer there, of inputs and places,
 * and one back, of everything that it says.
 */
export class TensorflowResident implements ResidentSequences {
  readonly bytesPerSlot: number
  private readonly tf: Tf
  private readonly shape: ResidentShape
  private readonly networks: readonly TensorflowNetwork[]
  private readonly stateSize: number
  /** (slots C, I), (slots, N S), (slots Q, N S) */
  private readonly inputs: DeviceTable
  private readonly states: DeviceTable
  private readonly kept: DeviceTable

  constructor(tf: Tf, shape: ResidentShape, networks: readonly TensorflowNetwork[]) {
    const { spec, inputSteps, keptStates } = shape
    this.tf = tf
    this.shape = shape
    this.networks = networks
    this.stateSize = stateSize(spec)
    const all = networks.length * this.stateSize
    this.bytesPerSlot = 4 * (inputSteps * spec.inputs + (1 + keptStates) * all)
    const { slotsUsual: slots } = shape
    this.inputs = new DeviceTable(tf, spec.inputs, slots * inputSteps)
    this.states = new DeviceTable(tf, all, slots)
    this.kept = new DeviceTable(tf, all, slots * keptStates)
  }

  step(rows: number, live: ResidentRows, out: ResidentOutputs): void {
    const { tf } = this
    const padded = paddedRows(rows)
    const all = tf.tidy(() => {
      const { x, slots, kept } = this.place(rows, padded, live)
      const before = this.states.gather(slots)
      if (kept !== null) this.kept.scatter(kept, before)
      const { said, after } = this.advance(x, before)
      this.states.scatter(slots, after)
      return tf.concat(
        said.map((part) => tf.reshape(part, [-1])),
        0,
      )
    })
    this.takeOutputs(all.dataSync(), rows, padded, out)
    all.dispose()
  }

  accumulate(runs: Runs, places: RunPlaces): void {
    const { tf, shape, networks, stateSize: size } = this
    const plan = planRuns(runs)
    const { outputs } = shape.spec
    tf.tidy(() => {
      const { targets, mask, losses } = lossesOf(tf, runs, plan, outputs)
      if (losses === 0) return
      const tensors: TensorRuns = {
        ...plan,
        inputs: this.inputs.gather(this.inputPlaces(runs, plan, places)),
        begun: begunRows(tf, runs, plan),
        targets,
        mask,
      }
      const starts = this.kept.gather(this.startPlaces(runs, plan, places))
      const own = tf.split(starts, new Array(networks.length).fill(size), 1)
      networks.forEach((network, j) => {
        network.accumulateTensors(tensors, own[j] as Tensor, losses)
      })
    })
  }

  read(slots: Int32Array, count: number): { states: Float32Array; kept: Float32Array } {
    const { keptStates } = this.shape
    const width = this.states.width
    const states = new Float32Array(count * width)
    const kept = new Float32Array(count * keptStates * width)
    for (let from = 0; from < count; from += SLOTS_MAX) {
      const some = slots.subarray(from, Math.min(count, from + SLOTS_MAX))
      states.set(this.fetch(this.states, some, 1), from * width)
      kept.set(this.fetch(this.kept, some, keptStates), from * keptStates * width)
    }
    return { states, kept }
  }

  write(slots: Int32Array, count: number, { states, kept, inputs }: SlotContent): void {
    const { keptStates, inputSteps } = this.shape
    this.growFor(slots, count)
    for (let from = 0; from < count; from += SLOTS_MAX) {
      const some = slots.subarray(from, Math.min(count, from + SLOTS_MAX))
      this.put(this.states, some, 1, states, from)
      this.put(this.kept, some, keptStates, kept, from)
      if (inputs !== null) this.put(this.inputs, some, inputSteps, inputs, from)
    }
  }

  dispose(): void {
    for (const table of [this.inputs, this.states, this.kept]) table.dispose()
  }

  /** Room in the tables for the largest of the first `count` slots. */
  private growFor(slots: Int32Array, count: number): void {
    let largest = 0
    for (let i = 0; i < count; i++) largest = Math.max(largest, slots[i]!)
    this.inputs.grow((largest + 1) * this.shape.inputSteps)
    this.states.grow(largest + 1)
    this.kept.grow((largest + 1) * this.shape.keptStates)
  }

  /**
   * The rows of a step on the device, which keeps their inputs; `kept` is null where no row keeps
   * its state. Rows that fill up write where nobody reads.
   */
  private place(rows: number, padded: number, live: ResidentRows) {
    const { tf, inputs, states, kept } = this
    const { spec, inputSteps, keptStates } = this.shape
    const x = new Float32Array(padded * spec.inputs)
    x.set(live.inputs.subarray(0, rows * spec.inputs))
    const places = new Int32Array(3 * padded)
    places.fill(states.scrap, 0, padded)
    places.fill(inputs.scrap, padded, 2 * padded)
    places.fill(kept.scrap, 2 * padded)
    let keeps = false
    for (let row = 0; row < rows; row++) {
      const slot = live.slots[row]!
      places[row] = slot
      places[padded + row] = slot * inputSteps + live.inputPlaces[row]!
      if (live.keptPlaces[row]! < 0) continue
      places[2 * padded + row] = slot * keptStates + live.keptPlaces[row]!
      keeps = true
    }
    const rowsOf = tf.split(tf.tensor(places, [3 * padded], 'int32'), 3, 0)
    const [slots, ofInputs, ofKept] = rowsOf as [Tensor, Tensor, Tensor]
    const onDevice = tf.tensor(x, [padded, spec.inputs])
    inputs.scatter(ofInputs, onDevice)
    return { x: onDevice, slots, kept: keeps ? ofKept : null }
  }

  /** Every network's step: what goes back, in the order of `takeOutputs`, and the new states. */
  private advance(x: Tensor, before: Tensor): { said: Tensor[]; after: Tensor } {
    const { tf, networks, stateSize: size } = this
    const { spec, read, twin } = this.shape
    const features = spec.layers * spec.hidden
    const own = tf.split(before, new Array(networks.length).fill(size), 1)
    const steps = networks.map(({ onDevice }, j) => onDevice.step(x, own[j] as Tensor))
    const said = steps.map(({ outputs }) => outputs)
    const rows = x.shape[0] as number
    const forgets = networks[twin]?.onDevice
    if (forgets !== undefined) said.push(forgets.step(x, tf.zeros([rows, size])).outputs)
    steps.forEach(({ states }, j) => {
      if (read[j]) said.push(tf.slice(states, [0, 0], [rows, features]))
    })
    const after = steps.map(({ states }) => states)
    return { said, after: tf.concat(after, 1) }
  }

  private takeOutputs(
    values: Float32Array,
    rows: number,
    padded: number,
    { outputs, fresh, hidden }: ResidentOutputs,
  ): void {
    const { spec, read, twin } = this.shape
    let at = 0
    const take = (to: Float64Array | Float32Array, width: number) => {
      for (let i = 0; i < rows * width; i++) to[i] = values[at + i]!
      at += padded * width
    }
    for (const to of outputs) take(to, spec.outputs)
    if (twin >= 0) take(fresh, spec.outputs)
    hidden.forEach((to, j) => {
      if (read[j]) take(to, spec.layers * spec.hidden)
    })
  }

  /** Where the inputs of runs lie, ((W + T) R); rows that fill up stand on those of the first. */
  private inputPlaces(runs: Runs, plan: RunPlan, places: RunPlaces): Tensor {
    const { inputSteps } = this.shape
    const steps = plan.warmup + plan.window
    const all = new Int32Array(steps * plan.rows)
    for (let s = 0; s < steps; s++) {
      for (let row = 0; row < plan.rows; row++) {
        const run = row < runs.runs ? row : 0
        const ring = places.inputPlaces[run]! + plannedStep(runs, plan, run, s)
        all[s * plan.rows + row] = places.slots[run]! * inputSteps + (ring % inputSteps)
      }
    }
    return this.tf.tensor(all, [all.length], 'int32')
  }

  private startPlaces(runs: Runs, plan: RunPlan, places: RunPlaces): Tensor {
    const { keptStates } = this.shape
    const all = Int32Array.from({ length: plan.rows }, (_, row) => {
      const run = row < runs.runs ? row : 0
      return places.slots[run]! * keptStates + places.keptPlaces[run]!
    })
    return this.tf.tensor(all, [all.length], 'int32')
  }

  /** The `each` rows of every slot, to the host. */
  private fetch(table: DeviceTable, slots: Int32Array, each: number): Float32Array {
    const { tf } = this
    const rows = tf.tidy(() => table.gather(this.rowsOf(slots, each)))
    const values = rows.dataSync()
    rows.dispose()
    return values
  }

  /** Writes the `each` rows of every slot from those of slot `from` on; null: zeros. */
  private put(
    table: DeviceTable,
    slots: Int32Array,
    each: number,
    values: Float32Array | null,
    from: number,
  ): void {
    const { tf } = this
    const size = slots.length * each
    const first = from * each * table.width
    tf.tidy(() => {
      const shape = [size, table.width]
      const rows =
        values === null
          ? tf.zeros(shape)
          : tf.tensor(values.slice(first, first + size * table.width), shape)
      table.scatter(this.rowsOf(slots, each), rows)
    })
  }

  private rowsOf(slots: Int32Array, each: number): Tensor {
    const rows = new Int32Array(slots.length * each)
    for (let i = 0; i < rows.length; i++) {
      rows[i] = slots[Math.floor(i / each)]! * each + (i % each)
    }
    return this.tf.tensor(rows, [rows.length], 'int32')
  }
}
