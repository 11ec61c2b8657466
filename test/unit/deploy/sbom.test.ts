import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { readText, root } from './repository.ts'

const run = promisify(execFile)

interface Bom {
  readonly bomFormat: string
  readonly specVersion: string
  readonly serialNumber: string
  readonly metadata: { readonly component: { readonly name: string; readonly version: string } }
  readonly components: readonly {
    readonly name: string
    readonly version: string
    readonly purl: string
    readonly licenses?: readonly unknown[]
  }[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: string[] }[]
}

interface Lock {
  readonly packages: Readonly<
    Record<string, { version: string; dev?: boolean; dependencies?: Record<string, string> }>
  >
}

test('`npm run sbom` prints exactly the packages that a user gets, as CycloneDX', async () => {
  const { stdout } = await run('npm', ['run', '--silent', 'sbom'], { cwd: root })
  const bom = JSON.parse(stdout) as Bom
  expect(bom.bomFormat).toBe('CycloneDX')
  expect(bom.specVersion).toMatch(/^1\.\d$/)
  expect(bom.serialNumber).toMatch(/^urn:uuid:[0-9a-f-]{36}$/)
  const { packages } = JSON.parse(readText('package-lock.json')) as Lock
  expect(bom.metadata.component).toMatchObject({ name: 'headrace', version: packages['']?.version })

  const locked = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true)
  const expected = locked.map(([path, { version }]) => {
    return `${path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)}@${version}`
  })
  const found = bom.components.map(({ name, version }) => `${name}@${version}`)
  expect(found.toSorted()).toEqual(expected.toSorted())
  const direct = Object.keys(packages['']?.dependencies ?? {})
  expect(direct.length).toBeGreaterThan(0)
  for (const name of direct) expect(found.join(' ')).toContain(`${name}@`)
  for (const { purl, licenses } of bom.components) {
    expect(purl).toMatch(/^pkg:npm\/\S+@\d/)
    expect(licenses, purl).not.toEqual([])
  }
})
