import type { Kernel, Runs } from '../kernels/kernel.ts'
import type { ResidentOutputs, ResidentSequences } from '../kernels/resident.ts'
import type { Dimensions } from './dimensions.ts'
import type { LiveStep } from './live-step.ts'
import type { NetworkMember } from './networks.ts'
import { ringIndex } from './ring.ts'
import { NO_WINDOW, type Sequence, type SequenceTable } from './sequence.ts'
import { keptStatesOf, type Windows } from './window.ts'

/** Sequences that go from or to the device together: what goes over takes some megabytes. */
const CHUNK = 256

interface ResidentParts {
  readonly table: SequenceTable
  readonly windows: Windows
  readonly networks: readonly NetworkMember[]
  /** (rowsMax, I): input vectors of the steps on their way. */
  readonly inputs: Float32Array
  readonly rowsMax: number
  /** The network whose twin forgets, and what that one says; null: there is no twin. */
  readonly twin: NetworkMember | null
  readonly twinOutputs: Float64Array
  /** Windows that there may be. */
  readonly slots: number
}

/**
 * The sequences of a model on the device of its kernel: those with a window have their inputs and
 * states there, in the slot of the window. Host memory follows where it is asked for: states and
 * kept states of a sequence in host memory are of its newest `pull`. The inputs are in both places.
 *
 * A pull may come at any time, in the middle of a snapshot too: it changes only what a step has
 * changed before, which was encoded then.
 */
export class Resident {
  private readonly d: Dimensions
  private readonly parts: ResidentParts
  private readonly device: ResidentSequences
  private readonly out: ResidentOutputs
  private readonly rows: { inputs: Float32Array } & Record<
    'slots' | 'inputPlaces' | 'keptPlaces',
    Int32Array
  >
  private readonly runs: Record<'slots' | 'inputPlaces' | 'keptPlaces', Int32Array>
  /** Of each slot whether the device is ahead of host memory. */
  private ahead = new Uint8Array(CHUNK)
  /** Those whose windows were opened and not yet told to the device. */
  private readonly opened: Sequence[] = []
  private readonly slots = new Int32Array(CHUNK)

  private constructor(d: Dimensions, parts: ResidentParts, device: ResidentSequences) {
    const { networks, rowsMax, inputs, twinOutputs } = parts
    const runsMax = networks[0]?.network.options.runsMax ?? 1
    const places = (count: number) => ({
      slots: new Int32Array(count),
      inputPlaces: new Int32Array(count),
      keptPlaces: new Int32Array(count),
    })
    this.d = d
    this.parts = parts
    this.device = device
    this.rows = { inputs, ...places(rowsMax) }
    this.runs = places(runsMax)
    this.out = {
      outputs: networks.map(({ outputs }) => outputs),
      fresh: twinOutputs,
      hidden: networks.map(({ readouts, hiddenSize }) => {
        return new Float32Array(readouts.length > 0 ? rowsMax * hiddenSize : 0)
      }),
    }
  }

  /** null where the kernel's memory is host memory, or there is no network. */
  static open(kernel: Kernel, d: Dimensions, parts: ResidentParts): Resident | null {
    const { networks, twin, slots, rowsMax } = parts
    const [first] = networks
    if (first === undefined) return null
    const device = kernel.openResident({
      spec: first.network.spec,
      networks: networks.map(({ network }) => network.kernel),
      read: networks.map(({ readouts }) => readouts.length > 0),
      twin: twin === null ? -1 : networks.indexOf(twin),
      inputSteps: d.windowCapacity,
      keptStates: keptStatesOf(d),
      slotsUsual: slots + rowsMax,
    })
    return device === null ? null : new Resident(d, parts, device)
  }

  /** Device memory of one sequence with a window. */
  get bytesPerSequence(): number {
    return this.device.bytesPerSlot
  }

  /** A sequence has got a window; its states are in host memory. */
  begin(sequence: Sequence): void {
    this.opened.push(sequence)
    const { window } = sequence
    if (window >= this.ahead.length) {
      const longer = new Uint8Array(2 * window)
      longer.set(this.ahead)
      this.ahead = longer
    }
    this.ahead[window] = 0
  }

