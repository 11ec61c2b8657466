// Writes docs/benchmarks.md from runs on this machine, one after another, some minutes together.
// --without tfjs,pytorch leaves those out; --torch and --python are those of bench:pytorch; --out
// names another file.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { thisMachine } from '../src/bench/machine.ts'
import { benchmarksPage } from '../src/cli/bench-page.ts'
import { packageVersion } from '../src/cli/version.ts'
import { systemClock } from '../src/clock.ts'
import { formatTime } from '../src/record/time.ts'

const { values } = parseArgs({
  options: {
    without: { type: 'string', default: '' },
    torch: { type: 'string' },
    python: { type: 'string' },
    out: { type: 'string', default: 'docs/benchmarks.md' },
  },
})
const without = values.without.split(',')
const torch = ['torch', 'python'].flatMap((name) =>
  values[name] === undefined ? [] : [`--${name}`, values[name]],
)

const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
const root = fileURLToPath(new URL('..', import.meta.url))

/** The rows that a script of package.json prints. */
function rowsOf(script, args) {
  const command = ['run', '--silent', script, '--', '--json', ...args]
  const output = execFileSync(npm, command, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  return JSON.parse(output.toString())
}

const rows = rowsOf('bench', ['--only', 'update,product,reference,replay,latency,memory'])
if (!without.includes('tfjs')) rows.push(...rowsOf('bench:tfjs', []))
if (!without.includes('pytorch')) rows.push(...rowsOf('bench:pytorch', torch))
const date = formatTime(systemClock.nowMs()).slice(0, 10)
const origin = { machine: thisMachine(process.version), version: packageVersion(), date }
writeFileSync(new URL(values.out, new URL('..', import.meta.url)), benchmarksPage(rows, origin))
