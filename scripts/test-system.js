// `npm run test:system`: the tests that compare headrace with other people's programs. Those that
// are missing come from Debian, into the machine and not into the checkout; TensorFlow.js comes
// from package registries into the user's cache folder. Arguments go to vitest.
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as tensorflow from './tensorflow/install.js'

/** One entry for each Debian package: the program that it brings, and what the tests do with it. */
const packages = [
  { name: 'kcat', program: 'kcat', purpose: 'reads the outputs with librdkafka' },
  { name: 'prometheus', program: 'promtool', purpose: 'checks the metrics, alerts and rules' },
  { name: 'chromium', program: 'chromium', purpose: 'opens the live page' },
]

const root = fileURLToPath(new URL('..', import.meta.url))

/** @param {string} program */
function isThere(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

function missingPackages() {
  const builders = tensorflow.missingPackages().map((name) => {
    return { name, program: name, purpose: 'is needed to install TensorFlow.js' }
  })
  return [...packages.filter(({ program }) => !isThere(program)), ...builders]
}

/** The environment in which the kernel tensorflow finds its library. */
function environment() {
  const paths = [tensorflow.installTensorflow('cpu'), process.env.NODE_PATH]
  const NODE_PATH = paths.filter(Boolean).join(delimiter)
  return { ...process.env, NODE_PATH, TF_CPP_MIN_LOG_LEVEL: '2' }
}

/**
 * Whether a command of apt went well; what it says goes to stderr.
 * @param {string[]} args
 */
function apt(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const options = { stdio: ['ignore', 2, 2], env, timeout: 300_000 }
  return spawnSync('apt-get', ['-q', '-y', ...args], options).status === 0
}

/** @param {typeof packages} missing */
function install(missing) {
  const isRoot = process.getuid?.() === 0
  if (!isRoot || !isThere('apt-get')) return
  const names = missing.map(({ name }) => name)
  const wanted = ['install', '--no-install-recommends', ...names]
  process.stderr.write(`Installing ${names.join(', ')} with apt-get\n`)
  // The lists of packages may be there already; where they are old or absent they come first.
  if (!apt(wanted) && apt(['update'])) apt(wanted)
}

/** @param {typeof packages} missing */
function complain(missing) {
  const names = missing.map(({ name }) => name).join(' ')
  const lines = missing.map(
    ({ name, program, purpose }) => `  ${name}: \`${program}\` ${purpose}, and is not in the PATH`,
  )
  process.stderr.write(
    'The system tests need programs that this machine does not have, and that could not be ' +
      `installed:\n${lines.join('\n')}\n` +
      `On Debian and Ubuntu: sudo apt-get update && sudo apt-get install ${names}\n` +
      '`npm test` needs none of them.\n',
  )
}

if (missingPackages().length > 0) install(missingPackages())
const missing = missingPackages()
if (missing.length > 0) {
  complain(missing)
  process.exitCode = 1
} else {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const { status } = spawnSync(
    process.execPath,
    [vitest, 'run', '--project', 'system', ...process.argv.slice(2)],
    { cwd: root, stdio: 'inherit', env: environment() },
  )
  process.exitCode = status ?? 1
}
