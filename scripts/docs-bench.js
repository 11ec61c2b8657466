// Writes docs/benchmarks.md from runs on this machine, one after another.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { thisMachine } from '../src/bench/machine.ts'
import { benchmarksPage, refreshedPage } from '../src/cli/bench-page.ts'
import { integerOption, parseOptions, usageError } from '../src/cli/options.ts'
import { packageVersion } from '../src/cli/version.ts'
import { systemClock } from '../src/clock.ts'
import { formatTime } from '../src/record/time.ts'
import { runProgram } from '../test/bench/peers/program.ts'

const help = `Measures this machine and writes the figures as a page; takes some minutes.

Usage: npm run bench:docs -- [--without service,metrics,tfjs,pytorch] [--records N] [--out FILE]
         [--torch REQUIREMENT] [--python FILE]
       npm run bench:docs -- --only PARTS [--out FILE]

  --without LIST        parts that are left out; the service takes ten minutes, metrics eight
  --only PARTS          measures these parts of \`headrace bench --only\` alone, and leaves the
                        other sections of the page as they are
  --records N           records of the memory bench (10000000)
  --out FILE            (docs/benchmarks.md)
  --torch, --python     those of bench:pytorch, whose --help tells more
`

const parts = ['service', 'metrics', 'tfjs', 'pytorch']
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
const root = fileURLToPath(new URL('..', import.meta.url))

/** The rows that a script of package.json prints; what it says on stderr is shown. */
function rowsOf(script, args) {
  const command = ['run', '--silent', script, '--', '--json', ...args]
  const { status, stdout } = spawnSync(npm, command, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 64 * 1024 * 1024,
  })
  if (status !== 0) throw new Error(`${script} failed; no page was written.`)
  return JSON.parse(stdout.toString())
}

function withoutOption(text) {
  const named = text === undefined ? [] : text.split(',').map((part) => part.trim())
  const unknown = named.find((name) => !parts.includes(name))
  if (unknown === undefined) return named
  throw usageError(`--without takes ${parts.join(', ')}, not '${unknown}'.`)
}

/** An absolute path. It is looked at before the runs, which take minutes. */
function outOption(text) {
  const out = resolve(root, text)
  if (existsSync(dirname(out))) return out
  throw usageError(`--out: there is no folder '${dirname(out)}'.`)
}

async function main(args) {
  const { values } = parseOptions(args, {
    without: { type: 'string' },
    only: { type: 'string' },
    records: { type: 'string' },
    torch: { type: 'string' },
    python: { type: 'string' },
    out: { type: 'string' },
    help: { type: 'boolean' },
  })
  if (values.help === true) {
    process.stdout.write(help)
    return 0
  }
  const without = withoutOption(values.without)
  const out = outOption(values.out ?? 'docs/benchmarks.md')
  const given = (name) => (values[name] === undefined ? [] : [`--${name}`, values[name]])
  if (values.records !== undefined) integerOption('--records', values.records, 1)

  const date = formatTime(systemClock.nowMs()).slice(0, 10)
  const origin = { machine: thisMachine(process.version), version: packageVersion(), date }
  if (values.only !== undefined) {
    const page = readFileSync(out, 'utf8')
    writeFileSync(out, refreshedPage(page, rowsOf('bench', ['--only', values.only]), origin))
    return 0
  }
  const rows = rowsOf('bench', ['--only', 'update,product,reference,replay,latency'])
  rows.push(...rowsOf('bench', ['--only', 'memory', ...given('records')]))
  if (!without.includes('service')) rows.push(...rowsOf('bench', ['--only', 'service']))
  if (!without.includes('metrics')) rows.push(...rowsOf('bench', ['--only', 'metrics']))
  if (!without.includes('tfjs')) rows.push(...rowsOf('bench:tfjs', []))
  if (!without.includes('pytorch')) {
    rows.push(...rowsOf('bench:pytorch', [...given('torch'), ...given('python')]))
  }
  writeFileSync(out, benchmarksPage(rows, origin))
  return 0
}

process.exitCode = await runProgram('bench:docs', main, process.argv.slice(2))