  /** Every network's next step of the first `count` steps on their way. */
  forward(count: number, steps: readonly LiveStep[]): void {
    const { rows, out, d, device, parts } = this
    const { updateEvery, windowCapacity } = d
    const kept = keptStatesOf(d)
    this.upload(this.opened, false)
    this.opened.length = 0
    for (let row = 0; row < count; row++) {
      const { step } = steps[row]!
      const sequence = steps[row]!.sequence as Sequence
      rows.slots[row] = sequence.window
      rows.inputPlaces[row] = ringIndex(step, windowCapacity)
      const isKept = ringIndex(step, updateEvery) === 0
      rows.keptPlaces[row] = isKept ? ringIndex(step / updateEvery, kept) : -1
      this.ahead[sequence.window] = 1
    }
    device.step(count, rows, out)
    // Least squares of the record in hand read these at once.
    parts.networks.forEach(({ hiddenSize, statesAt: own, readouts }, j) => {
      if (readouts.length === 0) return
      const from = out.hidden[j]!
      for (let row = 0; row < count; row++) {
        const { home, statesAt } = steps[row]!.sequence as Sequence
        const to = statesAt + own
        for (let i = 0; i < hiddenSize; i++) home.float32[to + i] = from[row * hiddenSize + i]!
      }
    })
  }

  /** Says where run `run` of the next `accumulate` lies, which starts at own step `start`. */
  placeRun(run: number, { window }: Sequence, start: number): void {
    const { runs, d } = this
    runs.slots[run] = window
    runs.inputPlaces[run] = ringIndex(start, d.windowCapacity)
    runs.keptPlaces[run] = ringIndex(start / d.updateEvery, keptStatesOf(d))
  }

  /** Adds the gradient of runs that were placed to the update of every network. */
  accumulate(runs: Runs): void {
    this.device.accumulate(runs, this.runs)
  }

  /** Brings host memory of all sequences up to date. */
  sync(): void {
    this.pull(this.windowed())
  }

  /** Brings host memory of these sequences up to date. */
  pull(sequences: readonly Sequence[]): void {
    const wanted = sequences.filter(
      ({ window }) => window !== NO_WINDOW && this.ahead[window] === 1,
    )
    for (let from = 0; from < wanted.length; from += CHUNK) {
      const some = wanted.slice(from, from + CHUNK)
      some.forEach(({ window }, i) => {
        this.slots[i] = window
        this.ahead[window] = 0
      })
      this.take(some, this.device.read(this.slots, some.length))
    }
  }

  /** A restore has filled host memory: the device gets all of it. */
  restored(): void {
    const all = this.windowed()
    for (const sequence of all) this.begin(sequence)
    this.opened.length = 0
    this.upload(all, true)
  }

  private windowed(): Sequence[] {
    const { windowed } = this.parts.table
    const all: Sequence[] = []
    for (let s = windowed.first; s !== null; s = windowed.after(s)) all.push(s)
    return all
  }

  private take(
    some: readonly Sequence[],
    { states, kept }: { states: Float32Array; kept: Float32Array },
  ) {
    const { table, windows } = this.parts
    const { stateSize } = table
    const each = keptStatesOf(this.d) * stateSize
    some.forEach((sequence, i) => {
      const { home, statesAt } = sequence
      home.float32.set(states.subarray(i * stateSize, (i + 1) * stateSize), statesAt)
      const { float32 } = windows.memoryOf(sequence)
      float32.set(kept.subarray(i * each, (i + 1) * each), windows.keptAt(sequence))
    })
  }

  /** States from host memory; kept states and inputs too where the window is not new. */
  private upload(sequences: readonly Sequence[], isRestored: boolean): void {
    const { table, windows, networks } = this.parts
    const { stateSize } = table
    const { windowCapacity } = this.d
    const width = networks[0]!.network.spec.inputs
    const each = keptStatesOf(this.d) * stateSize
    for (let from = 0; from < sequences.length; from += CHUNK) {
      const some = sequences.slice(from, from + CHUNK)
      const states = new Float32Array(some.length * stateSize)
      const kept = isRestored ? new Float32Array(some.length * each) : null
      const inputs = isRestored ? new Float32Array(some.length * windowCapacity * width) : null
      some.forEach((sequence, i) => {
        const { home, statesAt, window } = sequence
        this.slots[i] = window
        states.set(home.float32.subarray(statesAt, statesAt + stateSize), i * stateSize)
        const at = windows.keptAt(sequence)
        kept?.set(windows.memoryOf(sequence).float32.subarray(at, at + each), i * each)
        if (inputs === null) return
        for (let place = 0; place < windowCapacity; place++) {
          windows.readInputs(sequence, place, inputs, (i * windowCapacity + place) * width)
        }
      })
      this.device.write(this.slots, some.length, { states, kept, inputs })
    }
  }
}
