// `npm run sbom`: prints the packages that a user of headrace gets as CycloneDX, by npm itself.
//
// `npm sbom --omit dev` in the checkout would leave out what development needs too, such as zod. So
// npm looks at a copy of the manifest and the lock file in which there is no development.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = new URL('..', import.meta.url)

/** @param {string} name */
function read(name) {
  return JSON.parse(readFileSync(new URL(name, root), 'utf8'))
}

const { devDependencies: _, ...manifest } = read('package.json')
const lock = read('package-lock.json')
delete lock.packages[''].devDependencies
for (const [path, { dev }] of Object.entries(lock.packages)) {
  if (dev === true) delete lock.packages[path]
}

const temporary = mkdtempSync(join(tmpdir(), 'headrace-sbom-'))
try {
  // npm takes the name of the folder for the name of the package.
  const folder = join(temporary, manifest.name)
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock))
  const args = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only']
  const { status } = spawnSync('npm', args, { cwd: folder, stdio: ['ignore', 'inherit', 2] })
  process.exitCode = status ?? 1
} finally {
  rmSync(temporary, { recursive: true, force: true })
}
