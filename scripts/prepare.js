// Runs after `npm ci` and whenever npx links the checkout: quick, idempotent, silent on stdout.
// It makes sure that the dev dependency `node` has really put its binary in place, because every
// npm script relies on it where the machine's own Node is older than 22.18. Then it compiles the
// kernel.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { compileKernel } from './kernel.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = fileURLToPath(new URL('../node_modules/node', import.meta.url))

function works() {
  try {
    return /^v\d+\.\d+/.test(String(execFileSync(`${folder}/bin/node`, ['--version'])))
  } catch {
    return false
  }
}

if (existsSync(folder) && !works()) {
  try {
    execFileSync('npm', ['rebuild', 'node', '--ignore-scripts=false'], {
      cwd: root,
      stdio: ['ignore', 2, 2],
    })
  } catch {
    // Judged below by what is there now.
  }
  if (!works()) {
    process.stderr.write(
      'headrace: the npm package `node` has not installed its binary, so npm scripts would run ' +
        `on ${process.version}. Allow its install script, then run \`npm ci\` again: ` +
        '`npm rebuild node --ignore-scripts=false`. Or use Node 22.18 or later.\n',
    )
    const [major, minor] = process.versions.node.split('.').map(Number)
    if (major < 22 || (major === 22 && minor < 18)) process.exitCode = 78
  }
}

// Without the dev dependencies there is nothing to compile with, and the package brings the result.
if (existsSync(fileURLToPath(new URL('../node_modules/assemblyscript', import.meta.url)))) {
  compileKernel()
}
