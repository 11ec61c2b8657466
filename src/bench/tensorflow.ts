import { execFileSync } from 'node:child_process'
import { openKernel } from '../kernels/index.ts'
import type { Kernel } from '../kernels/kernel.ts'
import type { ResidentRows, RunPlaces } from '../kernels/resident.ts'
import { stateSize } from '../rnn/index.ts'
import { thisMachine } from './machine.ts'
import { openUpdate, updateInputs, updateSpec } from './open-update.ts'
import { type BenchRun, breathe, measureInRounds, microsecondsEach } from './rounds.ts'
import type { TensorflowRow, UpdateCase } from './rows.ts'
import { median } from './statistics.ts'

/** B sequences that take a step together, and that learn together, ready to run again and again. */
interface Subject {
  step(): void
  update(): void
}

/** Microseconds of one step of all rows, and of one update from all of them. */
interface Times {
  readonly step: number
  readonly update: number
}

/**
 * Each case by both kernels in turn, each as a model uses it: wasm with states in this process,
 * TensorFlow with sequences on its device. Ratios are medians over rounds.
 * @throws HeadraceError HEADRACE_KERNEL_ABSENT
 */
export async function benchTensorflow(
  cases: readonly UpdateCase[],
  run: BenchRun,
): Promise<TensorflowRow[]> {
  const where = deviceName()
  const rows: TensorflowRow[] = []
  for (const [i, each] of cases.entries()) {
    // One case at a time: the widest would not all fit beside each other.
    await breathe(run.signal)
    const kernels = [openKernel('wasm'), openKernel('tensorflow')] as const
    const [wasm, tensorflow] = kernels.map((kernel) => subjectOf(each, kernel))
    const measure = (subject: Subject | undefined): Times => ({
      step: microsecondsEach(() => subject?.step(), run),
      update: microsecondsEach(() => subject?.update(), run),
    })
    const part = (fraction: number) => run.onProgress?.((i + fraction) / cases.length)
    const measured = [() => [measure(wasm), measure(tensorflow)] as const]
    const [rounds = []] = await measureInRounds(measured, { ...run, onProgress: part })
    for (const kernel of kernels) kernel.close()
    rows.push(rowOf(each, where, rounds))
  }
  return rows
}

function rowOf(
  each: UpdateCase,
  device: string,
  rounds: readonly (readonly [Times, Times])[],
): TensorflowRow {
  // A stream that learns each step once: an update for every `window` steps.
  const perSecond = ({ step, update }: Times) =>
    (each.rows * each.window * 1e6) / (each.window * step + update)
  const of = (kernel: 0 | 1, value: (times: Times) => number) =>
    median(rounds.map((round) => value(round[kernel])))
  return {
    bench: 'tensorflow',
    kernel: 'tensorflow',
    device,
    ...each,
    inputs: updateInputs,
    stepMicroseconds: of(1, ({ step }) => step),
    wasmStepMicroseconds: of(0, ({ step }) => step),
    updateMicroseconds: of(1, ({ update }) => update),
    wasmUpdateMicroseconds: of(0, ({ update }) => update),
    recordsPerSecond: of(1, perSecond),
    wasmRecordsPerSecond: of(0, perSecond),
    times: median(rounds.map(([wasm, tensorflow]) => perSecond(tensorflow) / perSecond(wasm))),
  }
}

function subjectOf(each: UpdateCase, kernel: Kernel): Subject {
  const spec = updateSpec(each)
  // As many as go together, and all of them one after another.
  const together = Math.min(each.rows, kernel.runsMax(spec, each.window))
  const parts = Math.ceil(each.rows / together)
  const { network, batch, states } = openUpdate({ ...each, rows: together }, kernel)
  const resident = kernel.openResident({
    spec,
    networks: [network.kernel],
    read: [false],
    twin: -1,
    inputSteps: each.window,
    keptStates: 1,
    slotsUsual: each.rows,
  })
  const size = stateSize(spec)
  const slots = Int32Array.from({ length: each.rows }, (_, row) => row)
  const zeros = new Int32Array(each.rows)
  const live: ResidentRows = {
    inputs: new Float32Array(each.rows * updateInputs),
    slots,
    inputPlaces: zeros,
    keptPlaces: new Int32Array(each.rows).fill(-1),
  }
  const outputs = new Float64Array(each.rows)
  if (resident === null) {
    const all = new Float32Array(each.rows * size)
    const rows = Math.min(each.rows, kernel.rowsMax)
    return {
      step: () => {
        for (let at = 0; at < each.rows; at += rows) {
          const count = Math.min(rows, each.rows - at)
          network.forward(count, live.inputs, at * updateInputs, all, at * size, outputs, at)
        }
      },
      update: () => {
        for (let part = 0; part < parts; part++) network.accumulate(batch, states)
        network.finishUpdate()
      },
    }
  }
  const content = { states: new Float32Array(each.rows * size), kept: null, inputs: null }
  resident.write(slots, each.rows, content)
  const places: RunPlaces = { slots, inputPlaces: zeros, keptPlaces: zeros }
  return {
    step: () => resident.step(each.rows, live, { outputs: [outputs], fresh: outputs, hidden: [] }),
    update: () => {
      for (let part = 0; part < parts; part++) resident.accumulate(batch, places)
      network.finishUpdate()
    },
  }
}

/** The kind of device that TensorFlow computes on, and its name. */
function deviceName(): string {
  const kernel = openKernel('tensorflow')
  const { device } = kernel
  kernel.close()
  return device === 'gpu' ? `gpu: ${gpuName()}` : `cpu: ${thisMachine('').processor}`
}

/** As the driver tells it, where its program is there. */
function gpuName(): string {
  try {
    const args = ['--query-gpu=name', '--format=csv,noheader']
    const said = execFileSync('nvidia-smi', args, { encoding: 'utf8', timeout: 10_000 })
    return said.split('\n')[0]?.trim() || 'unknown'
  } catch {
    return 'unknown'
  }
}
