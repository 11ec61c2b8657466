import { openUpdate, type Update } from '../../../src/bench/open-update.ts'
import {
  type BenchRun,
  measureInRounds,
  microsecondsEach,
  systemBenchClock,
} from '../../../src/bench/rounds.ts'
import type { PeerRow, UpdateCase } from '../../../src/bench/rows.ts'
import { planOf } from '../../../src/cli/bench-options.ts'
import { parseOptions, usageError } from '../../../src/cli/options.ts'
import { openKernel } from '../../../src/kernels/index.ts'
import { type PeerRound, peerRow, printPeers } from './peer-row.ts'
import { runProgram } from './program.ts'
import { openTfjsUpdate, type Tf, type TfjsUpdate } from './tfjs-network.ts'

const help = `One update of headrace against TensorFlow.js in turn, in one process: forward over a
window of 16 steps, backward over it, Adam; headrace clips the gradient as well.

Usage: npm run bench:tfjs -- [--kernel NAME] [--backends cpu,wasm] [--rounds N] [--json]

The npm script installs TensorFlow.js into test/bench/peers/ before it runs this.
`

const cases: readonly UpdateCase[] = [
  { cell: 'gru', hidden: 32, rows: 1, window: 16 },
  { cell: 'lstm', hidden: 32, rows: 1, window: 16 },
]

/** Updates until the compiler has seen everything that TensorFlow.js does in one. */
const warmUpUpdates = 60
/** A measurement of one side goes on for at least this long: ten of the peer's updates. */
const leastMs = 100

const backends: readonly string[] = ['cpu', 'wasm']

/** Both sides of a case on one back end of TensorFlow.js. */
interface Pair {
  readonly backend: string
  readonly each: UpdateCase
  readonly ours: Update
  readonly theirs: TfjsUpdate
}

/** Loads TensorFlow.js and its back ends; it writes no hints of its own. */
async function loadTfjs(): Promise<Tf> {
  // Not literals: the packages are there only once the bench's own package is installed.
  const names = ['@tensorflow/tfjs', '@tensorflow/tfjs-backend-wasm']
  try {
    const [tf] = await Promise.all(names.map((name) => import(name)))
    return tf as Tf
  } catch (cause) {
    const why = 'TensorFlow.js cannot be loaded: `npm run bench:tfjs` installs it first'
    throw new Error(why, { cause })
  }
}

/**
 * Throws where the two sides do not learn the same: the losses before and after the first update
 * must agree to single precision, the second within the share that clipping changes.
 */
function checkAgreement({ backend, each, ours, theirs }: Pair): void {
  for (const tolerance of [1e-4, 1e-2]) {
    const loss = theirs.run()
    const [their = Number.NaN] = Array.from(loss.dataSync())
    loss.dispose()
    const our = ours.run()
    if (!(Math.abs(our - their) <= tolerance * Math.abs(our))) {
      throw new Error(`${each.cell} on ${backend}: the losses are ${our} and ${their}`)
    }
  }
}

function backendsOption(text: string | undefined): readonly string[] {
  const named = text?.split(',').map((part) => part.trim()) ?? backends
  const unknown = named.find((name) => !backends.includes(name))
  if (unknown === undefined) return named
  throw usageError(`--backends takes ${backends.join(', ')}, not '${unknown}'.`)
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseOptions(args, {
    kernel: { type: 'string' },
    backends: { type: 'string' },
    rounds: { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  })
  if (values.help === true) {
    process.stdout.write(help)
    return 0
  }
  const { kernel, rounds } = planOf({ kernel: values.kernel, rounds: values.rounds })
  const named = backendsOption(values.backends)
  const tf = await loadTfjs()
  tf.enableProdMode()
  const pairs: Pair[] = []
  for (const backend of named) {
    if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js has no ${backend} here`)
    for (const each of cases) {
      const ours = openUpdate(each, openKernel(kernel))
      const pair = { backend, each, ours, theirs: openTfjsUpdate(tf, each, ours) }
      checkAgreement(pair)
      for (let i = 0; i < warmUpUpdates; i++) pair.theirs.run().dispose()
      pairs.push(pair)
    }
  }
  const signal = new AbortController().signal
  const run: BenchRun = { clock: systemBenchClock, signal, rounds, leastMs }
  const found = await measureInRounds(
    pairs.map(({ backend, ours, theirs }) => async (): Promise<PeerRound> => {
      await tf.setBackend(backend)
      const step = () => theirs.run().dispose()
      return { theirs: microsecondsEach(step, run), ours: microsecondsEach(ours.run, run) }
    }),
    run,
  )
  const rows = pairs.map(({ backend, each }, i): PeerRow => {
    const peer = { peer: `tfjs ${backend}`, peerVersion: tf.version.tfjs }
    return peerRow(kernel, peer, each, found[i] ?? [])
  })
  printPeers(rows, values.json === true)
  return 0
}

process.exitCode = await runProgram('bench:tfjs', main, process.argv.slice(2))
