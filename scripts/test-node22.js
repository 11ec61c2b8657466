// Runs the unit tests on Node 22, the oldest that headrace supports: the same results, to the bit,
// are expected of every Node. Node 22 comes from the package registry into node_modules/.cache.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, 'node_modules/.cache/node-22')
const bin = join(folder, 'node_modules/node/bin')

if (!existsSync(join(bin, 'node'))) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, 'package.json'),
    '{ "private": true, "allowScripts": { "node": true } }\n',
  )
  const install = ['install', '--no-audit', '--no-fund', '--ignore-scripts=false', 'node@^22.18.0']
  execFileSync('npm', install, { cwd: folder, stdio: ['ignore', 2, 2] })
}

const vitest = join(root, 'node_modules/vitest/vitest.mjs')
const { status } = spawnSync(
  join(bin, 'node'),
  // On all cores: nothing in these tests hangs on the time that it takes.
  [vitest, 'run', '--project', 'unit*', '--maxWorkers=100%', ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` },
  },
)
process.exitCode = status ?? 1
